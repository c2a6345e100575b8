"""Ctrl-C, with a real process and a real SIGINT."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pipeline import pictures
from retouchml.cli.interrupt import Interrupt
from retouchml.errors import Cancelled, DownloadError
from tests import stand_in_backend
from tests.retouchml.running import Run, environment, files, python, results

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends a signal")

PATIENCE = 120  # seconds before a test gives up

COMMAND = """
import signal, sys
from pathlib import Path
# whoever runs the tests may ignore them
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from retouchml.cli.main import main
from tests.stand_in_backend import SlowBackend
marker, manners, *argv = sys.argv[1:]
sys.exit(main(argv, make_backend=lambda model, device: SlowBackend(Path(marker), manners)))
"""


@contextmanager
def at_work(tmp_path: Path, manners: str, *argv: object) -> Iterator["subprocess.Popen[str]"]:
    """A command that has reached its slow part."""
    marker = tmp_path / "marker"
    child = subprocess.Popen(
        python(COMMAND, marker, manners, *argv),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(child, marker)
        yield child
    finally:
        child.kill()
        child.communicate()


def wait_for(child: "subprocess.Popen[str]", path: Path) -> None:
    """Wait until the command has made a file."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_first_sigint_stops_the_work_and_leaves_nothing(tmp_path: Path, portrait: Path) -> None:
    folder = portrait.parent
    more = ["--layer", folder / "layer.png", "--json", folder / "report.json"]
    with at_work(tmp_path, "polite", "beautify", portrait, "-o", folder / "out.png", *more) as child:
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert err == "retouchml: Stopped on request; nothing was changed.\n"
    assert files(folder) == ["portrait.png"]


@pytest.mark.parametrize("manners", ["deaf", "stuck"])
def test_the_second_sigint_does_not_wait_for_work_that_does_not_listen(
    manners: str, tmp_path: Path, portrait: Path
) -> None:
    out = portrait.with_name("out.png")
    with at_work(tmp_path, manners, "beautify", portrait, "-o", out) as child:
        child.send_signal(signal.SIGINT)
        wait_for(child, tmp_path / "asked")
        assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert files(portrait.parent) == ["portrait.png"]


