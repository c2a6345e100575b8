"""Hostile and damaged files: refused with one clear error, nothing run, memory bounded.

A child process reads them all under a limit on its memory, and watches itself for anything that runs.
"""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retouchml.errors import ModelCorrupt
from stylegan2.formats import opening
from stylegan2.loading import read_network
from tests.stylegan2.formats import hostile_costs, hostile_files
from tests.stylegan2.formats.hostile_files import DATA

pytestmark = pytest.mark.slow

_MAKERS = (*hostile_files.MAKERS, *hostile_costs.MAKERS)
_SECONDS = 5.0  # of processor time for any file; most take hundredths
_ROOM = 512 << 20  # bytes beyond what the interpreter has after its imports

_CHILD = """
import json, resource, sys, time
from pathlib import Path
import torch
from retouchml.errors import RetouchError
from stylegan2.loading import read_network

read_network(Path(sys.argv[1]))  # whatever is imported late is imported now
"a".encode("cp437")  # what names in zip files are written in
room = int(sys.argv[2])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
seen = []
forbidden = ("exec", "compile", "os.", "subprocess.", "socket.", "pickle.", "import", "marshal.", "ctypes.")
watching = False

def watch(event, arguments):
    if watching and event.startswith(forbidden):
        seen.append(event)

sys.addaudithook(watch)
outcomes = {}
for path in map(Path, sys.argv[3:]):
    seen.clear()
    began = time.process_time()
    watching = True
    try:
        read_network(path)
        outcome = ["read", ""]
    except RetouchError as error:
        outcome = [type(error).__name__, error.explain()]
    except BaseException as error:
        outcome = [type(error).__name__, repr(error)]
    watching = False
    outcomes[path.stem] = [*outcome, sorted(set(seen)), time.process_time() - began]
print(json.dumps(outcomes))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """What became of each file: the error's class, its sentence, what ran, seconds of processor time."""
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for make in _MAKERS:
            (folder / f"{make.__name__}.bin").write_bytes(make())
        with (folder / "larger_than_any_network.bin").open("wb") as file:
            file.write(b"\x80\x04")
            file.truncate(opening.LARGEST_FILE + 1)
    files = [str(path) for path in sorted(folder.glob("*.bin"))]
    honest = str(DATA / "tf32_skip_as_ada.pkl")
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, honest, str(_ROOM), *files],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (folder / "ran").exists()
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


_NAMES = [*(make.__name__ for make in _MAKERS), "larger_than_any_network"]


def test_there_are_enough_of_them() -> None:
    assert len(_NAMES) >= 25


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory is measured on Linux")
@pytest.mark.parametrize("name", _NAMES)
def test_it_is_refused_and_nothing_of_it_runs(name: str, outcomes: dict[str, list[object]]) -> None:
    kind, sentence, ran, seconds = outcomes[name]
    assert kind == "ModelCorrupt", sentence
    assert ran == []
    assert isinstance(seconds, float)
    assert seconds < _SECONDS
    assert hostile_costs.SAID.get(name, "") in str(sentence)
    assert str(sentence).count(".") >= 2  # what is wrong, and what to do
    assert len(str(sentence)) < 300
    assert "\n" not in str(sentence)


_HONEST = ("tf32_cond3.pkl", "tf32_skip_as_ada.pkl", "tf32_skip_as_rosinality.pt")


@pytest.mark.parametrize("name", _HONEST)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_flipped_bytes_is_read_or_refused(name: str, data: st.DataObject, tmp_path: Path) -> None:
    whole = bytearray((DATA / name).read_bytes())
    # the interesting bytes are few among the weights: the beginning and the end are tried more often
    places = st.one_of(
        st.integers(0, 3000), st.integers(0, len(whole) - 1), st.integers(len(whole) - 9000, len(whole) - 1)
    )
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        whole[place] = value
    path = tmp_path / "fuzzed"
    path.write_bytes(bytes(whole))
    with suppress(ModelCorrupt):
        read_network(path)


@pytest.mark.parametrize(
    "start", [b"\x80\x02", b"\x80\x04dnnlib.tflib.network", b"PK\x03\x04", b"\x80\x02\x8a\n"]
)
@given(rest=st.binary(max_size=400))
def test_noise_that_begins_like_a_network_is_refused(
    start: bytes, rest: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("noise") / "noise"
    path.write_bytes(start + rest)
    with pytest.raises(ModelCorrupt):
        read_network(path)
