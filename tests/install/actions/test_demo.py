"""``demo`` as people run it: real virtual environments and a real pip, in a checkout in small."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install import small_checkout
from tests.install.small_checkout import Ready
from tests.other_processes import processes_naming, wait_for

fcntl = pytest.importorskip("fcntl", reason="locks, signals and folders of POSIX")
pytestmark = pytest.mark.processes

CLOSED = {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple/"}


@pytest.fixture
def silent_index() -> Iterator["SilentIndex"]:
    index = SilentIndex()
    yield index
    index.close()


class SilentIndex:
    """A package index that takes a request and never answers it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.asked = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/simple/"
        self.settings = {"PIP_NO_INDEX": "0", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": url}

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self._open.append(connection)
            if connection.recv(1) == b"":
                return
            self.asked.set()

    def close(self) -> None:
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        for connection in self._open:
            connection.close()
        self._listener.close()


# ---- what works


def test_demo_sets_everything_up_and_says_where_before_and_after_lie(ready: Ready) -> None:
    checkout = ready.checkout
    assert (ready.first.returncode, ready.first.stderr) == (0, "")
    assert ready.calls == ["retouchml models fetch --default", "retouchml beautify -o --compare --force"]
    after, both = checkout.top / "demo" / "after.png", checkout.top / "demo" / "before-and-after.png"
    assert after.read_text() == "retouched"
    assert f"after   {after}\n" in ready.first.stdout
    assert f"both    {both}\n" in ready.first.stdout
    steps = [line.split("  ")[0] for line in ready.first.stdout.splitlines()[:6]]
    assert steps[:2] == ["virtual environment", "RetouchML, its packages"]
    assert steps[2].startswith("torch 2.13.0")
    assert steps[3:] == ["a first look at the packages", "reader of HEIF", "reader of JPEG XL"]


def test_editors_are_told_which_interpreter_to_start(ready: Ready) -> None:
    file = ready.checkout.home / "data" / "install.json"
    assert json.loads(file.read_text()) == {
        "python": str(ready.checkout.venv / "bin" / "python"),
        "version": "0.1.0",
        "checkout": str(ready.checkout.top),
    }
    assert [path.name for path in file.parent.iterdir()] == ["install.json"]


def test_a_second_run_installs_nothing_and_needs_no_network(ready: Ready) -> None:
    before = ready.checkout.log()
    result = ready.checkout.run("demo", **CLOSED)
    assert (result.returncode, result.stderr) == (0, "")
    assert "torch" not in result.stdout
    assert "virtual environment" not in result.stdout
    assert ready.checkout.log() == before
    # whether the models are here is for RetouchML to say
    assert ready.checkout.calls()[0] == "retouchml models fetch --default"


def test_a_repair_makes_the_environment_anew_once_the_daemon_is_stopped(ready: Ready, tmp_path: Path) -> None:
    checkout = ready.copy(tmp_path)
    assert checkout.run("dev").returncode == 0
    checkout.calls()
    damaged = next(checkout.venv.glob("lib/python*/site-packages/msgpack.py"))
    damaged.unlink()
    result = checkout.run("demo")
    assert (result.returncode, damaged.exists()) == (0, False), "its stamp fits"
    checkout.calls()
    result = checkout.run("demo", "--repair")
    assert (result.returncode, damaged.exists()) == (0, True), result.stderr
    assert result.stdout.startswith("virtual environment")
    assert checkout.calls()[0] == "retouchml daemon stop"
    assert checkout.stamp()["dev"] is True, "the tools for tests are there again"


def test_a_checkout_that_was_moved_gets_a_new_environment(ready: Ready, tmp_path: Path) -> None:
    checkout = ready.copy(tmp_path)
    result = checkout.run("dev")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("virtual environment")
    assert checkout.stamp()["checkout"] == str(checkout.top)
    assert str(checkout.top) in (checkout.venv / "bin" / "pip").read_text()


def test_changed_requirements_are_installed_without_another_torch(ready: Ready) -> None:
    project = ready.checkout.top / "pyproject.toml"
    content = project.read_text()
    project.write_text(content + "\n# another requirement\n")
    try:
        result = ready.checkout.run("demo")
    finally:
        project.write_text(content)
        assert ready.checkout.run("demo").returncode == 0
        ready.checkout.calls()
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("RetouchML, its packages")


def test_another_installation_is_waited_for(ready: Ready) -> None:
    with (ready.checkout.venv / "retouchml-install.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = ready.checkout.start("demo")
        assert child.stdout is not None
        assert "waiting" in child.stdout.readline()
        assert child.poll() is None
    _, errors = child.communicate(timeout=120)
    assert (child.returncode, errors) == (0, "")
    ready.checkout.calls()


# ---- what fails


def test_without_a_network_one_sentence_says_so_and_the_next_run_goes_on(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    result = checkout.run("demo", **CLOSED)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "package index" in result.stderr
    assert "pip config list" in result.stderr
    assert str(checkout.venv / "retouchml-install.log") in result.stderr
    result = checkout.run("demo")
    assert (result.returncode, result.stderr) == (0, "")
    assert "virtual environment" not in result.stdout


@pytest.mark.parametrize("command", ["models", "beautify"])
def test_what_retouchml_cannot_do_ends_the_demo_with_its_own_sentence(ready: Ready, command: str) -> None:
    result = ready.checkout.run("demo", FAIL_AT=command)
    ready.checkout.calls()
    assert result.returncode == 1
    assert result.stderr.startswith("retouchml: it did not work.\n")
    assert len(result.stderr.splitlines()) == 2
    assert "before" not in result.stdout


def test_an_environment_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    checkout.venv.mkdir()
    (checkout.venv / "mine").touch()
    result = checkout.run("demo")
    assert result.returncode == 1
    assert "was not made by this installer" in result.stderr
    assert [path.name for path in checkout.venv.iterdir()] == ["mine"]
    assert checkout.run("uninstall", "--yes").stdout == "There is nothing to remove.\n"
    assert (checkout.venv / "mine").exists()


def test_a_file_in_the_place_of_the_environment_is_named(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    checkout.venv.touch()
    result = checkout.run("demo")
    assert result.returncode == 1
    assert str(checkout.venv) in result.stderr
    assert len(result.stderr.splitlines()) == 1


# ---- what pip may take


def test_a_file_that_is_not_the_one_that_was_tested_is_refused_by_name(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    small_checkout.write_wheel(tmp_path / "packages", "parts", "1.0", {"numpy.py": "evil = True"})
    result = checkout.run("demo")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("The downloaded file of parts==1.0 has the wrong checksum")
    assert "proxy" in result.stderr
    assert not list(checkout.venv.glob("lib/*/site-packages/numpy.py"))
    # with the right one, the next run goes on
    small_checkout.write_wheel(tmp_path / "packages", "parts", "1.0")
    result = checkout.run("demo")
    assert (result.returncode, result.stderr) == (0, "")
    assert not result.stdout.startswith("virtual environment")


def test_a_reader_of_pictures_that_was_exchanged_is_not_passed_over(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    small_checkout.write_wheel(tmp_path / "packages", "pillow_heif", "1.0", {"pillow_heif.py": "evil = True"})
    result = checkout.run("demo")
    assert result.returncode == 1
    assert "pillow-heif==1.0 has the wrong checksum" in result.stderr
    assert "all else works" not in result.stdout
    assert checkout.stamp()["project"] == ""


def test_a_machine_for_which_one_reader_has_no_wheel_gets_the_other(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    packages = tmp_path / "packages"
    (packages / "pyjpegxl-1.0-py3-none-any.whl").rename(packages / "pyjpegxl-1.0-cp311-cp311-win_arm64.whl")
    result = checkout.run("demo")
    assert (result.returncode, result.stderr) == (0, "")
    assert "JPEG XL files cannot be read on this machine" in result.stdout
    assert list(checkout.venv.glob("lib/*/site-packages/pillow_heif.py"))


def test_a_python_for_which_nothing_was_built_is_told_so(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    packages = tmp_path / "packages"
    (packages / "parts-1.0-py3-none-any.whl").rename(packages / "parts-1.0-cp310-cp310-any.whl")
    result = checkout.run("demo")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "has no parts==1.0 for this Python and this system" in result.stderr


def test_a_package_that_nobody_listed_is_not_installed(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    wheel = small_checkout.write_wheel(tmp_path / "packages", "parts", "1.0", needs="stranger")
    small_checkout.write_wheel(tmp_path / "packages", "stranger", "1.0")
    (checkout.top / "install" / "requirements" / "packages.txt").write_text(small_checkout.requirement(wheel))
    result = checkout.run("demo")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("The list of packages that were tested lacks stranger")
    assert not list(checkout.venv.glob("lib/*/site-packages/stranger.py"))


def test_without_a_build_of_torch_for_the_cpu_the_listed_one_is_taken_and_checked(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    (tmp_path / "packages" / "torch-2.13.0+cpu-py3-none-any.whl").unlink()
    right = small_checkout.write_wheel(tmp_path, "torch", "2.13.0")
    small_checkout.write_wheel(tmp_path / "packages", "torch", "2.13.0", {"torch.py": "evil = True"})
    result = checkout.run("demo", PATH="/usr/bin:/bin")
    assert result.returncode == 1
    assert "torch===2.13.0 has the wrong checksum" in result.stderr
    right.replace(tmp_path / "packages" / right.name)
    result = checkout.run("demo", PATH="/usr/bin:/bin")
    assert (result.returncode, result.stderr) == (0, "")
    assert "the build with CUDA" in result.stdout


def test_a_card_gets_the_listed_torch_though_one_for_the_cpu_is_at_hand(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 999.1\n")
    driver.chmod(0o755)
    result = checkout.run("demo", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert (result.returncode, result.stderr) == (0, "")
    (folder,) = checkout.venv.glob("lib/*/site-packages/torch-*.dist-info")
    assert folder.name == "torch-2.13.0.dist-info"


def test_torch_from_another_index_brings_what_it_needs(ready: Ready, tmp_path: Path) -> None:
    """Its libraries are on the ordinary index, and on no list."""
    checkout = ready.copy(tmp_path)
    torch_index, ordinary = tmp_path / "index" / "torch", tmp_path / "ordinary"
    torch_index.mkdir(parents=True)
    ordinary.mkdir()
    wheel = small_checkout.write_wheel(torch_index, "torch", "2.13.0+cu999", needs="cudalib")
    (torch_index / "index.html").write_text(f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>')
    small_checkout.write_wheel(ordinary, "cudalib", "1.0")
    links = f"{checkout.environment['PIP_FIND_LINKS']} {ordinary}"
    settings = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": ordinary.as_uri(), "PIP_FIND_LINKS": links}
    result = checkout.run("demo", "--torch-index", torch_index.parent.as_uri(), **settings)
    assert (result.returncode, result.stderr) == (0, "")
    names = {path.name for path in checkout.venv.glob("lib/*/site-packages/*.dist-info")}
    assert {"torch-2.13.0+cu999.dist-info", "cudalib-1.0.dist-info"} <= names


def test_other_listed_versions_are_installed_at_the_next_run(ready: Ready, tmp_path: Path) -> None:
    checkout = ready.copy(tmp_path)
    assert checkout.run("demo").returncode == 0
    wheel = small_checkout.write_wheel(tmp_path, "pillow_heif", "2.0")
    (checkout.top / "install" / "requirements" / "heif.txt").write_text(small_checkout.requirement(wheel))
    result = checkout.run("demo", PIP_FIND_LINKS=str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    (module,) = checkout.venv.glob("lib/*/site-packages/pillow_heif.py")
    assert "2.0" in module.read_text()


# ---- interruptions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_in_the_middle_leaves_nothing_that_passes_for_an_environment(
    tmp_path: Path, silent_index: SilentIndex, number: signal.Signals
) -> None:
    checkout = small_checkout.make(tmp_path)
    child = checkout.start("demo", **silent_index.settings)
    assert silent_index.asked.wait(120)
    child.send_signal(number)
    output, errors = child.communicate(timeout=120)
    assert child.returncode == 130
    assert errors.startswith("Interrupted.")
    assert len(errors.splitlines()) == 1
    assert output.splitlines()[-1].endswith("stopped")
    wait_for(lambda: not processes_naming(str(checkout.top)))
    assert not (checkout.venv / "tmp").exists()
    if number == signal.SIGTERM:
        result = checkout.run("demo")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.startswith("virtual environment")


def test_an_interruption_while_the_environment_is_made_is_one_sentence(tmp_path: Path) -> None:
    checkout = small_checkout.make(tmp_path)
    child = checkout.start("demo")
    wait_for((checkout.venv / "pyvenv.cfg").exists)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 130
    assert len(errors.splitlines()) == 1
    assert not (checkout.venv / "retouchml-install.json").exists()
    wait_for(lambda: not processes_naming(str(checkout.top)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_during_the_retouch_lets_it_clean_up(ready: Ready, number: signal.Signals) -> None:
    child = ready.checkout.start("demo", HANG_AT="beautify")
    calls = Path(ready.checkout.environment["CALLS"])
    wait_for(lambda: calls.exists() and "beautify" in calls.read_text())
    child.send_signal(number)
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 130
    assert len(errors.splitlines()) == 1
    assert ready.checkout.calls()[-1] == "retouchml cleaned up"