def test_a_batch_that_is_stopped_keeps_what_is_whole_and_goes_no_further(
    tmp_path: Path, portrait: Path, landscape: Path
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    command = ["beautify", landscape, portrait, landscape.parent / "third.png", "-o", out, "--json", report]
    with at_work(tmp_path, "polite", *command) as child:
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert results(out) == ["landscape.png"]
    assert not report.exists()
    assert err.splitlines()[-1] == (
        "retouchml: Stopped: 1 of 3 pictures is done. To go on, give the same command with `--existing skip`."
    )
    assert "third" not in err


def test_pictures_that_failed_do_not_count_as_done(
    run: Run, folder: Path, portrait: Path, landscape: Path, tmp_path: Path
) -> None:
    class Impatient(stand_in_backend.Backend):
        def open(self, pixels: Any, **options: Any) -> stand_in_backend.Photo:
            if int(pixels.flat[0]) == 2:
                raise KeyboardInterrupt
            return super().open(pixels, **options)

    missing = folder / "missing.png"
    ran = run("beautify", landscape, missing, portrait, "-o", tmp_path / "out", backend=Impatient())
    assert ran.code == 130
    assert "1 of 3 pictures is done" in ran.err.splitlines()[-1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_shutdown_and_a_closed_terminal_stop_the_work_as_ctrl_c_does(
    number: signal.Signals, code: int, tmp_path: Path, portrait: Path
) -> None:
    with at_work(tmp_path, "polite", "beautify", portrait, "-o", portrait.with_name("out.png")) as child:
        child.send_signal(number)
        _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == code
    assert err == "retouchml: Stopped on request; nothing was changed.\n"
    assert files(portrait.parent) == ["portrait.png"]


def test_work_that_does_not_listen_to_a_shutdown_is_ended_without_a_second_signal(
    tmp_path: Path, portrait: Path
) -> None:
    with at_work(tmp_path, "stuck", "beautify", portrait, "-o", portrait.with_name("out.png")) as child:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=PATIENCE)
    assert child.returncode == 143


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_while_a_result_is_written_leaves_no_temporary_file(
    name: str, run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, seen = pictures.encode_picture, []

    def interrupted(file: BinaryIO, *arguments: Any) -> tuple[str, ...]:
        seen.extend(files(portrait.parent))
        signal.raise_signal(getattr(signal, name))
        return encode(file, *arguments)

    monkeypatch.setattr(pictures, "encode_picture", interrupted)
    former = signal.signal(getattr(signal, name), signal.SIG_DFL)  # whoever runs the tests may ignore it
    try:
        ran = run("beautify", portrait, "-o", portrait.with_name("o.png"))
    finally:
        signal.signal(getattr(signal, name), former)
    assert ran.code in (143, 129)
    assert len(seen) == 2
    assert files(portrait.parent) == ["portrait.png"]


@pytest.mark.parametrize("which", [0, 1], ids=["the first file", "the second file"])
def test_sigint_while_results_are_written_leaves_nothing(
    which: int, run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, written = pictures.encode_picture, []

    def interrupted(file: BinaryIO, *arguments: Any) -> tuple[str, ...]:
        notes = encode(file, *arguments)
        written.append(Path(file.name).exists())
        if len(written) == which + 1:
            signal.raise_signal(signal.SIGINT)
        return notes

    monkeypatch.setattr(pictures, "encode_picture", interrupted)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = run(
            "beautify", portrait, "-o", portrait.with_name("o.png"), "--layer", portrait.with_name("l.png")
        )
    finally:
        signal.signal(signal.SIGINT, former)
    assert (ran.code, ran.err) == (130, "retouchml: Stopped.\n")
    assert written == [True] * (which + 1)
    assert files(portrait.parent) == ["portrait.png"]


def test_sigint_that_was_ignored_from_the_start_stays_ignored(tmp_path: Path, portrait: Path) -> None:
    interrupt = Interrupt()
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupt.installed():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, former)
    assert not interrupt.is_set()


def test_the_former_handler_comes_back() -> None:
    # a shell starts what runs in the background with the signal ignored
    found = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Interrupt().installed():
            assert signal.getsignal(signal.SIGINT) != signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, found)


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """An installed Interrupt, whoever may ignore SIGINT around here."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    instance = Interrupt()
    try:
        with instance.installed():
            yield instance
    finally:
        signal.signal(signal.SIGINT, former)


def test_work_that_polls_is_not_torn_out_of_its_step(interrupt: Interrupt) -> None:
    seen = []

    def work() -> None:
        with interrupt.polled() as cancel:
            seen.append(cancel.is_set())
            signal.raise_signal(signal.SIGINT)
            seen.append(cancel.is_set())

    with pytest.raises(Cancelled):
        work()
    assert seen == [False, True]


def test_work_that_fails_because_of_the_sigint_was_cancelled(interrupt: Interrupt) -> None:
    def work() -> None:
        with interrupt.polled():
            signal.raise_signal(signal.SIGINT)
            raise DownloadError("The download broke off.")

    with pytest.raises(Cancelled):
        work()


def test_work_that_fails_by_itself_was_not_cancelled(interrupt: Interrupt) -> None:
    with pytest.raises(DownloadError), interrupt.polled():
        raise DownloadError("The download broke off.")


def test_work_that_does_not_poll_is_left_at_once(interrupt: Interrupt) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert interrupt.is_set()


def test_no_step_begins_once_somebody_asked_to_stop(interrupt: Interrupt) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(Cancelled), interrupt.polled():
        pytest.fail("the step has begun")


def test_another_thread_can_run_commands_without_signals() -> None:
    outcome: list[BaseException | None] = []

    def work() -> None:
        try:
            with Interrupt().installed():
                outcome.append(None)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == [None]
