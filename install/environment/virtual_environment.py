"""Makes ``.venv``: a virtual environment with torch, the packages and this checkout, whole or not at all."""

import importlib.util
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from install import own_interpreter, processes
from install.checkout import (
    COMMAND_LINE,
    ENGINE_KEPT,
    FIRST_HASHES,
    IS_PACKAGED,
    LOCK,
    LOG,
    PYTHON,
    STAMP,
    VENV,
)
from install.console import Console
from install.data_folders import own_record, put_back_record, withdraw_record
from install.disk_space import check_free_space
from install.environment import engine_wheel, first_hashes, first_pip, requirements, stamp, torch_build
from install.environment.picture_formats import add_picture_formats
from install.environment.pip_install import PipError, arrivals, download, install
from install.environment.stamp import Stamp
from install.errors import InstallError
from retouchml.system import setup_reports

_FIRST_IMPORT = (
    "import cv2, dlib, msgpack, numpy, onnxruntime, PIL, platformdirs, psutil, safetensors"
    ", tifffile, torch, zmq"
)


class _CannotBeHad(InstallError):
    """No build of torch can be had, or none has room; what was installed is as it was."""

    @classmethod
    def like(cls, error: InstallError) -> "_CannotBeHad":
        """The same sentence and advice."""
        return cls(error.message, error.advice, error.code)


def set_up(
    console: Console,
    *,
    dev: bool,
    torch_index: str | None = None,
    newest: bool = False,
    device: str | None = None,
    anew: bool = False,
) -> None:
    """Make the virtual environment, or bring it up to date; does nothing if it is up to date.

    dev:         with the tools for tests
    torch_index: address of a package index for torch alone
    newest:      with the newest versions that pip finds, in place of those that were tested
    device:      what torch is to use: auto, cpu or cuda; None for what was said last, or else auto
    anew:        whatever the environment holds

    While it changes, ``install.json`` does not name it: editors start no half of an engine.

    Raises InstallError.
    """
    if VENV.is_dir() and not LOCK.exists() and any(VENV.iterdir()):
        raise InstallError(f"{VENV} was not made by this installer.", "Move it away, then run this again.")
    waiting = "Another installation is at work in this checkout; waiting for it."
    with processes.exclusive(LOCK, lambda: console.say(waiting)):
        former = own_record()
        _bring_up_to_date(console, dev, torch_index, newest, device, anew)
        put_back_record(former)


def _bring_up_to_date(
    console: Console, dev: bool, torch_index: str | None, newest: bool, device: str | None, anew: bool
) -> None:
    now = stamp.read()
    former = now.device if now else ""
    device = device or former
    dev = dev or (now is not None and now.dev)  # tools that are here come back with a new environment
    if anew or now is None or not now.fits() or not _interpreter_works(now):
        LOG.unlink(missing_ok=True)
        now = _make(console)
    if now.device != device:
        now = replace(now, device=device)
        stamp.write(now)
    if newest:
        _add_newest(console, now, torch_index)
        return
    digest = stamp.project_digest()
    outdated = now.project != digest or (dev and not now.dev)
    if outdated:
        _add_packages(console, now, dev=dev)
    choice = torch_build.choose(torch_index, device=device or "auto")
    if _needs_torch(now, choice, torch_index):
        try:
            now = _add_torch(console, now, choice, torch_index)
        except _CannotBeHad as error:
            if choice.kind == "cpu" or choice.kind != device:
                raise
            # else every set-up to come, and every press of a button, would try the same and fail
            stamp.write(replace(now, device=former if former != device else ""))
            raise _forgotten(error, device) from error
    if outdated:
        done = replace(now, project=digest, dev=dev)
        _look(console, now)
        add_picture_formats(console)
        stamp.write(done)


def _make(console: Console) -> Stamp:
    missing = [module for module in ("venv", "ensurepip") if importlib.util.find_spec(module) is None]
    brings_pip = missing == ["ensurepip"] and first_pip.can_come()
    if missing and not brings_pip:
        raise _no_venv(f"this Python lacks the module {missing[0]}")
    check_free_space(VENV, torch_build.CPU.room)
    own_interpreter.check()
    withdraw_record()
    with console.step("virtual environment") as tick:
        _clear()
        # this Python may run in another virtual environment, on which the new one must not depend
        base = getattr(sys, "_base_executable", None) or sys.executable
        command = [base, "-m", "venv", *(["--without-pip"] if brings_pip else []), VENV]
        outcome = processes.run(command, tick)
        if brings_pip and outcome.code == 0:
            outcome = first_pip.add(tick)
    if outcome.code != 0:
        if "ensurepip" in outcome.output:
            raise _no_venv("this Python cannot put pip into it")
        raise InstallError(
            f"The virtual environment could not be made: {outcome.last_line}", f"The log is {LOG}."
        )
    fresh = Stamp.fresh()
    stamp.write(fresh)
    return fresh


