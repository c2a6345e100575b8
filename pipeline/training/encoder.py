"""``retouchml train encoder``: a first guess of the code from what the raters see of a face."""

import argparse
import sys

import numpy as np
import torch

import stylegan2
from pipeline.encoder import encoder_features
from pipeline.latent_network import OCTAVES, save_learned
from pipeline.training.card import write_card
from pipeline.training.fitting import octaves_of, ridge, split
from pipeline.training.gathering import add_sampling_arguments, gather, warn_of_faceless
from pipeline.training.options import check_output, output_file

_COMPONENTS = 256  # of the whitened code, those that vary most
_PENALTY = 0.05
_SHAPING = OCTAVES - 3  # octaves that shape a face, up to 128 px


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train encoder``."""
    add_sampling_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    check_output(arguments.output)
    generator = stylegan2.load(arguments.model)
    output = output_file(arguments.output, "encoder", generator.latents.name)
    warn_of_faceless(generator)
    samples = gather(arguments.model, arguments.samples, arguments.jobs)
    codes = octaves_of(samples, generator.latents)[:, :_SHAPING].mean(1)[:, -_COMPONENTS:]
    features = encoder_features(
        samples.chips.astype(np.float32) / 255.0, samples.descriptors, samples.landmarks
    )
    fitted, held = split(len(samples))
    middle, center = features[fitted].mean(0), codes[fitted].mean(0)
    weight = ridge(features[fitted] - middle, codes[fitted] - center, _PENALTY)
    bias = center - middle @ weight
    error = (features[held] @ weight + bias - codes[held]).square().sum()
    explained = float(1.0 - error / (codes[held] - codes[held].mean(0)).square().sum())
    metadata = {"kind": "encoder", "latent_space": generator.latents.name, "samples": str(len(samples))}
    save_learned(output, {"weight": weight.half(), "bias": torch.as_tensor(bias).half()}, metadata)
    figures = f"explains {explained:.3f} of the code's variance on unseen samples\n"
    data = f"A ridge regression on {len(samples)} pictures that {generator.name} made of random codes."
    limits = "A rough guess that the inversion starts from; nothing of it is left in the result."
    card = write_card(output, f"Encoder to {generator.latents.name}", data, metadata, figures, limits)
    sys.stdout.write(f"{figures}written: {output}, {card.name}\n")
    return 0
