"""``retouchml train rater``: photographs that people rated → a network that rates.

Evaluates with the official 5-fold split, then writes the rater of fold 1, so that fold 1's test photographs
stay unseen by everything that is learned from it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.latent_network import save_learned
from pipeline.rater import FeatureNetwork, PixelNetwork, rater_features
from pipeline.training.card import write_card
from pipeline.training.instruments import load_labellers
from pipeline.training.options import folds, output_file
from pipeline.training.report import Meter, group_table
from pipeline.training.scut import Photos, fold, measure, ratings_of
from retouchml.errors import UsageError
from retouchml.paths import cache_dir

_MEMBERS = 3
_BATCH = 64  # of the pixel network
# With fewer, the mean of the descriptors that the weights hold would tell of single photographs.
_LEAST_TRAINED, _LEAST_TESTED = 10, 3
_DATA = (
    "Fitted on photographs with the mean of human ratings from 1 to 5, in the layout of SCUT-FBP5500 "
    "(5,500 faces, each rated by 60 people; for non-commercial research). The weights are those of the "
    "first fold below: its test photographs were not seen."
)
_LIMITS = (
    "It repeats the taste of those who rated. SCUT-FBP5500 was rated by people of one country and shows "
    "neutral, frontal faces of Asian and Caucasian women and men: the rater knows nothing of smiles, "
    "profiles, children and other people. A rating is no fact about a person."
)
_CROP = 100  # pixels of a chip that the pixel network sees in training, at a random place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train rater``."""
    parser.add_argument("--data", type=Path, required=True, help="folder laid out like SCUT-FBP5500")
    parser.add_argument(
        "--kind", choices=("features", "pixels"), default="features", help="features guides, pixels judges"
    )
    parser.add_argument(
        "--folds",
        type=folds,
        default=(1, 2, 3, 4, 5),
        help="folds to evaluate, like 1,3; the first one's rater is written",
    )
    parser.add_argument("--output", type=Path, help="where to write the rater; by default into the project")


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    name = "rater" if arguments.kind == "features" else "judge"
    output = output_file(arguments.output, name)
    ratings = ratings_of(arguments.data)
    parts = {number: fold(arguments.data, number) for number in arguments.folds}
    photos = measure(
        arguments.data,
        ratings,
        load_labellers(age_gender=False),
        cache_dir() / "training",
        Meter("measuring"),
    )
    rows = {number: _rows(photos, number, *names) for number, names in parts.items()}
    correlations, lines = [], list[str]()
    for index, (number, (train, test)) in enumerate(rows.items()):
        networks = fit_rater(arguments.kind, photos, train)
        predicted = predict(networks, photos, test, float(photos.ratings[train].mean()))
        correlation, error = agreement(predicted, photos.ratings[test])
        correlations.append(correlation)
        lines.append(f"fold {number}: Pearson {correlation:.4f}, mean absolute error {error:.4f}\n")
        if index == 0:
            lines.append(group_table(photos.names[test], predicted, photos.ratings[test]))
            metadata = write_rater(
                output, arguments.kind, networks, float(photos.ratings[train].mean()), number, correlation
            )
        sys.stdout.write("".join(lines[-2:] if index == 0 else lines[-1:]))
        sys.stdout.flush()
    lines.append(f"Pearson over {len(correlations)} folds: {np.mean(correlations):.4f}\n")
    card = write_card(output, f"Rater by {arguments.kind}", _DATA, metadata, "".join(lines), _LIMITS)
    sys.stdout.write(f"{lines[-1]}written: {output}, {card.name}\n")
    return 0


