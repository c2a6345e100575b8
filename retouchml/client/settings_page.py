"""What an editor's settings show, whatever draws them: values to choose, and what commands say.

The texts are English; the editor translates them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retouchml import __version__, paths, settings
from retouchml.client import maintenance
from retouchml.client.maintenance import Output
from retouchml.client.placed_commands import explain
from retouchml.errors import RetouchError, VersionMismatch
from retouchml.own_parts import SCORERS, STANDARD, own_parts
from retouchml.set_up_command import is_zip, set_up_again, set_up_command
from retouchml.settings import Settings
from retouchml.system.failures import unexpected
from retouchml.system.file_names import SETTINGS
from retouchml.translation import LANGUAGES, marked, translated

TITLE = marked("Settings of RetouchML")
MINUTES = marked("Minutes that models stay loaded (-1: for ever)")
CACHE = marked("Known faces")
CLEAR = marked("Clear")
CLEAR_TIP = marked("A photograph that was open before then takes as long as a new one")
OUTPUT = marked("What the last command said")
AT_WORK = marked("At work…")
COPIED = marked("The diagnostics are in the clipboard.")
UPDATE = marked("Update the plug-in")
UPDATED = marked("The plug-in is updated. Restart the editor.")
NOT_UPDATED = marked("The plug-in could not be updated. The text below says why.")
SCORES = marked("Show scores")
SCORES_TIP = marked("How the rater rates a face, and how far the retouch takes the face from itself")
SET_UP = marked("RetouchML is set up.")
NOT_SET_UP = marked("RetouchML could not be set up. The text below says why.")
LEAST_MINUTES, MOST_MINUTES, DEFAULT_MINUTES = -1, 10_000, 10.0
_DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")
_ENGINES = {"torch": "PyTorch", "tensorflow1": "TensorFlow 1"}
_KEPT = marked("Kept. The background program uses it after a restart.")
_KEPT_LANGUAGE = marked("Kept. It is spoken after a restart of the editor.")
_KEPT_SCORER = marked("Kept. On this machine strength follows it from now on.")
_KEPT_SCORES = {
    True: marked("Kept. Scores are shown below the preview."),
    False: marked("Kept. No scores are shown."),
}


@dataclass(frozen=True)
class Choice:
    """A setting of which one value is chosen.

    name: as in ``config.toml``; title: for people; values: each with what people read; value: the one in use
    """

    name: str
    title: str
    values: tuple[tuple[str, str], ...]
    value: str


@dataclass(frozen=True)
class Comparison:
    """The plug-in's version beside the installed project's.

    trouble: that they differ; "" if they do not; sentence: the same with what to do by hand; is_older:
    whether the plug-in is the older one, so that ``update`` is of use
    """

    trouble: str = ""
    sentence: str = ""
    is_older: bool = False


def load() -> tuple[Settings, tuple[str, ...]]:
    """The settings that are kept, and warnings about those that cannot be used."""
    return settings.load(paths.config_dir() / SETTINGS)


def choices(stored: Settings) -> tuple[Choice, ...]:
    """The device, the engine, the scorer and the language."""
    devices = dict.fromkeys((*_DEVICES, stored.device))
    scorer = stored.scorer or STANDARD
    scorers = {STANDARD: translated("Standard"), **{part.name: part.title for part in own_parts(SCORERS)}}
    scorers.setdefault(scorer, scorer)
    names = ((code, language.name) for code, language in LANGUAGES.items())
    languages = (("", translated("The editor's")), *names)
    return (
        Choice("device", marked("Device"), tuple((name, name) for name in devices), stored.device),
        Choice("engine", marked("Engine"), tuple(_ENGINES.items()), stored.engine),
        Choice("scorer", marked("Scorer"), tuple(scorers.items()), scorer),
        Choice("language", marked("Language"), languages, stored.language),
    )


def minutes(stored: Settings) -> float:
    """How long the models stay loaded; negative for ever."""
    return DEFAULT_MINUTES if stored.keep_alive is None else stored.keep_alive


def shows_scores() -> bool:
    """Whether the user wants to see how faces are rated."""
    return load()[0].scores


def keep(name: str, value: str | float) -> str:
    """Keep a setting; a sentence that says so, or why it cannot be kept. value: "" to unset it."""
    try:
        settings.store(paths.config_dir() / SETTINGS, name, None if value == "" else value)
    except RetouchError as error:
        return explain(error)
    if name == "scorer":
        return translated(_KEPT_SCORER)
    if name == "scores":
        return translated(_KEPT_SCORES[bool(value)])
    return translated(_KEPT_LANGUAGE if name == "language" else _KEPT)


def run(arguments: Sequence[str]) -> str:
    """What a command says, or why it cannot be run. It may take minutes: call it in a thread of its own."""
    return _tried(lambda: maintenance.run(arguments)).text


def repair() -> str:
    """Set the installed project up again; what that said. It takes minutes: call it in a thread."""
    said = _tried(maintenance.set_up_again, by_a_button=True)
    return "\n".join((translated(SET_UP if said.succeeded else NOT_SET_UP), said.text))


def versions(editor: str) -> str:
    """The plug-in's version and the editor's. editor: with its version, such as "Krita 5.1"."""
    return translated("RetouchML {version} in {editor}").format(version=__version__, editor=editor)


def diagnostics(said: str, editor: str) -> str:
    """The text to send with a question. said: by the command; editor: as for ``versions``."""
    return f"RetouchML {__version__}, {editor}\n{said}\n"


def compare(plug_in: str) -> Comparison:
    """The plug-in's version beside that of the installed project.

    plug_in: as the set-up names it, such as "krita". It runs a command: call it in a thread.
    """
    try:
        said = maintenance.run(("--version",), 60.0)
    except RetouchError:
        return Comparison()  # the models' command says it
    there = said.text.rpartition(" ")[2] if said.succeeded else ""
    if not there or there == __version__:
        return Comparison()
    if _order(__version__) < _order(there):
        trouble = VersionMismatch(
            f"The plug-in is version {__version__}, older than RetouchML {there}.",
            f"Run `{set_up_command(plug_in)}`, then restart the editor.",
        )
        return Comparison(translated(trouble.message), explain(trouble), is_older=True)
    trouble = VersionMismatch(
        f"The plug-in is version {__version__}, newer than RetouchML {there}.",
        set_up_again() if is_zip() else f"Run `{set_up_command()}`, then `retouchml daemon restart`.",
    )
    return Comparison(translated(trouble.message), explain(trouble))


def update(plug_in: str) -> tuple[bool, str]:
    """Replace the plug-in by that of the installed project; whether it is, and what to read.

    It may take a minute: call it in a thread.
    """
    said = _tried(lambda: maintenance.update(plug_in))
    return said.succeeded, said.text


def _tried(work: Callable[[], Output], *, by_a_button: bool = False) -> Output:
    """What was said, or what to read in its place. by_a_button: as for `placed_commands.placed`"""
    try:
        return work()
    except RetouchError as error:
        return Output(False, explain(error, by_a_button=by_a_button))
    except Exception as error:  # the thread's only way to say it
        return Output(False, unexpected(error, translated))


def _order(version: str) -> list[int]:
    """What to compare versions by."""
    return [int(number) for number in re.findall(r"\d+", version)]
