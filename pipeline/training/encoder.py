"""``retouchml train encoder``: a first guess of the code from what the raters see of a face."""

import argparse
import sys

import numpy as np
import torch

from pipeline.encoder import encoder_features
from pipeline.latent_network import OCTAVES
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import octaves_of, ridge, split
from pipeline.training.saving import GENERATED, save_part

_COMPONENTS = 256  # of the whitened code, those that vary most
_PENALTY = 0.05
_SHAPING = OCTAVES - 3  # octaves that shape a face, up to 128 px

add_arguments = add_sampling_arguments


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    dataset = load_dataset(arguments, "encoder")
    samples, generator = dataset.samples, dataset.generator
    codes = octaves_of(samples, generator.latents)[:, :_SHAPING].mean(1)[:, -_COMPONENTS:]
    features = encoder_features(
        samples.chips.astype(np.float32) / 255.0, samples.descriptors, samples.landmarks
    )
    train, test = split(len(samples))
    middle, center = features[train].mean(0), codes[train].mean(0)
    weight = ridge(features[train] - middle, codes[train] - center, _PENALTY)
    bias = center - middle @ weight
    error = (features[test] @ weight + bias - codes[test]).square().sum()
    explained = float(1.0 - error / (codes[test] - codes[test].mean(0)).square().sum())
    figures = f"explains {explained:.3f} of the code's variance on unseen samples\n"
    sys.stdout.write(figures)
    save_part(
        dataset.output,
        {"weight": weight.half(), "bias": torch.as_tensor(bias).half()},
        {"kind": "encoder", "latent_space": generator.latents.name, "samples": str(len(samples))},
        title=f"Encoder to {generator.latents.name}",
        data=f"A ridge regression on {len(samples)} pictures that {generator.name} made of random codes.",
        figures=figures,
        command=f"retouchml train encoder --samples {len(samples)}",
        groups=GENERATED,
        limits="A rough guess that the inversion starts from; nothing of it is left in the result.",
    )
    return 0
