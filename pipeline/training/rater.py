"""``retouchml train rater``: a network that rates faces, from photographs that people rated.

Evaluates with the official 5-fold split, then writes the rater of the first fold: everything that is learned
from it has not seen the test photographs of that fold.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.latent_network import LearnedFile, save_learned, trained_part
from pipeline.rater import ACTIVATION_INPUT, PixelNetwork, Uncertainty
from pipeline.training.arguments import add_output_argument, check_output, folds
from pipeline.training.distilling import fit_students
from pipeline.training.labellers import load_labellers
from pipeline.training.progress_line import ProgressLine
from pipeline.training.saving import save_part
from pipeline.training.scut import GROUPS, RatedPhotos, group_of, measure, read_fold, read_ratings
from retouchml.errors import UsageError
from retouchml.paths import cache_dir
from retouchml.system.surroundings import file_path

_MEMBERS = 2
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
_GROUPS = (
    "AF, AM, CF and CM in the figures are Asian and Caucasian women and men, if the photographs are those of "
    "SCUT-FBP5500. The project's raters serve other people worse, and rate black faces lower than people "
    "did: docs/models.md of RetouchML has a table."
)
_CROP = 100  # pixels; side of the random crop of a chip that the pixel network is trained on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train rater``."""
    parser.add_argument("--data", type=file_path, required=True, help="folder laid out like SCUT-FBP5500")
    parser.add_argument(
        "--kind", choices=("features", "pixels"), default="features", help="features guides, pixels judges"
    )
    parser.add_argument(
        "--folds",
        type=folds,
        default=(1, 2, 3, 4, 5),
        help="folds to evaluate, like 1,3; the first one's rater is written",
    )
    add_output_argument(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    output = arguments.output or trained_part("rater" if arguments.kind == "features" else "judge")
    check_output(output)
    ratings = read_ratings(arguments.data)
    folds_by_number = {number: read_fold(arguments.data, number) for number in arguments.folds}
    photos = measure(
        arguments.data,
        ratings,
        load_labellers(age_gender=False),
        cache_dir() / "training",
        ProgressLine("measuring"),
    )
    rows = {number: _fold_rows(photos, number, *names) for number, names in folds_by_number.items()}
    part: LearnedFile | None = None
    lines, tested = list[str](), list[_Tested]()
    for number, (train, test) in rows.items():
        mean = float(photos.ratings[train].mean())
        networks = fit_rater(arguments.kind, photos, train)
        predictions = predict(networks, photos, test, mean)
        correlation, error = agreement(predictions, photos.ratings[test])
        tested.append(_Tested(photos.names[test], predictions, photos.ratings[test]))
        figures = [f"fold {number}: Pearson {correlation:.4f}, mean absolute error {error:.4f}\n"]
        figures.append(group_table(*tested[-1]))
        if part is None:
            errors = predictions - photos.ratings[test]
            spreads = members_apart(networks, photos, test)
            uncertainty = None
            if spreads is not None:
                uncertainty = Uncertainty.fitted(errors, spreads)
                figures.append(uncertainty_line(uncertainty, errors, spreads))
            part = rater_part(arguments.kind, networks, mean, number, correlation, uncertainty)
            save_learned(output, part.tensors, part.metadata)  # the other folds may take hours
        sys.stdout.write("".join(figures))
        sys.stdout.flush()
        lines += figures
    assert part is not None  # there is one fold at least
    summary = _summary(tested)
    sys.stdout.write(summary)
    save_part(
        output,
        part.tensors,
        part.metadata,
        title=f"Rater by {arguments.kind}",
        data=_DATA,
        figures="".join([*lines, summary]),
        command=f"retouchml train rater --data FOLDER --kind {arguments.kind} "
        f"--folds {','.join(map(str, arguments.folds))}",
        groups=_GROUPS,
        limits=_LIMITS,
    )
    return 0


class _Tested(NamedTuple):
    """The photographs that a fold's rater was tested on."""

    names: NDArray[np.str_]  # [N]
    predictions: NDArray[np.float32]  # [N]
    ratings: NDArray[np.float32]  # [N]


def _summary(folds: Sequence[_Tested]) -> str:
    """The means over the folds, and the groups of all their test photographs, as lines of text."""
    means = np.mean([agreement(fold.predictions, fold.ratings) for fold in folds], 0)
    together = _Tested(*(np.concatenate(column) for column in zip(*folds, strict=True)))
    return (
        f"Over {len(folds)} folds: Pearson {means[0]:.4f}, mean absolute error {means[1]:.4f}\n"
        + group_table(*together)
    )


def _fold_rows(
    photos: RatedPhotos, number: int, train: set[str], test: set[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the training and the test photographs of a fold.

    Raises UsageError if too few are rated and show a face.
    """
    rows = photos.rows_of(train), photos.rows_of(test)
    if len(rows[0]) < _LEAST_TRAINED or len(rows[1]) < _LEAST_TESTED:
        raise UsageError(
            f"Fold {number} has {len(rows[0])} photographs to learn from and {len(rows[1])} to test with"
            " that are rated and show a face.",
            f"At least {_LEAST_TRAINED} and {_LEAST_TESTED} are needed.",
        )
    return rows


def fit_rater(kind: str, photos: RatedPhotos, rows: NDArray[np.intp]) -> list[nn.Module]:
    """An ensemble of feature networks, or one pixel network, fitted to ``rows`` of the photographs."""
    ratings = torch.from_numpy(photos.ratings[rows] - photos.ratings[rows].mean())
    if kind == "pixels":
        return [_fit_pixels(photos.chips[rows], ratings)]
    groups = [group_of(name) for name in photos.names[rows]]
    return [*fit_students(_activations(photos, rows), ratings, _MEMBERS, groups)]


def predict(
    networks: list[nn.Module], photos: RatedPhotos, rows: NDArray[np.intp], mean: float
) -> NDArray[np.float32]:
    """Ratings of ``rows`` by the mean of an ensemble."""
    with torch.no_grad():
        if not isinstance(networks[0], PixelNetwork):
            activations = _activations(photos, rows)
            ratings = torch.stack([network(activations) for network in networks]).mean(0)
        else:
            parts = [_as_chips(photos.chips[part]) for part in np.array_split(rows, max(1, len(rows) // 100))]
            ratings = torch.cat([(networks[0](c) + networks[0](c.flip(3))) / 2.0 for c in parts])
    return np.asarray(ratings.numpy() + mean, np.float32)


def members_apart(
    networks: list[nn.Module], photos: RatedPhotos, rows: NDArray[np.intp]
) -> NDArray[np.float32] | None:
    """How far the members of an ensemble are apart on each of ``rows``; None for a single network."""
    if len(networks) < 2:
        return None
    each = [predict([network], photos, rows, 0.0) for network in networks]
    return np.asarray(np.std(each, axis=0), np.float32)


def agreement(predictions: NDArray[np.float32], ratings: NDArray[np.float32]) -> tuple[float, float]:
    """Pearson correlation and mean absolute error of predictions [N]."""
    return float(np.corrcoef(predictions, ratings)[0, 1]), float(np.abs(predictions - ratings).mean())


def group_table(
    names: NDArray[np.str_], predictions: NDArray[np.float32], ratings: NDArray[np.float32]
) -> str:
    """Count, Pearson and mean signed error of each group (Asian/Caucasian, female/male) as lines of text."""
    lines = []
    for group in GROUPS:
        rows = np.flatnonzero([group_of(name) == group for name in names])
        if len(rows) < 3:
            continue
        correlation = np.corrcoef(predictions[rows], ratings[rows])[0, 1]
        bias = float((predictions[rows] - ratings[rows]).mean())
        lines.append(f"  {group}: {len(rows)} photos, Pearson {correlation:.3f}, bias {bias:+.3f}\n")
    return "".join(lines)


def rater_part(
    kind: str,  # "features" or "pixels"
    networks: list[nn.Module],
    mean: float,  # of the ratings that the networks were trained on
    fold: int,
    pearson: float,  # on the test photographs of the fold
    uncertainty: Uncertainty | None = None,  # measured there
) -> LearnedFile:
    """An ensemble as a learned part: float16 tensors, and what the file says of itself."""
    tensors = {
        f"{member}.{name}": value.half() if value.is_floating_point() else value
        for member, network in enumerate(networks)
        for name, value in network.state_dict().items()
    }
    metadata = {
        "kind": "rater",
        "input": kind if kind == "pixels" else ACTIVATION_INPUT,
        "members": str(len(networks)),
        "mean": f"{mean:.6f}",
        "fold": str(fold),
        "pearson": f"{pearson:.4f}",
    }
    if uncertainty is not None:
        metadata["uncertainty"] = str(uncertainty)
    return LearnedFile(tensors, metadata)


def uncertainty_line(
    uncertainty: Uncertainty, errors: NDArray[np.float32], spreads: NDArray[np.float32]
) -> str:
    """How often the truth lies within one and two of the stated standard deviations, as a line of text."""
    stated = np.array([uncertainty(float(spread)) for spread in spreads])
    within = [float((np.abs(errors) <= times * stated).mean()) for times in (1, 2)]
    return (
        f"uncertainty {stated.mean():.3f} on average: {within[0]:.0%} of the ratings lie within it, "
        f"{within[1]:.0%} within twice as much\n"
    )


def _activations(photos: RatedPhotos, rows: NDArray[np.intp]) -> Tensor:
    return torch.from_numpy(photos.activations[rows].astype(np.float32))


def _fit_pixels(chips: NDArray[np.uint8], ratings: Tensor, epochs: int = 30) -> PixelNetwork:
    torch.manual_seed(0)
    network = PixelNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    batch_size = min(_BATCH, len(chips))
    steps = epochs * (len(chips) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    progress = ProgressLine("pixel network")
    for epoch in range(epochs):
        progress(epoch, epochs)
        batches = torch.split(torch.randperm(len(chips)), batch_size)
        for batch in batches[: len(chips) // batch_size]:
            predictions = network(_augmented(_as_chips(chips[batch.numpy()])))
            _descend(optimizer, F.smooth_l1_loss(predictions, ratings[batch], beta=0.3))
            schedule.step()
    return network.eval()


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _as_chips(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0


def _augmented(chips: Tensor) -> Tensor:
    """Chips mirrored, cropped, lit and coloured at random: no rating should depend on that."""
    n = len(chips)
    chips = torch.where(torch.rand(n, 1, 1, 1) < 0.5, chips.flip(3), chips)
    slack = chips.shape[2] - _CROP
    x, y = (int(v) for v in torch.randint(0, slack + 1, (2,)))
    chips = chips[:, :, y : y + _CROP, x : x + _CROP]
    chips = chips * (1.0 + 0.15 * torch.randn(n, 1, 1, 1)) + 0.06 * torch.randn(n, 1, 1, 1)
    return (chips + 0.03 * torch.randn(n, 3, 1, 1)).clamp(0.0, 1.0)
