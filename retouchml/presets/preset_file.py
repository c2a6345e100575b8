"""The file of a preset: a TOML table of sliders, with a title and a help text.

For example::

    title = "Evening"
    help = "soft skin, the shape left alone"

    [sliders]
    strength = 0.3
    texture = 0.6

A slider that is not named is not set: it has its default, or follows the strength. A line ``render =
"generated"`` or ``"auto"`` beside the title says whose pixels show expression, pose and age.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retouchml import toml
from retouchml.errors import UsageError
from retouchml.look import PHOTO, Look, RenderName, check_range, render_named
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE
from retouchml.spelling import unknown_name
from retouchml.system import files

SUFFIX = ".toml"
LONGEST_NAME, LONGEST_TITLE = 40, 60
_LARGEST = 64 << 10  # bytes of a file
_RENDER = "render"
_LONGEST = {"title": LONGEST_TITLE, "help": 200}  # characters
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")  # files of these names are devices on Windows


@dataclass(frozen=True)
class Preset:
    """A look with a name.

    title, help: for people, one line each; is_own: whether the user made it
    """

    name: str
    title: str
    help: str
    look: Look
    is_own: bool = False


def is_name(name: str) -> bool:
    """Whether ``name`` can be a preset's, and so a file's."""
    return len(name) <= LONGEST_NAME and bool(_NAME.fullmatch(name)) and not _DEVICES.fullmatch(name)


def check_name(name: str) -> None:
    """Raise UsageError unless ``name`` can be a preset's."""
    if not is_name(name):
        raise UsageError(
            f"{name!r} cannot be the name of a preset.",
            f"Use up to {LONGEST_NAME} small letters, digits, hyphens and underscores, as in soft-light.",
        )


def read(path: Path, *, is_own: bool = False) -> Preset:
    """The preset in a file, which is called as the preset is. Raises UsageError."""
    name = path.name.removesuffix(SUFFIX)
    check_name(name)
    try:
        text = files.read_bounded(path, _LARGEST).decode("utf-8-sig")  # Windows' editors may put a mark first
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text in UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    return parse(text, name, str(path), is_own=is_own)


def parse(text: str, name: str, source: str, *, is_own: bool = False) -> Preset:
    """The preset in a text. source: what sentences on mistakes begin with. Raises UsageError."""
    table = _parsed(text, source)
    for key in table:
        if key not in (*_LONGEST, _RENDER, "sliders"):
            raise UsageError(
                f"{source}: {key} is no part of a preset; there are title, help, render and [sliders]."
            )
    sliders = table.get("sliders")
    if not isinstance(sliders, dict):
        raise UsageError(f"{source} has no table [sliders].")
    title, help_ = (_line(table, key, source) for key in _LONGEST)
    look = replace(_look(sliders, source), render=_render(table.get(_RENDER, PHOTO), source))
    return Preset(name, title or name, help_, look, is_own)


def as_text(preset: Preset) -> str:
    """The text of a preset's file, which ``parse`` reads back."""
    look = preset.look
    sliders = {STRENGTH: look.strength, TEXTURE: look.texture, **look.edits}
    lines = [f"title = {_quoted(preset.title)}"]
    if preset.help:
        lines.append(f"help = {_quoted(preset.help)}")
    if look.render != PHOTO:
        lines.append(f"{_RENDER} = {_quoted(look.render)}")
    lines += ["", "[sliders]", *(f"{name} = {float(value)!r}" for name, value in sliders.items())]
    return "\n".join(lines) + "\n"


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        return toml.loads(text)
    except ModuleNotFoundError as error:
        raise UsageError(
            "This Python cannot read presets.", "Run the installer of the plug-in again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source} is no valid TOML: {error}.") from error


def _line(table: Mapping[str, Any], key: str, source: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or len(value) > _LONGEST[key] or not value.isprintable():
        raise UsageError(f"{source}: {key} must be one line of text, of {_LONGEST[key]} characters at most.")
    return value


def _look(sliders: Mapping[str, Any], source: str) -> Look:
    values = {}
    for name, value in sliders.items():
        if name not in BY_NAME:
            error = unknown_name("slider", name, BY_NAME)
            raise UsageError(f"{source}: {error.message}", error.advice)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise UsageError(f"{source}: {name} must be a number.")
        try:
            values[name] = float(value)
            check_range(name, values[name])
        except OverflowError as error:
            raise UsageError(f"{source}: {name} is out of range.") from error
        except UsageError as out_of_range:
            raise UsageError(f"{source}: {out_of_range.message}") from out_of_range
    return Look().with_values(values)


def _render(name: object, source: str) -> RenderName:
    try:
        return render_named(str(name))
    except UsageError as error:
        raise UsageError(f"{source}: {error.message}", error.advice) from error


def _quoted(text: str) -> str:
    """The text as TOML writes it; one line of printable characters, which JSON writes likewise."""
    return json.dumps(text, ensure_ascii=False)
