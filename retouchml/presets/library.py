"""All presets: those that come with RetouchML, and the user's own in the configuration folder.

Scripts and the command line know a preset by its name. In an editor people give it a title, in their own
words and letters; ``save_titled`` and ``rename`` make the name of it.
"""

import itertools
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.presets import preset_file
from retouchml.presets.preset_file import LONGEST_NAME, LONGEST_TITLE, SUFFIX, Preset
from retouchml.spelling import unknown_name
from retouchml.system import files
from retouchml.system.file_names import PRESETS

NATURAL = "natural"
"""The preset that holds the defaults."""
SHIPPED = (NATURAL, "clean", "studio", "strong", "shape-only", "skin-only")
"""The presets that come with RetouchML, in the order of lists."""

_SHIPPED_FOLDER = Path(__file__).parent
_MOST = 500  # files of the user's that are looked at


def own_folder() -> Path:
    """The folder of the user's own presets; may not exist yet."""
    from retouchml import paths  # which imports platformdirs, and no help text needs that

    return paths.config_dir() / PRESETS


def presets() -> tuple[tuple[Preset, ...], tuple[str, ...]]:
    """All presets, the shipped ones first, and a sentence on each file that cannot be used."""
    found, problems = [], []
    for path in (*(_shipped(name) for name in SHIPPED), *_own_files()):
        try:
            found.append(_read(path))
        except UsageError as error:
            problems.append(error.explain())
    return tuple(found), tuple(problems)


def preset(name: str) -> Preset:
    """The preset of a name. Raises UsageError if there is none, or if its file has a mistake."""
    if name in SHIPPED:
        return _read(_shipped(name))
    names = [path.name.removesuffix(SUFFIX) for path in _own_files()]
    if name not in names:
        raise unknown_name("preset", name, [*SHIPPED, *names])
    return _read(own_folder() / f"{name}{SUFFIX}")


def name_of(look: Look, known: "tuple[Preset, ...]") -> str:
    """The name of the first of the presets that gives this very look; "" if none does."""
    return next((each.name for each in known if each.look == look), "")


def save(preset: Preset, *, replace_existing: bool = False) -> Path:
    """Keep a preset as the user's own, and return its file.

    Raises UsageError if the name cannot be used, or is in use and shall not be replaced.
    """
    preset_file.check_name(preset.name)
    if preset.name in SHIPPED:
        raise UsageError(f"{preset.name} is a preset that comes with RetouchML.", "Choose another name.")
    text = preset_file.as_text(replace(preset, is_own=True))
    path = own_folder() / f"{preset.name}{SUFFIX}"
    preset_file.parse(text, preset.name, str(path))  # what is written can be read
    if path.exists() and not replace_existing:
        raise UsageError(f"There is a preset called {preset.name} already.", "`--force` replaces it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomically(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def with_title(title: str) -> "Preset | None":
    """The user's own preset of that title, None if there is none."""
    found, _problems = presets()
    return next((each for each in found if each.is_own and each.title == title.strip()), None)


def save_titled(title: str, look: Look) -> Preset:
    """Keep a look as a preset of the user's own with that title, in the place of one of the same title.

    Raises UsageError.
    """
    title = _checked_title(title)
    earlier = with_title(title)
    preset = Preset(
        _free_name(title) if earlier is None else earlier.name,
        title,
        "" if earlier is None else earlier.help,
        look,
        is_own=True,
    )
    save(preset, replace_existing=earlier is not None)
    return preset


def rename(name: str, title: str) -> Preset:
    """Give one of the user's own presets another title, and a name made of it. Raises UsageError."""
    preset_, title = _own(name), _checked_title(title)
    if title == preset_.title:
        return preset_
    if with_title(title) is not None:
        raise UsageError(f"There is a preset called {title} already.", "Choose another name.")
    renamed = replace(preset_, name=_free_name(title), title=title)
    save(renamed)
    delete(name)
    return renamed


def delete(name: str) -> None:
    """Delete one of the user's own presets. Raises UsageError."""
    _own(name)
    path = own_folder() / f"{name}{SUFFIX}"
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be deleted: {error.strerror or error}.") from error


def _own(name: str) -> Preset:
    found = preset(name)
    if not found.is_own:
        raise UsageError(
            f"{name} is a preset that comes with RetouchML.", "Only your own can be renamed or deleted."
        )
    return found


def _checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise UsageError(f"{title!r} cannot be the name of a preset.", f"Use 1 to {LONGEST_TITLE} letters.")
    if title.casefold() in {_read(_shipped(name)).title.casefold() for name in SHIPPED}:
        raise UsageError(f"{title} is a preset that comes with RetouchML.", "Choose another name.")
    return title


def _free_name(title: str) -> str:
    """A name for a preset of that title which no other preset has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    start = re.sub("[^a-z0-9]+", "-", plain)[: LONGEST_NAME - 4].strip("-") or "preset"
    used = {*SHIPPED, *(path.name.removesuffix(SUFFIX) for path in _own_files())}
    for number in itertools.count(1):
        name = start if number == 1 else f"{start}-{number}"
        if name not in used and preset_file.is_name(name):
            return name
    raise AssertionError  # the count has no end


def _shipped(name: str) -> Path:
    return _SHIPPED_FOLDER / f"{name}{SUFFIX}"


def _own_files() -> list[Path]:
    try:
        with os.scandir(own_folder()) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(SUFFIX))
    except OSError:  # there is none yet
        return []
    return [own_folder() / name for name in names[:_MOST]]


def _read(path: Path) -> Preset:
    is_own = path.parent != _SHIPPED_FOLDER
    preset = preset_file.read(path, is_own=is_own)
    if is_own and preset.name in SHIPPED:
        raise UsageError(f"{path} is ignored: {preset.name} comes with RetouchML.", "Rename the file.")
    return preset
