"""``--ray`` on a real cluster of several raylets; skipped where Ray is not installed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

from retouchml.cli.batch.cluster_tasks import AT_ONCE
from tests.retouchml.cli.batch.cluster_backend import (
    DEADLY,
    ENDLESS,
    HELD,
    HUNGRY,
    LOG,
    close_gate,
    open_gate,
    picture,
)
from tests.retouchml.running import ROOT, Run, environment, load, python, results, results_but_parts, save

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None or sys.platform == "win32", reason="Ray is not installed: pip install ray"
)
pytestmark = [
    pytest.mark.processes,
    # Ray's own
    pytest.mark.filterwarnings("ignore"),
]
_PATIENCE = 120.0
_COMMAND = """
import sys
from retouchml.cli.main import main
from tests.retouchml.cli.batch.cluster_backend import make
sys.exit(main(sys.argv[1:], make_backend=make))
"""
_AT_MEMORY = """
import sys
import fsspec
from retouchml.cli.main import main
from tests.retouchml.cli.batch.cluster_backend import make
store = fsspec.filesystem("memory")
store.put(sys.argv[1] + "/", "/in/", recursive=True)
code = main(sys.argv[3:], make_backend=make)
store.get("/out/", sys.argv[2] + "/", recursive=True)
sys.exit(code)
"""
_HERE = """
import sys
from retouchml.cli.main import main
from tests.stand_in_backend import Backend
sys.exit(main(sys.argv[1:], make_backend=Backend))
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the actors begin."""
    return tmp_path_factory.mktemp("log") / "begun"


@pytest.fixture(scope="module")
def cluster(log: Path) -> Iterator[Any]:
    """A cluster without any room yet."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install ray")
    from ray.cluster_utils import Cluster

    changed = {"PYTHONPATH": str(ROOT), LOG: str(log), "RAY_DEDUP_LOGS": "0"}
    former = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    made.shutdown()
    for name, value in former.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def nodes(cluster: Any, log: Path) -> Iterator["list[Any]"]:
    """Two machines with room for one actor each."""
    log.write_text("")
    close_gate(log)
    added = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    yield added
    for node in added:
        if node in cluster.worker_nodes:
            cluster.remove_node(node, allow_graceful=True)


def start(command: "list[str]") -> "subprocess.Popen[str]":
    """Start a command that finds the project and these tests."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(), cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
def begin(cluster: Any, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts commands on the cluster, with a report."""
    begun: list[subprocess.Popen[str]] = []

    def begin_one(*more: object) -> "subprocess.Popen[str]":
        arguments = ["beautify", tmp_path / "in", "-o", tmp_path / "out", f"--ray={cluster.address}"]
        report = ["--report", tmp_path / "report.jsonl"]
        command = python(_COMMAND, *arguments, *report, *more)
        begun.append(start(command))
        return begun[-1]

    yield begin_one
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def lose(cluster: Any, node: Any) -> None:
    """Remove a machine as a power cut does: its workers end too, before they can hand in what they hold.

    Ray's own ``remove_node`` kills the raylet alone; a worker may answer once more before it notices.
    """
    workers = psutil.Process(node.all_processes["raylet"][0].process.pid).children(recursive=True)
    cluster.remove_node(node, allow_graceful=False)
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
    assert until(lambda: all(map(is_over, workers)))


