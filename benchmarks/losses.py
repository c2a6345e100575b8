"""A batch that is killed, finds its disk full, and meets bad files: do report and results agree?

    python -m benchmarks.losses [--pictures 1000] [--way here|ray|remote] [--kills 8] [--real] [--keep FOLDER]

The pictures are made first: small ones of the stand-in backend, or with --real of faces that the generator
drew and of the bundled portrait, in the public domain. Every 25th is no picture, or half of one, or empty;
every 40th shows no face. The command is killed again and again, with `kill -9`; over a network, the daemon's
worker, too. Once the disk is full: the results lie on a small tmpfs, or, where none can be mounted, no file
may grow beyond a bound. Then it is let to its end, and every picture, every result and every line of the
report is compared. With --real the look is of local sliders alone, which need no generator. The exit code is
1 if anything is missing, half, twice or wrong.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from retouchml import paths
from retouchml.client import connection_file
from tests import stand_in_backend
from tests.conftest import PORTRAIT
from tests.daemon.running import start as start_daemon
from tests.retouchml.cli.batch import cluster_backend

_ROOT = Path(__file__).parents[1]
_BAD, _NO_FACE = 25, 40  # every so manieth
_PAGE = 4096  # bytes
_SIDE = 256  # pixels of a real face
_DRAWN = 24  # by the generator
_PATIENCE = 600.0  # seconds without any new result
_EDITS = ("teeth=0.6", "eye_whites=0.6", "under_eyes=0.6", "lips=0.6")  # all have lips, not all eyes or teeth
_LOOK = ("--strength", "0", *(word for edit in _EDITS for word in ("--edit", edit)))
_STAND_IN = (
    "import sys; from retouchml.cli.main import main; from tests.stand_in_backend import Backend; "
    "sys.exit(main(sys.argv[1:], make_backend=Backend))"
)
_ON_CLUSTER = (
    "import sys; from retouchml.cli.main import main; "
    "from tests.retouchml.cli.batch.cluster_backend import make; "
    "sys.exit(main(sys.argv[1:], make_backend=make))"
)
_PLAIN = "import sys; from retouchml.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True)
class Trial:
    """One batch. folders of its pictures and results; its report; the command; whether models are real"""

    pictures: Path
    results: Path
    report: Path
    command: Sequence[str]
    real: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Print what happened; 1 if anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--way", choices=("here", "ray", "remote"), default="here")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--real", action="store_true", help="with the real models")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work there, and leave all of it")
    arguments = parser.parse_args(argv)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rml")))
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="losses")))
        if arguments.real:
            (home / "data").mkdir()
            (home / "data" / "models").symlink_to(paths.models_dir())
        os.environ["RETOUCHML_HOME"] = str(home)
        expected = make_pictures(folder / "in", arguments.pictures, real=arguments.real)
        workers, command = _way(arguments, home, stack)
        trial = _trial(folder, command, real=arguments.real)
        started = time.monotonic()
        disk = SmallDisk(trial.results, _room_for(trial.pictures) * 7 // 10)
        stack.callback(disk.close)
        kills = random.Random(0).sample(
            range(1, len(expected) // 2), min(arguments.kills, len(expected) // 3)
        )
        for number, kill_at in enumerate(sorted(kills)):
            _killed(trial, kill_at, workers() if number % 2 else [])
        full = _ended(trial, disk.limit)
        fitted = _count(trial.results)
        disk.grow()
        last = _ended(trial, None)
        faults = differences(trial, expected)
        counts = Counter(expected.values())
        sys.stdout.write(
            f"{len(expected)} pictures, {arguments.way}: {counts['done']} retouched, {counts['no_face']} "
            f"without a face, {counts['failed']} bad ones; {len(kills)} kills, then {disk.kind} "
            f"({fitted} results, exit code {full}), then to the end (exit code {last}) "
            f"in {time.monotonic() - started:.0f} s\n"
            f"{len(faults)} differences between pictures, results and report\n"
        )
        for fault in faults[:20]:
            sys.stdout.write(f"  {fault}\n")
    return int(bool(faults) or last != 1)  # the bad ones failed


def make_pictures(folder: Path, count: int, *, real: bool) -> dict[str, str]:
    """Write the pictures; what is to become of each, by its name below the folder."""
    faces = _faces() if real else []
    expected = {}
    for number in range(count):
        name = f"{number % 7}/{number}.png"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_empty = number % _NO_FACE == _NO_FACE - 1
        pixels = _real(number, faces, is_empty) if real else _numbered(number, 0 if is_empty else 1)
        Image.fromarray(pixels).save(path)
        expected[name] = "no_face" if is_empty else "done"
        if number % _BAD == _BAD - 1:
            content = path.read_bytes()
            path.write_bytes((b"", b"no picture at all", content[: len(content) // 2])[number // _BAD % 3])
            expected[name] = "failed"
    return expected


def differences(trial: Trial, expected: Mapping[str, str]) -> list[str]:
    """What is missing, half, twice or wrong in the results and the report."""
    found = [f"{name}: {text}" for name, status in expected.items() if (text := _fault(trial, name, status))]
    below = (path.relative_to(trial.results) for path in trial.results.rglob("*") if path.is_file())
    names = {
        name.as_posix() for name in below if not any(part.startswith(".retouchml") for part in name.parts)
    }
    found += [f"{name}: nobody asked for it" for name in sorted(names - set(expected))]
    lines: dict[str, list[str]] = {}
    for line in trial.report.read_text().splitlines():
        item = json.loads(line)
        name = Path(item["image"]).relative_to(trial.pictures).as_posix()
        lines.setdefault(name, []).append(item["status"])
        if item["status"] != "failed" and item["output"] != str(trial.results / name):
            found.append(f"{name}: its line names {item['output']}")
    for name, status in expected.items():
        last = lines.get(name, ["no line"])[-1]
        # what was written before a kill has its line from the next command, which skips it
        if last != status and not (last == "skipped" and status != "failed"):
            found.append(f"{name}: {status} was expected, and its last line says {last}")
        if lines.get(name, []).count("done") > 1:
            found.append(f"{name}: it was retouched twice")
    return found


def _fault(trial: Trial, name: str, status: str) -> str:
    """What is wrong with the result of a picture; "" if nothing is."""
    source, result = trial.pictures / name, trial.results / name
    if status == "failed":
        return "a result of a bad file" if result.exists() else ""
    if not result.exists():
        return "no result"
    if status == "no_face":
        return "" if result.read_bytes() == source.read_bytes() else "changed without a face"
    try:
        with Image.open(source) as before, Image.open(result) as after:
            pair = np.array(before), np.array(after)
    except OSError as error:
        return f"half a result: {error}"
    if pair[0].shape != pair[1].shape:
        return "another size"
    if trial.real:
        return "" if (pair[0] != pair[1]).any() else "unchanged"
    box = stand_in_backend.faces_of(1)[0].box
    rows, columns = slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])
    pair[0][rows, columns] = 255 - pair[0][rows, columns]
    return "" if np.array_equal(*pair) else "another picture's pixels"


class SmallDisk:
    """A place for the results with little room, which ``grow`` makes large.

    kind: in words; limit: bytes beyond which no file may grow, where no small disk can be made; else None
    """

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.is_mounted = self._mount(f"size={max(size, 64 << 10)}")
        self.limit = None if self.is_mounted else 3000
        self.kind = "a full disk" if self.is_mounted else "a bound on the size of files"

    def grow(self) -> None:
        """Let there be room."""
        if self.is_mounted:
            self._mount("remount,size=4g")
        self.limit = None

    def close(self) -> None:
        """Take it away."""
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", self._folder], check=False, capture_output=True)

    def _mount(self, options: str) -> bool:
        if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
            return False
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self._folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _trial(folder: Path, command: Sequence[str], *, real: bool) -> Trial:
    pictures, results, report = folder / "in", folder / "out", folder / "report.jsonl"
    own = [str(pictures), "-o", str(results), "--recursive", "--existing", "skip", "--report", str(report)]
    look = _LOOK if real else ()
    return Trial(pictures, results, report, [*command[:3], "beautify", *own, *look, *command[3:]], real)


def _way(
    arguments: argparse.Namespace, home: Path, stack: ExitStack
) -> tuple[Callable[[], list[psutil.Process]], list[str]]:
    """Further processes to kill, and the command: Python, ``-c``, its code, and options."""
    code = _PLAIN if arguments.real else _STAND_IN
    if arguments.way == "here":
        return list, [sys.executable, "-c", code]
    if arguments.way == "ray":
        os.environ[cluster_backend.LOG] = str(home / "begun")
        return list, [sys.executable, "-c", _PLAIN if arguments.real else _ON_CLUSTER, "--ray=local"]
    daemon = start_daemon("--tcp", "127.0.0.1:0", **({"backend": ""} if arguments.real else {}))
    stack.callback(daemon.close)
    file = home / "studio.json"
    own = connection_file.read(paths.runtime_dir() / connection_file.NAME)
    connection_file.write(file, own.at(own.endpoint))
    client = stack.enter_context(tempfile.TemporaryDirectory(prefix="rml"))
    os.environ["RETOUCHML_HOME"] = client
    address = own.endpoint.removeprefix("tcp://")
    adding = [sys.executable, "-c", _PLAIN, "remote", "add", str(file), "--host", address, "--name", "studio"]
    subprocess.run(adding, check=True, env=_environment(), capture_output=True)

    def workers() -> list[psutil.Process]:
        return psutil.Process(daemon.process.pid).children(recursive=True)

    return workers, [sys.executable, "-c", _PLAIN, "--remote", "studio"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT)}


def _start(trial: Trial, limit: "int | None") -> "subprocess.Popen[bytes]":
    def bound() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    return subprocess.Popen(
        trial.command,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=bound,
    )


def _killed(trial: Trial, kill_at: int, others: Sequence[psutil.Process]) -> None:
    """Run the command until there are so many results, and kill it and the others; or until it ends."""
    process = _start(trial, None)
    latest, count = time.monotonic(), -1
    while process.poll() is None and (now := _count(trial.results)) < kill_at:
        if now != count:
            latest, count = time.monotonic(), now
        if time.monotonic() - latest > _PATIENCE:
            break
        time.sleep(0.005)
    for other in others:
        with suppress(psutil.Error):
            other.kill()
    if others:
        time.sleep(0.2)
    process.kill()
    process.wait()


def _ended(trial: Trial, limit: "int | None") -> int:
    return _start(trial, limit).wait()


def _count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*.png") if not path.name.startswith("."))


def _room_for(folder: Path) -> int:
    """Bytes that the pictures take on a disk."""
    sizes = (path.stat().st_size for path in folder.rglob("*.png"))
    return sum(-(-size // _PAGE) * _PAGE for size in sizes)


def _numbered(number: int, faces: int) -> "np.typing.NDArray[np.uint8]":
    """A picture of the stand-in that no other number has."""
    pixels = stand_in_backend.picture(faces).astype(np.uint8)
    pixels[0, 0, 1:] = 0
    pixels[-1, -1] = number & 255, number >> 8 & 255, number >> 16
    return pixels


def _faces() -> "list[np.typing.NDArray[np.uint8]]":
    """Faces that the generator drew, and the portrait [256, 256, 3]."""
    from pipeline.networks import load_networks
    from pipeline.taste.faces import DrawnFaces
    from retouchml.settings import DEFAULT_MODEL

    drawn = DrawnFaces(load_networks(DEFAULT_MODEL, "cpu").generator, 18)
    faces = [drawn.shown(number) for number in range(_DRAWN)]
    large = [np.rint(np.clip(face, 0.0, 1.0) * 255.0).astype(np.uint8) for face in faces]
    with Image.open(PORTRAIT) as image:
        large.append(np.asarray(image.convert("RGB")))
    sizes = (_SIDE, _SIDE)
    return [np.asarray(Image.fromarray(each).resize(sizes, Image.Resampling.LANCZOS)) for each in large]


def _real(
    number: int, faces: "list[np.typing.NDArray[np.uint8]]", is_empty: bool
) -> "np.typing.NDArray[np.uint8]":
    """One of the faces, in a light and with a noise of its own; or noise alone."""
    rng = np.random.default_rng(number)
    face = np.full((_SIDE, _SIDE, 3), 128.0) if is_empty else faces[number % len(faces)].astype(np.float64)
    if number // len(faces) % 2:
        face = face[:, ::-1]
    values = face * rng.uniform(0.8, 1.1) + rng.normal(0.0, 1.0, face.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
