"""``retouchml train appearance``: hair, beard and skin as functions of the latent code.

The slider of hair takes its direction from this network, beside that of ``retouchml train edits``. It has a
file of its own, so that the other sliders stay as they are.
"""

import argparse

import torch

from pipeline.appearance import APPEARANCE
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.labelled import LABELLED
from pipeline.training.saving import save_latent_network

_COMPONENTS = 200
_EPOCHS = 30
_LIMITS = (
    "It knows the faces that the generator makes, and repeats the errors of what measured these: medians of "
    "colour and texture where hair and beard are on most faces. A bald head, a hat, a veil, a shadow or "
    "coloured light is measured as if it were hair or a beard. It says nothing of the people in photographs. "
    "It fits one latent space."
)

add_arguments = add_sampling_arguments


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    dataset = load_dataset(arguments, "appearance", LABELLED)
    targets = torch.from_numpy(dataset.samples.appearance).clone()
    # A few samples show no proper face; their absurd measures must not steer the fit.
    low, high = targets.quantile(0.005, dim=0), targets.quantile(0.995, dim=0)
    network, explained = fit_latent_network(
        APPEARANCE,
        octaves_of(dataset.samples, dataset.generator.latents),
        torch.minimum(torch.maximum(targets, low), high),
        components=_COMPONENTS,
        epochs=_EPOCHS,
    )
    save_latent_network(dataset, "appearance", network, explained, limits=_LIMITS)
    return 0
