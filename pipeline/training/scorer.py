"""``retouchml train scorer``: the rater's judgement as a function of the latent code.

Samples the generator, rates the pictures, and fits a small network from w to the rating: a gradient without
rendering.
"""

import argparse
import sys
from pathlib import Path

import torch

import stylegan2
from pipeline.latent_network import LatentNetwork, save_learned
from pipeline.rater import FeatureRater, rater_features
from pipeline.training.card import write_card
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.gathering import add_sampling_arguments, gather, warn_of_faceless
from pipeline.training.instruments import load_recognizer
from pipeline.training.options import check_output, output_file
from stylegan2.generator import Generator

_LIMITS = (
    "It knows the faces that the generator makes, and repeats the errors of the instruments that measured "
    "these: dlib's landmarks and descriptor, a small age and gender network, and the rater with the taste "
    "of those it learned from. It fits one latent space."
)
_COMPONENTS = 120  # 100 and 200 climb as well, 512 half as high: docs/models.md


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train scorer``."""
    add_sampling_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    check_output(arguments.output)
    generator = stylegan2.load(arguments.model)
    output = output_file(arguments.output, "scorer", generator.latents.name)
    warn_of_faceless(generator)
    samples = gather(arguments.model, arguments.samples, arguments.jobs)
    ratings = FeatureRater(load_recognizer()).rate_features(
        rater_features(samples.descriptors, samples.landmarks)
    )
    sys.stdout.write(f"{len(samples)} samples, rating {ratings.mean():.2f} ± {ratings.std():.2f}\n")
    network, explained = fit_latent_network(
        ("rating",),
        octaves_of(samples, generator.latents),
        torch.from_numpy(ratings)[:, None],
        components=_COMPONENTS,
    )
    save_latent_network(output, "scorer", network, generator, explained, len(samples))
    return 0


def save_latent_network(
    path: Path,
    kind: str,
    network: LatentNetwork,
    generator: Generator,
    explained: dict[str, float],
    count: int,
) -> None:
    """Write a latent network as float16 with its card, and say how it does on unseen samples."""
    metadata = {
        "kind": kind,
        "latent_space": generator.latents.name,
        "sampled": generator.name,
        "outputs": ",".join(network.outputs),
        "samples": str(count),
        "explained": ",".join(f"{value:.3f}" for value in explained.values()),
    }
    save_learned(path, {f"network.{n}": t.half() for n, t in network.state_dict().items()}, metadata)
    figures = "".join(
        f"{name}: explains {value:.3f} of the variance on unseen samples\n"
        for name, value in explained.items()
    )
    data = f"Fitted on {count} pictures of {generator.name} from random codes, and what was measured on them."
    card = write_card(
        path, f"{kind.capitalize()} of {generator.latents.name}", data, metadata, figures, _LIMITS
    )
    sys.stdout.write(f"{figures}written: {path}, {card.name}\n")
