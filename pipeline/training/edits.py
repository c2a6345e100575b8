"""``retouchml train edits``: expression, pose, age, gender and glasses as functions of the latent code.

The expression sliders take their directions from this network, and the ascent what it must hold.
"""

import argparse

import torch

from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.labelled import ATTRIBUTES, LABELLED
from pipeline.training.saving import save_latent_network

_COMPONENTS = 200

add_arguments = add_sampling_arguments


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    dataset = load_dataset(arguments, "edits", LABELLED)
    targets = torch.from_numpy(dataset.samples.attributes).clone()
    male = ATTRIBUTES.index("male")
    # The gender network is sure of most faces; its log-odds tell more of them apart than its probabilities.
    targets[:, male] = torch.logit(targets[:, male], eps=0.01)
    # A few samples show no proper face; their absurd measures must not steer the fit.
    low, high = targets.quantile(0.005, dim=0), targets.quantile(0.995, dim=0)
    network, explained = fit_latent_network(
        ATTRIBUTES,
        octaves_of(dataset.samples, dataset.generator.latents),
        torch.minimum(torch.maximum(targets, low), high),
        components=_COMPONENTS,
    )
    save_latent_network(dataset, "edits", network, explained)
    return 0
