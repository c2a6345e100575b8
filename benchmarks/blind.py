"""A blind look: photographs beside their retouch, left and right at random, and the count of the answers.

    python -m benchmarks.blind make FOLDER [--strength S] [--count N] [--seed N] PHOTO...
    python -m benchmarks.blind count FOLDER

``make`` writes pair-01.png and so on, the key into key.json, and an empty answers.tsv. Whoever looks must not
open the key. A line of answers.tsv is: the pair's number, the better side (left, right, or same), how well
the difference is seen (0 not at all, 1 barely, 2 well, 3 at once), and the artefacts that were seen, if any.
``count`` compares the answers with the key.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local_face import face_crop
from pipeline.pictures import read_picture
from pipeline.retoucher import Retoucher
from pipeline.working_space import WorkingSpace
from retouchml import Look
from retouchml.errors import RetouchError, UsageError

SIDES = ("left", "right")
_HEADER = "pair\tbetter\tseen\tartefacts\n"
_GAP = 16  # pixels between the two
_SEEN = 2  # from which on a difference counts as seen


@dataclass(frozen=True)
class Answer:
    """What a viewer said of one pair."""

    pair: str
    better: str  # left, right or same
    seen: int  # 0 to 3
    artefacts: str  # "" for none


@dataclass(frozen=True)
class Count:
    """The answers of a viewer, held against the key."""

    pairs: int
    preferred: int  # pairs in which the retouched side is better
    original: int  # pairs in which the photograph is better
    seen: int  # pairs whose difference is seen well or at once
    artefacts: int  # pairs with an artefact named

    def text(self) -> str:
        """The counts, with their shares."""
        names = ("preferred", "original", "seen", "artefacts")
        lines = [f"{name:10} {getattr(self, name):3} of {self.pairs}" for name in names]
        shares = [getattr(self, name) / max(1, self.pairs) for name in names]
        return "".join(f"{line}  {share:4.0%}\n" for line, share in zip(lines, shares, strict=True))


def pair_of(
    before: NDArray[np.float32], after: NDArray[np.float32], retouched: str, side: int
) -> NDArray[np.uint8]:
    """Two pictures [S, S, 3] in [0, 1] beside each other, ``side`` pixels each; retouched: left or right."""
    pictures = (after, before) if retouched == "left" else (before, after)
    cells = []
    for picture in pictures:
        way = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_CUBIC
        cells.append(cv2.resize(picture, (side, side), interpolation=way))
    gap = np.full((side, _GAP, 3), 0.5, np.float32)
    return np.asarray(np.rint(np.clip(np.hstack([cells[0], gap, cells[1]]), 0.0, 1.0) * 255.0), np.uint8)


def make_folder(folder: Path) -> None:
    """Make a folder for pairs. Raises UsageError if it holds something."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty.", "Name a new folder.")


def make(
    folder: Path, photos: Sequence[Path], look: Look, count: int, seed: int, side: int, described: str
) -> int:
    """Write the pairs of the largest faces of ``count`` photos, and the key; returns how many there are.

    described: the look, for the key. Raises RetouchError.
    """
    make_folder(folder)
    random = np.random.default_rng(seed)
    retoucher = Retoucher()
    key: dict[str, dict[str, str]] = {}
    for index in random.permutation(len(photos)):
        if len(key) == count:
            break
        path = photos[int(index)]
        picture = read_picture(path)
        photo = retoucher.open(picture.pixels, icc=picture.icc)
        if not photo.faces:
            sys.stderr.write(f"{path.name} shows no face\n")
            continue
        result = photo.apply(photo.render({0: look}))
        space = WorkingSpace.of(picture.icc)
        before, alignment = face_crop(picture.pixels, np.array(photo.faces[0].landmarks), space)
        retouched = SIDES[int(random.integers(2))]
        name = f"{len(key) + 1:02}"
        pair = pair_of(before, alignment.cut(result, space), retouched, side)
        cv2.imwrite(str(folder / f"pair-{name}.png"), pair[..., ::-1])
        key[name] = {"photo": path.name, "retouched": retouched}
    (folder / "key.json").write_text(json.dumps({"look": described, "seed": seed, "pairs": key}, indent=1))
    (folder / "answers.tsv").write_text(_HEADER)
    return len(key)


def read_answers(text: str) -> list[Answer]:
    """The answers in the text of answers.tsv. Raises UsageError."""
    answers = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("\t")]
        if not line.strip() or fields[0] == "pair":
            continue
        fields += [""] * (4 - len(fields))
        if fields[1] not in (*SIDES, "same") or fields[2] not in ("0", "1", "2", "3"):
            raise UsageError(
                f"{line!r} is no answer.", "Write: number, left, right or same, 0 to 3, artefacts."
            )
        artefacts = "" if fields[3].lower() in ("", "-", "none") else fields[3]
        answers.append(Answer(fields[0].zfill(2), fields[1], int(fields[2]), artefacts))
    return answers


def count_answers(answers: Sequence[Answer], retouched: dict[str, str]) -> Count:
    """Hold answers against the key: the retouched side of each pair. Raises UsageError for an odd pair."""
    numbers = [answer.pair for answer in answers]
    if sorted(numbers) != sorted(retouched):
        raise UsageError("The answers are not one for each pair.", f"There are {len(retouched)} pairs.")
    sides = [retouched[answer.pair] for answer in answers]
    better = [answer.better for answer in answers]
    return Count(
        pairs=len(answers),
        preferred=sum(b == s for b, s in zip(better, sides, strict=True)),
        original=sum(b not in (s, "same") for b, s in zip(better, sides, strict=True)),
        seen=sum(answer.seen >= _SEEN for answer in answers),
        artefacts=sum(bool(answer.artefacts) for answer in answers),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make pairs for a blind look, or count its answers.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="write pairs into a new folder")
    making.add_argument("folder", type=Path)
    making.add_argument("photos", nargs="+", type=Path)
    making.add_argument("--strength", type=float, help="instead of the default look")
    making.add_argument("--count", type=int, default=40, help="pairs (default: %(default)s)")
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--side", type=int, default=640, help="pixels of a face (default: %(default)s)")
    counting = commands.add_parser("count", help="compare answers.tsv with the key")
    counting.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.command == "make":
            look = Look() if options.strength is None else Look(strength=options.strength)
            described = "default" if options.strength is None else f"strength {options.strength:g}"
            made = make(
                options.folder,
                options.photos,
                look,
                options.count,
                options.seed,
                options.side,
                described,
            )
            sys.stdout.write(f"{made} pairs in {options.folder}\n")
            return 0
        pairs = json.loads((options.folder / "key.json").read_text())["pairs"]
        answers = read_answers((options.folder / "answers.tsv").read_text())
        sys.stdout.write(
            count_answers(answers, {name: entry["retouched"] for name, entry in pairs.items()}).text()
        )
    except RetouchError as error:
        sys.stderr.write(f"{error.explain()}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
