"""The checks of ``retouchml doctor``: Python, packages, models, devices, folders, settings, the daemon."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from retouchml import engine
from retouchml.errors import ModelCorrupt
from retouchml.set_up_command import set_up_again, set_up_command

if TYPE_CHECKING:
    from retouchml.system.editors import Editor, Profile

OLDEST_PYTHON = (3, 11)
_OLDEST_LIGHT_PYTHON = (3, 10)  # without the engine
_LIGHT_PACKAGES = ("msgpack", "platformdirs", "zmq")
_OF_THE_ENGINE = ("packages", "models", "devices", "engines")
_LITTLE_DISK = 1_000_000_000  # bytes; below it, models or the cache soon find no room
_GIGABYTE = 1e9
_ANSWER_SECONDS = 5.0

# imported module: the distributions that contain it, first the one to install
PACKAGES = {
    "PIL": ("pillow",),
    "cv2": (
        "opencv-python-headless",
        "opencv-contrib-python-headless",
        "opencv-python",
        "opencv-contrib-python",
    ),
    "dlib": ("dlib-bin", "dlib"),
    "imagecodecs": ("imagecodecs",),
    "msgpack": ("msgpack",),
    "numpy": ("numpy",),
    "onnx": ("onnx",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "platformdirs": ("platformdirs",),
    "psutil": ("psutil",),
    "safetensors": ("safetensors",),
    "tifffile": ("tifffile",),
    "torch": ("torch",),
    "zmq": ("pyzmq",),
}


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    topic:  "python", "packages", "set-up", "engine", "models", "devices", "engines", "folders", "settings",
            "daemon" or "editors"
    state:  for a person
    ok:     whether it is as it should be
    needed: whether retouching needs it to be ok
    advice: what to do; "" for nothing
    """

    topic: str
    name: str
    state: str
    ok: bool = True
    needed: bool = False
    advice: str = ""


def findings() -> Iterator[Finding]:
    """The results of all checks; nothing that is missing or broken raises."""
    yield python()
    yield from packages()
    here = (models, devices, engines) if engine.is_beside() else (engine_elsewhere,)
    names = {engine_elsewhere: "engine", set_up: "set-up"}
    for check in (set_up, *here, folders, settings, daemon, editors):
        yield from _guarded(names.get(check, check.__name__), check)


def python() -> Finding:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    needed = OLDEST_PYTHON if engine.is_beside() else _OLDEST_LIGHT_PYTHON
    oldest = ".".join(map(str, needed))
    ok = sys.version_info >= needed
    advice = "" if ok else f"Install Python {oldest} or newer, and RetouchML with it."
    return Finding("python", "python", f"{version} at {sys.executable}", ok, True, advice)


def packages() -> Iterator[Finding]:
    """Every third-party module: its version, or why it cannot be used."""
    for module, distributions in PACKAGES.items():
        if module not in _LIGHT_PACKAGES and not engine.is_beside():
            continue
        try:
            imported = _import(module)
        except ModuleNotFoundError as error:
            state = "missing" if error.name == module else f"broken: {error}"
        except Exception as error:
            state = f"broken: {error}"
        else:
            yield Finding("packages", distributions[0], _version(imported, distributions), needed=True)
            continue
        how = "install" if state == "missing" else "install --force-reinstall"
        advice = f"Install it with `{sys.executable} -m pip {how} {distributions[0]}`."
        yield Finding("packages", distributions[0], state, False, True, advice)


def set_up() -> Iterator[Finding]:
    """How RetouchML came here, and whether its set-up was finished."""
    from retouchml.cli import doctor_setup

    yield from doctor_setup.set_up()


