"""What each expression slider moves, and what else moves with it: all against all.

    python -m benchmarks.edit_table [--faces 50] [--slider NAME]...
    python -m benchmarks.edit_table --pictures FOLDER [--slider NAME]...

Generated faces are moved by one standard deviation of what a slider is for, up and down, and instruments
measure their pictures. Numbers are halves of the differences, means over the faces, in standard deviations of
generated faces. In brackets: attributes that a slider lets move along. --pictures writes a row of generated
faces for each slider, each face with the slider at -1, 0 and 1, and measures nothing.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import stylegan2
from pipeline.appearance import APPEARANCE
from pipeline.edits import EditApplier, moved
from pipeline.latent_network import learned_part, load_network
from pipeline.taste.faces import DrawnFaces
from pipeline.taste.measuring import ATTRIBUTES, SIDE, Instruments
from pipeline.threads import threads_restored
from pipeline.training.progress_line import ProgressLine
from retouchml.settings import DEFAULT_MODEL
from retouchml.sliders import EXPRESSION, SLIDERS, LatentStep
from stylegan2.generator import Generator

MEASURED = (*ATTRIBUTES[:-1], *APPEARANCE)  # all but the rating
FIRST = 2_000_000  # number of the first face
_SHOWN, _PANEL = 3, 150  # faces in a row, and the side of each in pixels
Changes = Mapping[str, NDArray[np.float64]]


def steps() -> dict[str, LatentStep]:
    """The steps of the expression sliders by name, each of one standard deviation."""
    latent = {each.name: each.latent for each in SLIDERS if each.group == EXPRESSION.name}
    return {name: replace(step, deviations=1.0) for name, step in latent.items() if step is not None}


def changes(
    generator: Generator,
    applier: EditApplier,
    measure: Callable[[Tensor], NDArray[np.floating]],  # code [L, W] → MEASURED
    starts: Iterable[Tensor],  # whitened codes [L, W]
    names: Iterable[str] = (),  # of sliders; all if none is named
) -> Changes:
    """What each slider changes [faces, MEASURED], in standard deviations."""
    networks = applier.attributes, applier.appearance
    spread = {n: d for each in networks for n, d in zip(each.outputs, each.deviation.tolist(), strict=True)}
    units = np.array([spread[name] for name in MEASURED])
    known = steps()
    rows: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names or known}
    for start in starts:
        for name in rows:
            step = known[name]
            low, high = (
                measure(
                    generator.latents.unwhiten(
                        moved(start, step, value, applier.measured_by(step), generator)
                    )
                )
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


def measurer(drawn: DrawnFaces) -> Callable[[Tensor], NDArray[np.floating]]:
    """Measures the picture of a code [L, W]: MEASURED."""
    instruments = Instruments.load()

    def measure(code: Tensor) -> NDArray[np.floating]:
        picture = drawn.render(code, SIDE)
        return np.array([*instruments.see(picture).attributes[:-1], *instruments.appearance(picture)])

    return measure


def row(name: str, drawn: DrawnFaces, applier: EditApplier) -> NDArray[np.uint8]:
    """Faces beside each other, each with a slider at -1, 0 and 1."""
    panels = []
    for code in drawn.codes(range(FIRST, FIRST + _SHOWN)):
        w_plus = code.expand(drawn.generator.num_layers, -1)
        for value in (-1.0, 0.0, 1.0):
            face = drawn.render(applier.apply(w_plus, {name: value}), SIDE)
            panels.append(cv2.resize(face, (_PANEL, _PANEL), interpolation=cv2.INTER_AREA))
    return np.asarray(np.rint(np.clip(np.hstack(panels), 0.0, 1.0) * 255.0), np.uint8)


@threads_restored()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="What each expression slider moves.")
    parser.add_argument("--faces", type=int, default=50, help="how many (default: %(default)s)")
    parser.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="write a row of faces for each slider"
    )
    parser.add_argument("--slider", action="append", choices=sorted(steps()), metavar="NAME")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    generator = stylegan2.load(DEFAULT_MODEL)
    attributes, _ = load_network(learned_part("edits", generator.latents.name), "edits", generator)
    applier = EditApplier(generator, attributes)
    drawn = DrawnFaces(generator, 0)
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        for name in options.slider or steps():
            picture = row(name, drawn, applier)
            Image.fromarray(picture).save(options.pictures / f"{name}.jpg", quality=85, optimize=True)
        return 0
    codes = drawn.codes(range(FIRST, FIRST + options.faces))
    progress = ProgressLine("moving faces")

    def starts() -> Iterable[Tensor]:
        for done, v in enumerate(generator.latents.whiten(codes)):
            progress(done, len(codes))
            yield v.expand(generator.num_layers, -1)

    found = changes(generator, applier, measurer(drawn), starts(), options.slider or ())
    sys.stdout.write(f"{len(codes)} faces\n\n{table(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
