"""``retouchml train encoder``: a first guess of the code from what the raters see of a face.

With ``--network``, also a network that brings the guess nearer.
"""

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

import stylegan2
from pipeline.encoder import Encoder, encoder_features
from pipeline.latent_network import OCTAVES
from pipeline.training.arguments import add_sampling_arguments, samples
from pipeline.training.dataset import Dataset, load_dataset
from pipeline.training.encoder_network_fit import fit_network, photographs_in
from pipeline.training.fitting import octaves_of, ridge, split
from pipeline.training.labelled import LABELLED, LabelledSamples
from pipeline.training.saving import GENERATED, save_part
from retouchml.errors import UsageError
from retouchml.system.surroundings import file_path
from stylegan2.mobile.generator import MobileGenerator

_COMPONENTS = 256  # of the whitened code, those that vary most
_PENALTY = 0.05
_SHAPING = OCTAVES - 3  # octaves that shape a face, up to 128 px
_VIEWS = 30_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train encoder``."""
    add_sampling_arguments(parser)
    parser.add_argument(
        "--network", action="store_true", help="also fit a network that brings the guess nearer"
    )
    parser.add_argument(
        "--views",
        type=samples,
        metavar="N",
        help=f"how many views of faces the network learns from (default: {_VIEWS})",
    )
    parser.add_argument(
        "--photos", type=file_path, metavar="FOLDER", help="photographs that the network learns from, too"
    )


@dataclass(frozen=True)
class _Ridge:
    """The regression, and how it does on unseen samples."""

    weight: Tensor
    bias: Tensor
    guesses: Tensor  # [N, W] of all samples
    explained: float


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    for option in ("photos", "views"):
        if getattr(arguments, option) is not None and not arguments.network:
            raise UsageError(f"--{option} is for the network.", f"Add --network, or leave --{option} out.")
    views = arguments.views or _VIEWS
    photographs = [] if arguments.photos is None else photographs_in(arguments.photos)
    dataset = load_dataset(arguments, "encoder", LABELLED)
    name, count = dataset.generator.name, len(dataset.samples)
    found = _ridge(dataset)
    encoder = Encoder(found.weight, found.bias, dataset.generator.w_dim)
    figures = f"explains {found.explained:.3f} of the code's variance on unseen samples\n"
    sys.stdout.write(figures)
    sys.stdout.flush()
    data = f"A ridge regression on {count} pictures that {name} made of random codes."
    command = f"retouchml train encoder --samples {count}"
    if arguments.network:
        cuda = torch.cuda.is_available()
        generator = stylegan2.load(arguments.model, "cuda") if cuda else dataset.generator
        if isinstance(generator, MobileGenerator):
            generator.shorten_numbers()  # the inversion's own steps have them, too
        learned = fit_network(dataset, generator, encoder, found.guesses, photographs, views)
        encoder = replace(encoder, network=learned.network)
        sys.stdout.write(learned.figures)
        figures += learned.figures
        others = f" and of {len(photographs)} photographs" if photographs else ""
        data += f" From its guess on a network, on {views} views of these pictures{others}."
        command += f" --network --views {views}" + (" --photos FOLDER" if photographs else "")
    save_part(
        dataset.output,
        encoder.tensors(),
        {"kind": "encoder", "latent_space": dataset.generator.latents.name, "samples": str(count)},
        title=f"Encoder to {dataset.generator.latents.name}",
        data=data,
        figures=figures,
        command=command,
        groups=GENERATED,
        limits="A rough guess that the inversion starts from; nothing of it is left in the result.",
    )
    return 0


def _ridge(dataset: Dataset[LabelledSamples]) -> _Ridge:
    samples, generator = dataset.samples, dataset.generator
    codes = octaves_of(samples, generator.latents)[:, :_SHAPING].mean(1)[:, -_COMPONENTS:]
    features = encoder_features(
        samples.chips.astype(np.float32) / 255.0, samples.descriptors, samples.landmarks
    )
    train, test = split(len(samples))
    middle, center = features[train].mean(0), codes[train].mean(0)
    weight = ridge(features[train] - middle, codes[train] - center, _PENALTY)
    bias = torch.as_tensor(center - middle @ weight)
    said = features @ weight + bias
    error = (said[test] - codes[test]).square().sum()
    explained = float(1.0 - error / (codes[test] - codes[test].mean(0)).square().sum())
    guesses = torch.zeros(len(samples), generator.w_dim)
    guesses[:, -codes.shape[1] :] = said
    return _Ridge(weight, bias, guesses, explained)
