"""What each expression slider moves, and what else moves with it: all against all.

    python -m benchmarks.edit_table [--faces 50]

Generated faces are moved by one standard deviation of what a slider is for, up and down, and instruments
measure their pictures. Numbers are halves of the differences, means over the faces, in standard deviations of
generated faces. In brackets: attributes that a slider lets move along.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import stylegan2
from pipeline.edits import moved
from pipeline.latent_network import LatentNetwork, learned_part, load_network
from pipeline.taste.faces import DrawnFaces
from pipeline.taste.measuring import ATTRIBUTES, SIDE, Instruments
from pipeline.threads import threads_restored
from pipeline.training.progress_line import ProgressLine
from retouchml.settings import DEFAULT_MODEL
from retouchml.sliders import EXPRESSION, SLIDERS, LatentStep
from stylegan2.generator import Generator

MEASURED = ATTRIBUTES[:-1]  # all but the rating
_FIRST = 2_000_000  # number of the first face
Changes = Mapping[str, NDArray[np.float64]]


def steps() -> dict[str, LatentStep]:
    """The steps of the expression sliders by name, each of one standard deviation."""
    latent = {each.name: each.latent for each in SLIDERS if each.group == EXPRESSION.name}
    return {name: replace(step, deviations=1.0) for name, step in latent.items() if step is not None}


def changes(
    generator: Generator,
    attributes: LatentNetwork,
    measure: Callable[[Tensor], NDArray[np.floating]],  # code [L, W] → MEASURED
    starts: Iterable[Tensor],  # whitened codes [L, W]
) -> Changes:
    """What each slider changes [faces, MEASURED], in standard deviations."""
    spread = dict(zip(attributes.outputs, attributes.deviation.tolist(), strict=True))
    units = np.array([spread[name] for name in MEASURED])
    rows: dict[str, list[NDArray[np.float64]]] = {name: [] for name in steps()}
    for start in starts:
        for name, step in steps().items():
            low, high = (
                measure(generator.latents.unwhiten(moved(start, step, value, attributes, generator)))
                for value in (-1.0, 1.0)
            )
            rows[name].append((np.asarray(high, np.float64) - low) / 2.0 / units)
    return {name: np.stack(each) for name, each in rows.items()}


def table(changed: Changes) -> str:
    """The means as a table in Markdown, a row a slider, and the share of faces that it moves its way."""
    known = steps()
    lines: list[Sequence[str]] = [("slider", *MEASURED, "its way"), ["---"] * (len(MEASURED) + 2)]
    for name, each in changed.items():
        own, cells = known[name].attribute, []
        for attribute, mean in zip(MEASURED, each.mean(0), strict=True):
            said = f"{mean:+.2f}"
            if attribute == own:
                said = f"**{said}**"
            elif attribute in known[name].released:
                said = f"({said})"
            cells.append(said)
        share = float((each[:, MEASURED.index(own)] > 0).mean())
        lines.append((name, *cells, f"{share:.0%}"))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@threads_restored()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="What each expression slider moves.")
    parser.add_argument("--faces", type=int, default=50, help="how many (default: %(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    generator = stylegan2.load(DEFAULT_MODEL)
    attributes, _ = load_network(learned_part("edits", generator.latents.name), "edits", generator)
    drawn, instruments = DrawnFaces(generator, 0), Instruments.load()
    codes = drawn.codes(range(_FIRST, _FIRST + options.faces))
    progress = ProgressLine("moving faces")

    def starts() -> Iterable[Tensor]:
        for done, v in enumerate(generator.latents.whiten(codes)):
            progress(done, len(codes))
            yield v.expand(generator.num_layers, -1)

    def measure(code: Tensor) -> NDArray[np.floating]:
        return instruments.see(drawn.render(code, SIDE)).attributes[: len(MEASURED)]

    sys.stdout.write(f"{len(codes)} faces\n\n" + table(changes(generator, attributes, measure, starts())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