def _add_torch(console: Console, now: Stamp, choice: torch_build.Choice, torch_index: str | None) -> Stamp:
    if choice.note:
        console.say(choice.note)
    broken: PipError | None = None  # what kept a small build from coming, if it is there at all
    for build in choice.builds:
        if build.question and not console.agrees(build.question):
            console.report(large=torch_build.LARGE_SIZE)  # an editor's page has a button for it
            raise _no_small_torch(broken)
        last = build is choice.builds[-1]
        try:
            check_free_space(VENV, build.room)
        except InstallError as error:
            if last:
                raise _CannotBeHad.like(error) from error
            if build.kind in ("", "cpu"):
                raise
            console.say(f"{error.message} A smaller build is taken.")
            continue
        done = replace(now, torch=choice.version_of(build), index=stamp.index_digest(torch_index))
        try:
            calls = (build.arguments, build.then)
            _pip(console, build.title, calls, now, done, are_listed=build.listed)
        except PipError as error:
            if not (error.missing or (build.optional and error.harmless)):
                raise
            if last:
                raise _CannotBeHad.like(error) from error
            broken = broken if error.missing else error
            continue
        if IS_PACKAGED:  # a checkout's environment may build extensions
            torch_build.drop_unused(VENV)
        return done
    raise AssertionError("the last build was either installed or raised")


def _forgotten(error: InstallError, device: str) -> InstallError:
    """The error to raise where a build that was asked for cannot be had."""
    then = f"`{COMMAND_LINE}` goes on without it; with `--device {device}` it is tried again."
    return InstallError(error.message, f"{error.advice} {then}".lstrip(), error.code)


def _no_small_torch(broken: PipError | None) -> InstallError:
    advice = f"`{COMMAND_LINE} --device cuda` fetches the one with CUDA (2.7 GB): it needs no GPU."
    why = f" {broken.message} Try again." if broken else ""
    return InstallError(
        f"The build of torch for the CPU cannot be had here.{why}",
        "" if setup_reports.are_wanted() else advice,
    )


def _add_packages(console: Console, now: Stamp, *, dev: bool) -> None:
    check_free_space(VENV, torch_build.CPU.room // 2)
    if IS_PACKAGED:
        _keep_engine(console)
        with TemporaryDirectory(dir=VENV) as folder:
            calls = (requirements.arguments(requirements.PACKAGES), engine_wheel.arguments(Path(folder)))
            _pip(console, "the engine and its packages", calls, now, now)
        return
    title = "RetouchML, its packages" + (" and tools for tests" if dev else "")
    names = (requirements.PACKAGES, *([requirements.DEV] if dev else []))
    # relative to the checkout, so that brackets in its own name do not look like extras; it is built by what
    # the file lists, where pip's isolation would fetch the newest setuptools, unchecked
    checkout = ("--no-deps", "--no-build-isolation", "--editable", ".")
    _pip(console, title, (requirements.arguments(*names), checkout), now, now)


def _keep_engine(console: Console) -> None:
    def fetch(arguments: Sequence[str]) -> None:
        with console.step("the engine's wheel") as tick:
            download(arguments, tick)

    # before anything is changed: an update that cannot have it leaves the engine as it was
    engine_wheel.keep(fetch)


def _add_newest(console: Console, now: Stamp, torch_index: str | None) -> None:
    """The newest versions of everything, torch among them, for a test of what is to come."""
    check_free_space(VENV, torch_build.LARGE.room)
    arguments = ("--upgrade", "--upgrade-strategy", "eager", "--editable", ".[dev]")
    index = ("--extra-index-url", torch_index) if torch_index else ()
    done = replace(now, torch=stamp.NEWEST, project=stamp.NEWEST, index="", dev=True)
    _pip(console, "RetouchML with the newest packages", ((*index, *arguments),), now, done)
    _look(console, done)
    add_picture_formats(console, newest=True)


def _look(console: Console, now: Stamp) -> None:
    """Import the packages; if that fails, the next run makes the environment anew. Raises InstallError."""
    with console.step("a first look at the packages") as tick:
        outcome = processes.run([PYTHON, "-c", _FIRST_IMPORT], tick)
    if outcome.code != 0:
        stamp.write(replace(now, busy=True))
        raise InstallError(
            f"The installed packages do not work here: {outcome.last_line}", f"The log is {LOG}."
        )


def _pip(
    console: Console,
    title: str,
    calls: Sequence[tuple[str, ...]],
    now: Stamp,
    done: Stamp,
    *,
    are_listed: bool = True,
) -> None:
    """Run pip with each of ``calls``; the next run notices if this one is killed in the middle.

    are_listed: whether lists have the hashes of what comes; if not, it has to be what came first
    """
    bring = install if are_listed else first_hashes.install
    former = withdraw_record()
    stamp.write(replace(now, busy=True))
    with console.step(title, arrivals=arrivals()) as tick:
        try:
            for arguments in filter(None, calls):
                bring(arguments, tick)
        except PipError as error:
            if error.harmless:
                stamp.write(now)
                put_back_record(former)
            raise
    stamp.write(done)


def _needs_torch(now: Stamp, choice: torch_build.Choice, torch_index: str | None) -> bool:
    if torch_index:
        return (now.torch, now.index) != (choice.version, stamp.index_digest(torch_index))
    return not choice.is_met_by(now.torch)


def _interpreter_works(now: Stamp) -> bool:
    # after an upgrade of the system's Python, the interpreter may be gone or look for packages elsewhere
    try:
        outcome = processes.run(
            [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], log=False
        )
    except OSError:
        return False
    return outcome.code == 0 and outcome.last_line == now.python


def _clear() -> None:
    STAMP.unlink(missing_ok=True)
    for path in VENV.iterdir():
        if path in (LOCK, LOG, FIRST_HASHES, ENGINE_KEPT):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _no_venv(reason: str) -> InstallError:
    name = Path(sys.executable).name
    version = ".".join(map(str, sys.version_info[:2]))
    return InstallError(
        f"A virtual environment cannot be made: {reason}.",
        f"On Debian and Ubuntu, `apt install python{version}-venv`; elsewhere, install {name} whole.",
    )
