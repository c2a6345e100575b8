"""``retouchml label`` and ``rate`` as processes, with the real generator."""

import json
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import marks
from tests.conftest import at_home
from tests.retouchml.running import environment, python

pytestmark = pytest.mark.processes


@pytest.fixture
@marks.marks_tests("models")
def home(real_home: Path) -> Iterator[Path]:
    """A home with the models."""
    with at_home(real_home):
        yield real_home


@contextmanager
def asking(*words: object) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A command that serves a page, and the page's address."""
    command = [python("")[0], "-m", "retouchml", *map(str, words), "--no-browser"]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("http://127.0.0.1:"):
                    break
            else:
                pytest.fail("".join(said))
            yield process, line.strip()
        finally:
            process.kill()


def fetched(address: str, place: str) -> bytes:
    """What the page has at a place."""
    with urllib.request.urlopen(address + place, timeout=120) as answer:
        content: bytes = answer.read()
    return content


def answer(address: str, choice: str) -> dict[str, Any]:
    """Answer the open question."""
    question = json.loads(fetched(address, "state"))["question"]
    headers = {"Content-Type": "application/json", "Origin": address.rsplit("/", 2)[0]}
    body = json.dumps({"question": question, "choice": choice}).encode()
    request = urllib.request.Request(f"{address}answer", body, headers)
    with urllib.request.urlopen(request, timeout=120) as reply:
        state: dict[str, Any] = json.load(reply)
    return state


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and last words after Ctrl-C."""
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.usefixtures("home")
@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_labels_are_kept_and_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / "private" / "round.json"
    with asking("label", "round_face", "--file", file) as (process, address):
        state = answer(address, "yes")
        assert fetched(address, f"face/{state['faces'][0]}").startswith(b"\xff\xd8")  # a JPEG
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        other = subprocess.run(
            [python("")[0], "-m", "retouchml", "label", "round_face", "--file", str(file), "--no-browser"],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (other.returncode, other.stdout) == (2, "")
        assert f"Another command has {file} open." in other.stderr
        assert ended(process) == (0, f"1 answers are in {file}.\n")
    with asking("label", "round_face", "--file", file) as (process, address):
        assert json.loads(fetched(address, "state"))["answered"] == 1
        answer(address, "no")
        ended(process)
    kept = json.loads(file.read_text())
    assert [(each["face"], each["answer"]) for each in kept["answers"]] == [(0, "yes"), (1, "no")]
    assert [path.name for path in file.parent.iterdir()] == ["round.json"]  # no lock, no half file


@pytest.mark.usefixtures("home")
@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C as POSIX does")
def test_pairs_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    with asking("rate", "--file", file) as (process, address):
        for choice in ("left", "tie", "right"):
            answer(address, choice)
        assert ended(process) == (0, f"3 answers are in {file}.\n")
    kept = json.loads(file.read_text())
    assert (kept["format"], kept["version"], kept["question"]) == ("retouchml-ratings", 1, "mine")
    assert [each["answer"] for each in kept["answers"]] == ["left", "tie", "right"]