def _rows(
    photos: Photos, number: int, train: set[str], test: set[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of a fold's photographs. Raises UsageError where too few are rated and show a face."""
    rows = photos.only(train), photos.only(test)
    if len(rows[0]) < _LEAST_TRAINED or len(rows[1]) < _LEAST_TESTED:
        raise UsageError(
            f"Fold {number} has {len(rows[0])} photographs to learn from and {len(rows[1])} to test with"
            " that are rated and show a face.",
            f"At least {_LEAST_TRAINED} and {_LEAST_TESTED} are needed.",
        )
    return rows


def fit_rater(kind: str, photos: Photos, rows: NDArray[np.intp]) -> list[nn.Module]:
    """An ensemble of feature networks, or one pixel network, fitted to ``rows`` of the photographs."""
    ratings = torch.from_numpy(photos.ratings[rows] - photos.ratings[rows].mean())
    if kind == "pixels":
        return [_fit_pixels(photos.chips[rows], ratings)]
    features = rater_features(photos.descriptors[rows], photos.landmarks[rows])
    return [_fit_features(features, ratings, seed) for seed in range(_MEMBERS)]


def predict(
    networks: list[nn.Module], photos: Photos, rows: NDArray[np.intp], mean: float
) -> NDArray[np.float32]:
    """Ratings of ``rows`` by the mean of an ensemble."""
    with torch.no_grad():
        if isinstance(networks[0], FeatureNetwork):
            features = rater_features(photos.descriptors[rows], photos.landmarks[rows])
            ratings = torch.stack([network(features) for network in networks]).mean(0)
        else:
            parts = [_as_chips(photos.chips[part]) for part in np.array_split(rows, max(1, len(rows) // 100))]
            ratings = torch.cat([(networks[0](c) + networks[0](c.flip(3))) / 2.0 for c in parts])
    return np.asarray(ratings.numpy() + mean, np.float32)


def agreement(predicted: NDArray[np.float32], wanted: NDArray[np.float32]) -> tuple[float, float]:
    """Pearson correlation and mean absolute error."""
    return float(np.corrcoef(predicted, wanted)[0, 1]), float(np.abs(predicted - wanted).mean())


def write_rater(
    path: Path, kind: str, networks: list[nn.Module], mean: float, fold_number: int, pearson: float
) -> dict[str, str]:
    """Write an ensemble as float16 safetensors; returns what the file says of itself."""
    tensors = {
        f"{member}.{name}": value.half() if value.is_floating_point() else value
        for member, network in enumerate(networks)
        for name, value in network.state_dict().items()
    }
    metadata = {
        "kind": "rater",
        "input": kind,
        "members": str(len(networks)),
        "mean": f"{mean:.6f}",
        "fold": str(fold_number),
        "pearson": f"{pearson:.4f}",
    }
    save_learned(path, tensors, metadata)
    return metadata


def _fit_features(features: Tensor, ratings: Tensor, seed: int) -> FeatureNetwork:
    torch.manual_seed(seed)
    network = FeatureNetwork()
    network.standardize(features)
    epochs = 60
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(features)), 128):
            _descend(optimizer, F.mse_loss(network(features[batch]), ratings[batch]))
        schedule.step()
    return network.eval()


def _fit_pixels(chips: NDArray[np.uint8], ratings: Tensor, epochs: int = 30) -> PixelNetwork:
    torch.manual_seed(0)
    network = PixelNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    batch_size = min(_BATCH, len(chips))
    steps = epochs * (len(chips) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    meter = Meter("pixel network")
    for epoch in range(epochs):
        meter(epoch, epochs)
        batches = torch.split(torch.randperm(len(chips)), batch_size)
        for batch in batches[: len(chips) // batch_size]:
            predicted = network(_augmented(_as_chips(chips[batch.numpy()])))
            _descend(optimizer, F.smooth_l1_loss(predicted, ratings[batch], beta=0.3))
            schedule.step()
    return network.eval()


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _as_chips(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0


def _augmented(chips: Tensor) -> Tensor:
    """Mirrored, shifted, lit and coloured at random, as no rating should depend on that."""
    n = len(chips)
    chips = torch.where(torch.rand(n, 1, 1, 1) < 0.5, chips.flip(3), chips)
    slack = chips.shape[2] - _CROP
    x, y = (int(v) for v in torch.randint(0, slack + 1, (2,)))
    chips = chips[:, :, y : y + _CROP, x : x + _CROP]
    chips = chips * (1.0 + 0.15 * torch.randn(n, 1, 1, 1)) + 0.06 * torch.randn(n, 1, 1, 1)
    return (chips + 0.03 * torch.randn(n, 3, 1, 1)).clamp(0.0, 1.0)
