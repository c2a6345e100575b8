"""The user's own defaults: ``config.toml`` in the configuration folder.

A wrong value is named in a warning, and the built-in default is used instead: a mistake in this file stops no
command.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from retouchml import toml
from retouchml.errors import UsageError
from retouchml.presets import library
from retouchml.presets.library import NATURAL
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE
from retouchml.system import files
from retouchml.translation import LANGUAGES

DEFAULT_MODEL = "ffhq-mobile"
DEFAULT_DEVICE = "auto"
LOCAL = "local"
"""The name of this machine among the remotes."""
EngineName = Literal["torch", "tensorflow1"]
ENGINES: tuple[EngineName, ...] = ("torch", "tensorflow1")
"""The libraries that can run the generator, the default first."""

PrecisionName = Literal["auto", "float32", "float16", "bfloat16"]
PRECISIONS: tuple[PrecisionName, ...] = ("auto", "float32", "float16", "bfloat16")
"""The number types in which a generator can compute, the default first, which chooses one by the device."""

_LONGEST = 1 << 20  # bytes of a file of settings
_MOST_MINUTES = 100_000
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:[0-9]{1,3})?")


@dataclass(frozen=True)
class Settings:
    """Defaults of the command line's options of the same names.

    strength, texture: None for the preset's own; keep_alive: minutes without work after which the daemon
    unloads the models, negative for never, None for the daemon's default; language: one of
    ``translation.LANGUAGES``, "" for the system's; remote: the daemon of another machine, as
    ``client.remotes`` names it, "" for this machine's; remote_fallback: whether this machine does an editor's
    work while that one cannot be reached; scorer: of the user's own taste, as ``own_parts`` names it, "" for
    the standard one; scores: whether the command line and the editors show how faces are rated; models_url:
    where models are fetched first, ``url`` in the section ``models``, "" for nowhere
    """

    model: str = DEFAULT_MODEL
    device: str = DEFAULT_DEVICE
    preset: str = NATURAL
    strength: float | None = None
    texture: float | None = None
    engine: EngineName = ENGINES[0]
    precision: PrecisionName = PRECISIONS[0]
    language: str = ""
    keep_alive: float | None = None
    remote: str = ""
    remote_fallback: bool = False
    scorer: str = ""
    scores: bool = False
    models_url: str = ""


def is_device(text: str) -> bool:
    """Whether ``text`` names a device as ``--device`` takes it, such as auto, cpu, cuda, cuda:1 or xpu."""
    return _DEVICE.fullmatch(text) is not None


def is_web_address(text: object) -> bool:
    """Whether ``text`` is an address that models can be fetched from."""
    return isinstance(text, str) and _WEB_ADDRESS.fullmatch(text) is not None


def load(path: Path) -> tuple[Settings, tuple[str, ...]]:
    """The settings in ``path``, and warnings, one sentence each, about values that cannot be used."""
    try:
        text = files.read_bounded(path, _LONGEST).decode("utf-8-sig")  # Windows' editors may put a mark first
        stored = toml.loads(text)
    except FileNotFoundError:
        return Settings(), ()
    # ValueError: no TOML, or no UTF-8; RecursionError: brackets in brackets
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Settings(), (f"{path} is ignored: {reason}.",)
    return _usable(stored, path)


def store(path: Path, name: str, value: str | float | None) -> None:
    """Set one setting in the file, and leave every other line of it as it is. value: None to unset it.

    Raises UsageError for a value that cannot be used, a file with a mistake, and one that cannot be written.
    """
    is_valid, description = _CHECKS[name]
    if value is not None and not is_valid(value):
        raise UsageError(f"{name} is {value!r}, but must be {description}.")
    line = [] if value is None else [f"{name} = {json.dumps(value, ensure_ascii=False)}"]
    try:
        text = files.read_bounded(path, _LONGEST).decode("utf-8-sig") if path.exists() else ""
        lines = text.splitlines()
        first_table = next((at for at, each in enumerate(lines) if each.lstrip().startswith("[")), len(lines))
        key = re.compile(rf"\s*{re.escape(name)}\s*=")
        place = next((at for at, each in enumerate(lines[:first_table]) if key.match(each)), None)
        if place is None:
            lines[first_table:first_table] = line
        else:
            lines[place : place + 1] = line
        text = "\n".join(lines) + "\n"
        toml.loads(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(path, text.encode())
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be changed: {reason}.") from error


def _usable(stored: Mapping[str, Any], path: Path) -> tuple[Settings, tuple[str, ...]]:
    values: dict[str, Any] = {}
    warnings = []
    for name, value in stored.items():
        if isinstance(value, dict):  # other sections belong to other parts of RetouchML
            if name == "models" and (url := value.get("url")):
                if is_web_address(url):
                    values["models_url"] = url
                else:
                    warnings.append(
                        f"{path}: models.url is {url!r}, but must be a web address; none is used."
                    )
            continue
        if name not in _CHECKS:
            warnings.append(f"{path}: {name} is not a setting; there are {', '.join(_CHECKS)}.")
            continue
        is_valid, description = _CHECKS[name]
        if is_valid(value):
            values[name] = value
        else:
            default = getattr(Settings(), name) or _UNSET[name]
            warnings.append(f"{path}: {name} is {value!r}, but must be {description}; {default} is used.")
    return Settings(**values), tuple(warnings)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_preset(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(library.preset(value))
    except UsageError:
        return False


def _slider_check(name: str) -> tuple[Callable[[Any], bool], str]:
    slider = BY_NAME[name]

    def is_valid(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and slider.accepts(value)

    return is_valid, f"a number from {slider.low:g} to {slider.high:g}"


def _is_minutes(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return -1 <= value <= _MOST_MINUTES


_UNSET = {
    "strength": "the preset's",
    "texture": "the preset's",
    "language": "the system's",
    "keep_alive": "10",
    "remote": "this machine",
    "remote_fallback": "false",
    "scorer": "the standard one",
    "scores": "false",
}
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "model": (_is_name, "the name of a model"),
    "device": (
        lambda value: isinstance(value, str) and is_device(value),
        "auto, cpu, cuda, cuda:N, mps, xpu or xpu:N",
    ),
    "preset": (_is_preset, "the name of a preset"),
    "strength": _slider_check(STRENGTH),
    "texture": _slider_check(TEXTURE),
    "engine": (lambda value: value in ENGINES, " or ".join(ENGINES)),
    "precision": (lambda value: value in PRECISIONS, "auto, float32, float16 or bfloat16"),
    "language": (lambda value: isinstance(value, str) and value in LANGUAGES, ", ".join(LANGUAGES)),
    "keep_alive": (_is_minutes, "a number of minutes, -1 for never"),
    "remote": (_is_name, "the name of a remote"),
    "remote_fallback": (lambda value: isinstance(value, bool), "true or false"),
    "scorer": (_is_name, "the name of a scorer"),
    "scores": (lambda value: isinstance(value, bool), "true or false"),
}
