"""Can somebody tell which slider was moved, and which way? Photographs beside what a slider makes of them.

    python -m benchmarks.naming make FOLDER [--sliders NAME,NAME] [--faces N] [--render MODE] PHOTO...
    python -m benchmarks.naming count FOLDER

``make`` writes, for each slider, pairs of so many faces, the photograph on the left; which end the slider was
moved to is random, and so is the order. The key is in key.json, which the viewer must not open, the names of
the sliders are in sliders.txt. A line of answers.tsv is: the pair's number, the slider, and + or - for its
direction; ? for what cannot be told. ``count`` compares the answers with the key.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.blind import make_folder, pair_of
from pipeline.local_face import face_crop
from pipeline.pictures import read_picture
from pipeline.retoucher import Retoucher
from pipeline.working_space import WorkingSpace
from retouchml import Look
from retouchml.errors import RetouchError, UsageError
from retouchml.look import RENDERS

EXPRESSION = ("smile", "eyes", "mouth", "brows", "yaw", "pitch", "age")
DIRECTIONS = {"+": 1.0, "-": -1.0}
_HEADER = "pair\tslider\tdirection\n"
_UNKNOWN = "?"


@dataclass(frozen=True)
class Moved:
    """A slider, and the end to which it was moved: + or -; ? for what a viewer could not tell."""

    slider: str
    direction: str


def make(folder: Path, photos: Sequence[Path], arguments: argparse.Namespace) -> int:
    """Write the pairs of the largest faces of the photos, and the key; returns how many pairs there are.

    arguments: those of the command. Raises RetouchError.
    """
    make_folder(folder)
    sliders: list[str] = arguments.sliders
    random = np.random.default_rng(arguments.seed)
    names = [f"{number:03}" for number in random.permutation(arguments.faces * len(sliders)) + 1]
    # shuffled, so that nobody can tell a photograph's last slider by its others
    bag = [str(name) for name in random.permutation(sliders * arguments.faces)]
    retoucher = Retoucher()
    key: dict[str, dict[str, str]] = {}
    for index in random.permutation(len(photos)):
        if len(key) == len(names):
            break
        path = photos[int(index)]
        mine = bag[len(key) : len(key) + len(sliders)]
        for moved, pair in _pairs(retoucher, path, mine, arguments, random):
            name = names[len(key)]
            cv2.imwrite(str(folder / f"pair-{name}.png"), pair[..., ::-1])
            key[name] = {"photo": path.name, "slider": moved.slider, "direction": moved.direction}
    described = {"render": arguments.render, "seed": arguments.seed, "pairs": dict(sorted(key.items()))}
    (folder / "key.json").write_text(json.dumps(described, indent=1))
    (folder / "sliders.txt").write_text("".join(f"{name}\n" for name in sliders))
    (folder / "answers.tsv").write_text(_HEADER)
    return len(key)


def _pairs(
    retoucher: Retoucher,
    path: Path,
    sliders: Sequence[str],
    arguments: argparse.Namespace,
    random: np.random.Generator,
) -> list[tuple[Moved, NDArray[np.uint8]]]:
    """A pair for each slider on the largest face of a photo; none if it shows no face."""
    picture = read_picture(path)
    photo = retoucher.open(picture.pixels, icc=picture.icc)
    if not photo.faces:
        sys.stderr.write(f"{path.name} shows no face\n")
        return []
    space = WorkingSpace.of(picture.icc)
    before, alignment = face_crop(picture.pixels, np.array(photo.faces[0].landmarks), space)
    pairs = []
    for slider in sliders:
        moved = Moved(slider, str(random.choice(list(DIRECTIONS))))
        edits = {slider: DIRECTIONS[moved.direction]}
        look = Look(strength=0.0, edits=edits, render=arguments.render)
        after = alignment.cut(photo.apply(photo.render({0: look})), space)
        pairs.append((moved, pair_of(before, after, "right", arguments.side)))
    return pairs


def read_answers(text: str) -> dict[str, Moved]:
    """What was answered to each pair, from the text of answers.tsv. Raises UsageError."""
    answers: dict[str, Moved] = {}
    for line in text.splitlines():
        pair, *said = (field.strip() for field in line.split("\t"))
        if not line.strip() or pair == "pair":
            continue
        if said == [_UNKNOWN]:
            said = [_UNKNOWN, _UNKNOWN]
        if len(said) != 2 or said[1] not in (*DIRECTIONS, _UNKNOWN):
            raise UsageError(f"{line!r} is no answer.", "Write: number, slider, + or -; or number, ?.")
        answers[pair.zfill(3)] = Moved(*said)
    return answers


def table(answers: Mapping[str, Moved], key: Mapping[str, Moved]) -> str:
    """A line for each slider: pairs, those named, those named with their direction, what else was said.

    Raises UsageError unless there is one answer for each pair.
    """
    if answers.keys() != key.keys():
        raise UsageError("The answers are not one for each pair.", f"There are {len(key)} pairs.")
    lines = []
    for slider in dict.fromkeys(moved.slider for _, moved in sorted(key.items())):
        pairs = [name for name, moved in key.items() if moved.slider == slider]
        named = [name for name in pairs if answers[name].slider == slider]
        whole = sum(answers[name] == key[name] for name in named)
        other = Counter(answers[name].slider for name in pairs if name not in named)
        rest = ", ".join(f"{name} {count}" for name, count in other.most_common())
        lines.append(
            f"{slider:18} named {len(named):3}, with direction {whole:3} of {len(pairs):3}  {rest}".rstrip()
        )
    right = sum(answers[name] == moved for name, moved in key.items())
    return "\n".join([*sorted(lines), f"{'all':18} with direction {right} of {len(key)}"]) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="write pairs into a new folder")
    making.add_argument("folder", type=Path)
    making.add_argument("photos", nargs="+", type=Path)
    making.add_argument("--sliders", type=lambda text: text.split(","), default=list(EXPRESSION))
    making.add_argument("--faces", type=int, default=20, help="for each slider (default: %(default)s)")
    making.add_argument("--render", choices=RENDERS, default=RENDERS[0])
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--side", type=int, default=512, help="pixels of a face (default: %(default)s)")
    counting = commands.add_parser("count", help="compare answers.tsv with the key")
    counting.add_argument("folder", type=Path)
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "make":
            made = make(arguments.folder, arguments.photos, arguments)
            sys.stdout.write(f"{made} pairs in {arguments.folder}\n")
        else:
            answers = read_answers((arguments.folder / "answers.tsv").read_text())
            written: dict[str, Any] = json.loads((arguments.folder / "key.json").read_text())["pairs"]
            key = {name: Moved(each["slider"], each["direction"]) for name, each in written.items()}
            sys.stdout.write(table(answers, key))
    except RetouchError as error:
        sys.stderr.write(f"{error.explain()}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
