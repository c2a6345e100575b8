"""``retouchml train edits``: expression, pose, age, gender and glasses as functions of the latent code.

The network gives the manual sliders their directions and tells the ascent what it must hold.
"""

import argparse

import torch

import stylegan2
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.gathering import add_sampling_arguments, gather, warn_of_faceless
from pipeline.training.options import check_output, output_file
from pipeline.training.sampling import ATTRIBUTES
from pipeline.training.scorer import save_latent_network

_COMPONENTS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train edits``."""
    add_sampling_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    check_output(arguments.output)
    generator = stylegan2.load(arguments.model)
    output = output_file(arguments.output, "edits", generator.latents.name)
    warn_of_faceless(generator)
    samples = gather(arguments.model, arguments.samples, arguments.jobs)
    targets = torch.from_numpy(samples.attributes).clone()
    male = ATTRIBUTES.index("male")
    # The gender network is sure of most faces; its log-odds tell more of them apart than its probabilities.
    targets[:, male] = torch.logit(targets[:, male], eps=0.01)
    # A few samples show no proper face; their absurd measures must not steer the fit.
    low, high = targets.quantile(0.005, dim=0), targets.quantile(0.995, dim=0)
    network, explained = fit_latent_network(
        ATTRIBUTES,
        octaves_of(samples, generator.latents),
        torch.minimum(torch.maximum(targets, low), high),
        components=_COMPONENTS,
    )
    save_latent_network(output, "edits", network, generator, explained, len(samples))
    return 0