def engine_elsewhere() -> Iterator[Finding]:
    """The engine in its own environment: what its own doctor finds of packages, models and devices."""
    from retouchml import __version__
    from retouchml.client import launch
    from retouchml.errors import RetouchError

    try:
        command, environment = launch.find_interpreter()
    except RetouchError as error:
        yield Finding("engine", "engine", error.message, False, True, error.advice)
        return
    ask = [*command, "-m", "retouchml"]
    outcome = subprocess.run(
        [*ask, "doctor", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    try:
        found = [Finding(**fields) for fields in json.loads(outcome.stdout)["findings"]]
    except (ValueError, KeyError, TypeError):
        last = (outcome.stderr.strip().splitlines() or ["it said nothing"])[-1]
        advice = set_up_again()
        yield Finding("engine", "engine", f"{command[0]} does not work: {last}", False, True, advice)
        return
    version = subprocess.run(
        [*ask, "--version"], env=environment, capture_output=True, text=True, check=False
    ).stdout.split()[-1:]
    state = f"version {version[0] if version else 'unknown'}, with {command[0]}"
    ok = version == [__version__]
    advice = "" if ok else f"This is version {__version__}. {set_up_again()}"
    yield Finding("engine", "engine", state, ok, advice=advice)
    yield from (finding for finding in found if finding.topic in _OF_THE_ENGINE)


def models() -> Iterator[Finding]:
    """Every model of the zoo."""
    from stylegan2 import zoo

    for model in zoo.models():
        advice = f"Fetch it with `retouchml models fetch {model.name}` ({model.size_text})."
        if not zoo.is_installed(model.name):
            if model.without:
                yield Finding("models", model.name, f"not here; {model.without}", False, False, advice)
            elif model.default:
                yield Finding("models", model.name, "not here", False, True, advice)
            else:
                yield Finding("models", model.name, "not here; retouching does not need it")
            continue
        try:
            zoo.verify(model.name)
        except ModelCorrupt as error:
            yield Finding("models", model.name, error.message, False, model.default, error.advice)
        else:
            yield Finding("models", model.name, "installed and intact", needed=model.default)


def devices() -> Iterator[Finding]:
    """The devices that torch can use."""
    yield Finding("devices", "cpu", f"{os.cpu_count() or 1} cores")
    torch = _import("torch")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(count):
        yield Finding("devices", f"cuda:{index}", str(torch.cuda.get_device_name(index)))
    if count == 0:
        yield _no_cuda(torch, [str(warning.message) for warning in caught])
    for index in range(torch.xpu.device_count()):
        yield Finding("devices", f"xpu:{index}", str(torch.xpu.get_device_name(index)))
    mps = torch.backends.mps.is_available()
    if mps or sys.platform == "darwin":
        yield Finding("devices", "mps", "available" if mps else "not available")


def engines() -> Iterator[Finding]:
    """Check whether TensorFlow 1, the other engine, is installed and works."""
    from retouchml.errors import DeviceError
    from stylegan2.tensorflow1 import installation

    name = "tensorflow1"
    if not installation.is_installed():
        yield Finding("engines", name, "not here; retouching does not need it")
        return
    try:
        yield Finding("engines", name, f"TensorFlow {installation.version()} works")
    except DeviceError as error:
        yield Finding("engines", name, error.message, False, advice=error.advice)


def folders() -> Iterator[Finding]:
    """RetouchML's folders: whether they can be written to, their modes, and the room in them."""
    from retouchml import paths

    by_name = {
        "config": paths.config_dir(),
        "data": paths.data_dir(),
        "models": paths.models_dir(),
        "cache": paths.cache_dir(),
        "run": paths.runtime_dir(),
    }
    for name, folder in by_name.items():
        yield _folder(name, folder)


def settings() -> Iterator[Finding]:
    """``config.toml``."""
    from retouchml import paths
    from retouchml.settings import load
    from retouchml.system.file_names import SETTINGS

    file = paths.config_dir() / SETTINGS
    _, problems = load(file)
    for problem in problems:
        yield Finding("settings", SETTINGS, problem, False, advice=f"Mend it in {file}.")
    if not problems:
        state = str(file) if file.is_file() else "none: the defaults hold"
        yield Finding("settings", SETTINGS, state)


def daemon() -> Iterator[Finding]:
    """The daemon: the interpreter that editors start it with, whether one runs, and whether it answers."""
    from retouchml import __version__
    from retouchml.client import launch
    from retouchml.client.client import Client
    from retouchml.errors import DaemonAbsent, RetouchError

    try:
        yield Finding("daemon", "interpreter", launch.find_interpreter()[0][0])
    except DaemonAbsent as error:
        yield Finding("daemon", "interpreter", error.message, False, advice=error.advice)
    try:
        with Client(name="retouchml doctor") as client:
            status = client.status().result(_ANSWER_SECONDS)
    except DaemonAbsent:
        yield Finding("daemon", "daemon", "none runs; it is started when needed")
    except RetouchError as error:
        yield Finding("daemon", "daemon", error.message, False, advice=error.advice)
    else:
        workers = ", ".join(f"{worker.device} {worker.state}" for worker in status.workers)
        state = f"process {status.pid}, version {status.software}; workers: {workers}"
        ok = status.software == __version__
        advice = "" if ok else f"This is version {__version__}: `retouchml daemon restart` replaces it."
        yield Finding("daemon", "daemon", state, ok, advice=advice)


def editors() -> Iterator[Finding]:
    """The plug-in in each profile of each editor, its version, and what keeps it from working."""
    from retouchml.system.editors import EDITORS, GIMP

    for editor in EDITORS:
        profiles = editor.find()
        for profile in profiles:
            yield _plugin(editor, profile)
        if not profiles:
            yield Finding("editors", editor.title, "no profile was found")
    has_own_python = sys.platform in ("win32", "darwin")
    if not has_own_python and any(not each.sandbox or each.may_be_shared for each in GIMP.find()):
        yield _python_of_gimp()


def _plugin(editor: "Editor", profile: "Profile") -> Finding:
    from retouchml import __version__
    from retouchml.system.editors import plugin_version

    folder = profile.plugins / editor.folder
    version = plugin_version(folder)
    install = set_up_command(editor.name)
    if version is None:
        return Finding("editors", profile.title, "no plug-in", advice=f"`{install}` puts it there.")
    state = f"plug-in {version or 'of unknown version'} in {folder}"
    if version != __version__:
        advice = f"This is version {__version__}: `{install}` brings the plug-in up to date."
        return Finding("editors", profile.title, state, False, advice=advice)
    advice = ""
    if profile.sandbox:
        advice = (
            "It runs in a sandbox, for which a daemon listens that was started after the plug-in was put "
            "there: `retouchml daemon restart`."
        )
    return Finding("editors", profile.title, state, advice=advice)


def _python_of_gimp() -> Finding:
    from retouchml.system.editors import python_of_gimp

    python = python_of_gimp()
    if python is None:
        advice = (
            "Without it GIMP hides plug-ins in Python. Install python3-gi and gir1.2-gimp-3.0, or their like."
        )
        return Finding("editors", "Python for GIMP", "no python3 has gi", False, advice=advice)
    if python:
        state = f"{python}; the first python3 on the path lacks gi, and `{set_up_command('gimp')}` minds that"
        return Finding("editors", "Python for GIMP", state)
    return Finding("editors", "Python for GIMP", "the first python3 on the path has gi")


def _guarded(topic: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except ImportError as error:
        advice = "Install the missing packages first."
        yield Finding(topic, topic, f"not looked at: {error}", False, advice=advice)
    except Exception as error:
        yield Finding(topic, topic, f"not looked at: {error}", False)


def _import(module: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(module)


def _version(module: ModuleType, distributions: tuple[str, ...]) -> str:
    for distribution in distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return str(getattr(module, "__version__", "of unknown version"))


def _no_cuda(torch: Any, messages: list[str]) -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("devices", "cuda", "not available")
    if torch.version.cuda is None:
        advice = "An NVIDIA driver is here, but this torch was built without CUDA: install the build with it."
        return Finding("devices", "cuda", "not available", False, advice=advice)
    reason = f": {messages[0].splitlines()[0]}" if messages else ""
    return Finding("devices", "cuda", f"not available{reason}", False, advice="Update the NVIDIA driver.")


def _folder(name: str, folder: Path) -> Finding:
    existing = next(level for level in (folder, *folder.parents) if level.exists())
    free = shutil.disk_usage(existing).free
    state = str(folder)
    if existing != folder:
        state += ", made when needed"
    elif sys.platform != "win32":  # where modes mean nothing
        state += f", mode {stat.S_IMODE(folder.stat().st_mode):04o}"
    state += f", {free / _GIGABYTE:.1f} GB free"
    problem = _why_not_writable(existing)
    if problem:
        advice = f"Make {existing} writable for you."
        return Finding("folders", name, f"{state}, {problem}", False, advice=advice)
    if free < _LITTLE_DISK:
        advice = "Make room there, or move RetouchML's files with RETOUCHML_HOME."
        return Finding("folders", name, state, False, advice=advice)
    return Finding("folders", name, state)


def _why_not_writable(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} is not a folder"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"not writable ({error.strerror})"
