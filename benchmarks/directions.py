"""Directions in w that others found, beside the sliders: what else does each move?

    python -m benchmarks.directions [--faces 50] ATTRIBUTE=FILE...

Each file is a direction [512] or [1, 512] saved by torch: age.pt, smile.pt and rotation.pt in the folder
editings/interfacegan_directions of danielroich/PTI (InterFaceGAN, arXiv 2005.09635). It gets the length and
the sign that move its own attribute by one standard deviation on eight other faces. Then it is measured as
``benchmarks.edit_table`` measures a slider. The last column is the cosine between the direction and the mean
change of w by the slider for the same attribute.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import stylegan2
from benchmarks.edit_table import FIRST, MEASURED, measurer, steps
from pipeline.edits import EditApplier, moved
from pipeline.latent_network import learned_part, load_network
from pipeline.taste.faces import DrawnFaces
from pipeline.threads import threads_restored
from pipeline.training.progress_line import ProgressLine
from retouchml.errors import UsageError
from retouchml.settings import DEFAULT_MODEL
from stylegan2.generator import Generator

Measure = Callable[[Tensor], NDArray[np.floating]]  # code [L, W] → MEASURED
_TRIED = 8  # faces on which a direction gets its length
_FIRST_LENGTH = 2.0
_WIDTH = 512  # of w


def read_direction(text: str, width: int) -> tuple[str, Tensor]:
    """An attribute and a direction [width] of unit length, from ``ATTRIBUTE=FILE``. Raises UsageError."""
    attribute, _, name = text.partition("=")
    known = [step.attribute for step in steps().values()]
    if attribute not in known or not name:
        raise UsageError(f"{text} names no direction.", f"Write ATTRIBUTE=FILE with {', '.join(known)}.")
    try:
        found = torch.load(Path(name), map_location="cpu", weights_only=True)  # runs no code of the file
    except Exception as error:  # torch raises what it likes for a file that is none of its own
        raise UsageError(f"{name} cannot be read as a direction.", "Name a file saved by torch.") from error
    if not isinstance(found, Tensor):
        raise UsageError(f"{name} holds no direction.", "Name a file with one tensor.")
    direction = found.flatten().float()
    if direction.numel() != width or not direction.norm() > 0.0:
        raise UsageError(f"{name} holds no direction of {width} numbers.", "Name a file with one.")
    return attribute, direction / direction.norm()


def change(measure: Measure, codes: Tensor, step: Tensor, generator: Generator) -> NDArray[np.float64]:
    """What a step [W] in w changes [faces, MEASURED], half of the difference between forth and back."""
    rows = []
    for code in codes:
        low, high = (
            np.asarray(measure((code + way * step).expand(generator.num_layers, -1)), np.float64)
            for way in (-1.0, 1.0)
        )
        rows.append((high - low) / 2.0)
    return np.stack(rows)


def slider_direction(attribute: str, codes: Tensor, applier: EditApplier, generator: Generator) -> Tensor:
    """The mean change of w [W], of unit length, by the slider for an attribute."""
    step = next(each for each in steps().values() if each.attribute == attribute)
    space = generator.latents
    total = torch.zeros(generator.w_dim)
    for code in codes:
        v = space.whiten(code.expand(generator.num_layers, -1))
        total += space.unwhiten(moved(v, step, 1.0, applier.measured_by(step), generator)).mean(0) - code
    unit: Tensor = total / total.norm()
    return unit


def rows(
    directions: Sequence[tuple[str, Tensor]], faces: int, generator: Generator, applier: EditApplier
) -> Iterator[str]:
    """A line of a table in Markdown for each direction."""
    drawn = DrawnFaces(generator, 0)
    measure = measurer(drawn)
    networks = applier.attributes, applier.appearance
    spread = {n: d for each in networks for n, d in zip(each.outputs, each.deviation.tolist(), strict=True)}
    units = np.array([spread[name] for name in MEASURED])
    codes = drawn.codes(range(FIRST, FIRST + faces))
    tried = drawn.codes(range(FIRST - _TRIED, FIRST))
    progress = ProgressLine("moving faces")
    for number, (attribute, direction) in enumerate(directions, 1):
        own = MEASURED.index(attribute)
        moves = change(measure, tried, _FIRST_LENGTH * direction, generator).mean(0)[own] / units[own]
        step = _FIRST_LENGTH / float(moves) * direction
        changed = change(measure, codes, step, generator) / units
        cells = [f"{mean:+.2f}" for mean in changed.mean(0)]
        cells[own] = f"**{cells[own]}**"
        cosine = float(slider_direction(attribute, codes, applier, generator) @ (step / step.norm()))
        share = float((changed[:, own] > 0).mean())
        progress(number, len(directions))
        yield f"| {' | '.join([attribute, *cells, f'{share:.0%}', f'{cosine:.2f}'])} |\n"


@threads_restored()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faces", type=int, default=50, help="how many (default: %(default)s)")
    parser.add_argument("directions", nargs="+", metavar="ATTRIBUTE=FILE")
    options = parser.parse_args(arguments)
    try:
        directions = [read_direction(text, _WIDTH) for text in options.directions]
    except UsageError as error:
        sys.stderr.write(f"{error.explain()}\n")
        return 1
    torch.set_num_threads(1)
    generator = stylegan2.load(DEFAULT_MODEL)
    attributes, _ = load_network(learned_part("edits", generator.latents.name), "edits", generator)
    head = ["direction", *MEASURED, "its way", "cosine"]
    sys.stdout.write(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n")
    for line in rows(directions, options.faces, generator, EditApplier(generator, attributes)):
        sys.stdout.write(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