def is_over(process: psutil.Process) -> bool:
    """Whether it runs no more; nobody may ever collect it where its parent was killed first."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def pictures(folder: Path, tenths: "list[int]") -> "list[str]":
    (folder / "in").mkdir()
    names = [f"{number:02d}.png" for number in range(len(tenths))]
    for number, (name, each) in enumerate(zip(names, tenths, strict=True)):
        save(folder / "in" / name, picture(number, each))
    return names


def lines(folder: Path) -> "list[tuple[str, str]]":
    read = [json.loads(line) for line in (folder / "report.jsonl").read_text().splitlines()]
    return [(Path(each["image"]).name, each["status"]) for each in read]


def noted(folder: Path) -> "set[str]":
    """The pictures that the journal has as done; the file of another may be there a moment sooner."""
    journal = folder / "out" / ".retouchml" / "journal.jsonl"
    whole = journal.read_text().rpartition("\n")[0].splitlines() if journal.exists() else []
    entries = [json.loads(line) for line in whole]
    return {each["name"] for each in entries if each["results"]}


def begun(log: Path) -> "Counter[int]":
    return Counter(int(line.split()[0]) for line in log.read_text().splitlines())


def workers(log: Path) -> "set[int]":
    """The processes that have begun a picture."""
    return {int(line.split()[1]) for line in log.read_text().splitlines()}


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and not condition():
        time.sleep(0.05)
    return condition()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = process.communicate(timeout=_PATIENCE)
    return process.returncode, said


@needs_ray
def test_all_machines_work_and_the_results_are_those_of_this_machine(
    nodes: "list[Any]", begin: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    names = pictures(tmp_path, [HELD, 1, 2, 1, 2, 1])
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    process = begin("--layer", tmp_path / "layers")
    assert until(lambda: len(workers(log)) == len(nodes))
    open_gate(log)
    code, said = ended(process)
    assert (code, said.count("\n")) == (1, 1), said
    assert str(tmp_path / "in" / "broken.png") in said
    assert lines(tmp_path) == [*((name, "done") for name in names), ("broken.png", "failed")]
    here = ["beautify", tmp_path / "in", "-o", tmp_path / "here", "--layer", tmp_path / "layers-here"]
    assert subprocess.run(python(_HERE, *here), env=environment(), cwd=ROOT, check=False).returncode == 1
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
        assert (tmp_path / "layers" / name).read_bytes() == (tmp_path / "layers-here" / name).read_bytes()


@needs_ray
def test_a_machine_that_is_lost_in_the_middle_costs_no_picture(
    cluster: Any, nodes: "list[Any]", begin: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    names = pictures(tmp_path, [HELD] * 12)
    process = begin()
    assert until(lambda: len(workers(log)) == 2)
    lose(cluster, nodes[1])
    open_gate(log)
    assert ended(process) == (0, "")
    assert lines(tmp_path) == [(name, "done") for name in names]
    assert results(tmp_path / "out") == names
    assert all(load(tmp_path / "out" / name).shape == (24, 40, 3) for name in names)
    # what the lost machine retouched or encoded was begun again, and nothing else
    counts = sorted(begun(log).values())
    assert counts[:-AT_ONCE] == [1] * (12 - AT_ONCE)
    assert counts[-1] == 2


@needs_ray
def test_a_picture_that_kills_its_process_is_set_aside_after_two(
    nodes: "list[Any]", begin: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    pictures(tmp_path, [1, DEADLY, 1, 1])
    code, said = ended(begin())
    assert code == 1
    assert "ended unexpectedly, twice" in said
    assert [status for _, status in lines(tmp_path)] == ["done", "failed", "done", "done"]
    assert begun(log)[1] == 2
    assert results(tmp_path / "out") == ["00.png", "02.png", "03.png"]


@needs_ray
def test_a_picture_for_which_there_is_no_memory_costs_itself_alone(
    nodes: "list[Any]", begin: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    pictures(tmp_path, [1, HUNGRY, *[1] * 6])
    code, said = ended(begin())
    assert code == 1
    assert "There is not enough memory." in said
    assert [status for _, status in lines(tmp_path)] == ["done", "failed", *["done"] * 6]
    assert set(begun(log).values()) == {1}
    assert len(workers(log)) <= len(nodes)  # the process that had none goes on


@needs_ray
def test_a_command_that_was_killed_goes_on_and_does_nothing_twice(
    nodes: "list[Any]", begin: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    names = pictures(tmp_path, [*[0] * 4, *[HELD] * 4])
    process = begin()
    assert until(lambda: len(noted(tmp_path)) >= 3)
    process.send_signal(signal.SIGKILL)
    process.wait(_PATIENCE)
    open_gate(log)
    kept = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in noted(tmp_path)}
    assert ended(begin("--existing", "skip")) == (0, "")
    assert results_but_parts(tmp_path / "out") == names
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in kept} == kept
    counts = begun(log)
    assert all(counts[names.index(name)] == 1 for name in kept)


@needs_ray
def test_a_command_that_is_stopped_ends_soon(
    nodes: "list[Any]", begin: Callable[..., Any], log: Path, tmp_path: Path
) -> None:
    pictures(tmp_path, [0, *[ENDLESS] * 5])
    process = begin()
    assert until(lambda: (tmp_path / "out" / "00.png").exists() and len(begun(log)) == 3)
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 130
    assert "1 of 6" in said
    # the first, and one for each process, which is ended with it; those that were sent ahead are not begun
    assert sum(begun(log).values()) == 3
    assert until(lambda: not any(map(psutil.pid_exists, workers(log))))


@needs_ray
def test_pictures_and_results_at_urls_need_no_disk_of_the_machines(
    cluster: Any, nodes: "list[Any]", log: Path, tmp_path: Path
) -> None:
    names = pictures(tmp_path, [HELD, *[1] * 5])
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    report = ["--report", "memory://out/report.jsonl"]
    ray = [f"--ray={cluster.address}", "--layer", "memory://out/layers"]
    command = ["beautify", "memory://in", "-o", "memory://out/pictures", *report, *ray]
    process = start(python(_AT_MEMORY, tmp_path / "in", tmp_path / "out", *command))
    assert until(lambda: len(workers(log)) == len(nodes))
    open_gate(log)
    code, said = ended(process)
    assert (code, said.count("\n")) == (1, 1), said
    assert "memory://in/broken.png" in said
    here = ["beautify", tmp_path / "in", "-o", tmp_path / "here", "--layer", tmp_path / "layers"]
    assert subprocess.run(python(_HERE, *here), env=environment(), cwd=ROOT, check=False).returncode == 1
    for name in names:
        assert (tmp_path / "out" / "pictures" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
        assert (tmp_path / "out" / "layers" / name).read_bytes() == (tmp_path / "layers" / name).read_bytes()
    read = [json.loads(line) for line in (tmp_path / "out" / "report.jsonl").read_text().splitlines()]
    assert [each["image"] for each in read] == [f"memory://in/{name}" for name in [*names, "broken.png"]]
    assert read[0]["output"] == "memory://out/pictures/00.png"


@needs_ray
def test_a_bucket_of_s3_goes_on_after_its_command_and_a_machine_were_lost(
    cluster: Any, nodes: "list[Any]", log: Path, s3: Any, tmp_path: Path
) -> None:
    names = pictures(tmp_path, [*[0] * 4, *[HELD] * 4])
    s3.put(f"{tmp_path / 'in'}/", "photos/cluster/in/", recursive=True)
    to_bucket = ["beautify", "s3://photos/cluster/in", "-o", "s3://photos/cluster/out"]
    command = [*to_bucket, f"--ray={cluster.address}", "--existing", "skip"]

    def made() -> "list[str]":
        s3.invalidate_cache()
        return sorted(name.rpartition("/")[2] for name in s3.glob("photos/cluster/out/*.png"))

    process = start(python(_COMMAND, *command))
    assert until(lambda: len(made()) >= 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    open_gate(log)
    lose(cluster, nodes[1])
    assert ended(start(python(_COMMAND, *command, "--report", "s3://photos/cluster/report.jsonl"))) == (0, "")
    assert made() == names
    s3.get("photos/cluster/out/", f"{tmp_path / 'out'}/", recursive=True)
    assert all(load(tmp_path / "out" / name).shape == (24, 40, 3) for name in names)
    reported = [json.loads(line) for line in s3.cat_file("photos/cluster/report.jsonl").splitlines()]
    assert [each["image"] for each in reported] == [f"s3://photos/cluster/in/{name}" for name in names]
    assert {each["status"] for each in reported} == {"skipped", "done"}


@needs_ray
def test_where_no_cluster_is_it_is_said(tmp_path: Path) -> None:
    pictures(tmp_path, [0])
    command = python(_COMMAND, "beautify", tmp_path / "in", "-o", tmp_path / "out", "--ray=127.0.0.1:1")
    ran = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "There is no Ray cluster at 127.0.0.1:1" in ran.stderr


def test_without_ray_it_says_how_to_get_it(
    run: Run, portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not installed
    ran = run("beautify", portrait, "-o", tmp_path / "out", "--ray")
    assert ran.code == 2
    assert "Ray is not installed. `pip install 'retouchml[ray]'`" in ran.err
