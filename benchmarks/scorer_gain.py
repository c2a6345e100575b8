"""Does the rater see what a scorer promises? Faces of photographs at the end of their score paths.

    python -m benchmarks.scorer_gain [--faces N] [--scorer FILE]... [--ease E]... PHOTO...
    python -m benchmarks.scorer_gain [--faces N] [--scorer FILE]... [--ease E]... --data FOLDER

Each face is inverted once; every scorer, by default the one in use, then climbs from the same code, with the
ease of ``pipeline.ascent`` or others (1e9 goes straight up, whoever the face becomes). Measured are the
generator's own pictures, so that nothing but the path is judged: what the scorer promises for its end, what
the rater sees there, which the scorer learned from, what the judge sees, which guides nothing, and the
identity distance. FOLDER is SCUT-FBP5500: of the test part of fold 1, which neither rater nor judge has
seen. Means, and the share of the promise that the rater sees.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.quality.photographs import choose_photos, why_not
from pipeline.beautify import Beautifier, ScorePath
from pipeline.identity import chip_frame
from pipeline.inversion_target import TARGET
from pipeline.latent_network import learned_part
from pipeline.local_face import face_crop
from pipeline.networks import Networks
from pipeline.pictures import read_picture
from pipeline.prepared import encoded
from pipeline.rater import PixelRater
from pipeline.rating_network import load_scorer
from pipeline.retoucher import Retoucher
from pipeline.training.sampling import RENDER
from pipeline.working_space import WorkingSpace
from retouchml.errors import RetouchError
from stylegan2.generator import as_picture


@dataclass(frozen=True)
class Start:
    """The code [L, W] of a face's inversion, and where its chip is in a picture."""

    w_plus: Tensor
    chip_grid: Tensor


def starts(retoucher: Retoucher, photos: Sequence[Path], count: int) -> Iterator[Start]:
    """The largest faces of the first ``count`` photos that show one well."""
    networks, found = retoucher.networks, 0
    for path in photos:
        if found == count:
            break
        picture = read_picture(path)
        faces = retoucher.open(picture.pixels, icc=picture.icc).faces
        if why_not(faces):
            continue
        crop, alignment = face_crop(
            picture.pixels, np.array(faces[0].landmarks), WorkingSpace.of(picture.icc)
        )
        points = alignment.to_crop(np.array(faces[0].landmarks))
        inversion = networks.inverter.invert(crop, points, encoded(crop, points, networks))
        small = (points + 0.5) * (TARGET / crop.shape[0]) - 0.5
        found += 1
        yield Start(inversion.w_plus, chip_frame(small).grid(TARGET, TARGET))


def _climber(networks: Networks, scorer: Path, ease: float) -> Beautifier:
    climber = networks.beautifier.with_scorer(load_scorer(scorer, networks.generator))
    climber.ascent = replace(climber.ascent, ease=ease)
    return climber


def gain(path: ScorePath, networks: Networks, judge: PixelRater) -> NDArray[np.float64]:
    """Promised, seen by the rater, seen by the judge, identity distance."""
    said, judged, descriptors = [], [], []
    for knot in (path.knots[0], path.knots[-1]):
        with torch.no_grad():
            picture = as_picture(networks.generator.synthesize(knot[None], RENDER)[0])
        points = networks.finder.landmarks_in_crop(picture)
        said.append(networks.rater.rate(picture, points))
        judged.append(judge.rate(picture, points))
        descriptors.append(networks.recognizer.describe(picture, points))
    distance = float(np.linalg.norm(descriptors[1] - descriptors[0]))
    return np.array([float(path.gains[-1]), said[1] - said[0], judged[1] - judged[0], distance])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="SCUT-FBP5500")
    parser.add_argument("--faces", type=int, default=100, help="how many (default: %(default)s)")
    parser.add_argument(
        "--scorer", action="append", type=Path, metavar="FILE", help="default: the one in use"
    )
    parser.add_argument("--ease", action="append", type=float, metavar="E", help="default: the one in use")
    options = parser.parse_args(arguments)
    if bool(options.photos) == (options.data is not None):
        parser.error("name photos or --data, one of them")
    try:
        retoucher, judge = Retoucher(), PixelRater()
        networks = retoucher.networks
        space = networks.generator.latents.name
        files = options.scorer or [learned_part("scorer", space)]
        eases = options.ease or [networks.beautifier.ascent.ease]
        ways = [(file, ease) for file in files for ease in eases]
        climbers = [_climber(networks, *way) for way in ways]
        photos = options.photos or choose_photos(options.data, 2 * options.faces)
        rows: list[list[NDArray[np.float64]]] = [[] for _ in ways]
        for start in starts(retoucher, photos, options.faces):
            for row, climber in zip(rows, climbers, strict=True):
                row.append(gain(climber.path(start.w_plus, start.chip_grid), networks, judge))
    except RetouchError as error:
        raise SystemExit(error.explain()) from None
    if not rows[0]:
        parser.error("no picture shows a face well")
    sys.stdout.write("scorer ease faces promised seen share judge identity\n")
    for (file, ease), row in zip(ways, rows, strict=True):
        promised, seen, judged, distance = np.mean(row, 0)
        sys.stdout.write(
            f"{file} {ease:g} {len(row)} {promised:+.3f} {seen:+.3f} {seen / promised:.0%} {judged:+.3f} "
            f"{distance:.3f}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
