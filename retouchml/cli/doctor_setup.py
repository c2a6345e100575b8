"""The check of ``retouchml doctor`` for the set-up: from where it came, and whether it was finished."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from retouchml import paths, settings
from retouchml.cli.doctor_checks import Finding
from retouchml.set_up_command import CHECKOUT, LIGHT, set_up_again, set_up_command
from retouchml.system.file_names import SETTINGS
from retouchml.system.files import read_bounded

_PACKAGE = Path(__file__).resolve().parents[1]
_SYSTEM = Path("/usr/lib/python3/dist-packages")
_STAMP = "retouchml-install.json"  # as ``install.environment.stamp`` writes it
_LONGEST = 1 << 16


def set_up() -> Iterator[Finding]:
    """How RetouchML came here, the engine's environment, and where models are looked for."""
    yield Finding("set-up", "RetouchML", _origin())
    is_checkout = set_up_command().startswith(CHECKOUT)
    environment = _PACKAGE.parent / ".venv" if is_checkout else paths.data_dir() / "engine"
    if (environment / _STAMP).exists():
        yield _environment(environment)
    yield from _models_address()


def _origin() -> str:
    if _PACKAGE.parent == _SYSTEM:
        return f"the system's package, in {_PACKAGE}"
    if set_up_command().startswith(CHECKOUT):
        return f"a checkout in {_PACKAGE.parent}"
    return f"the light package or its engine, in {_PACKAGE} (`{LIGHT}`)"


def _environment(folder: Path) -> Finding:
    name = "environment"
    try:
        stamp = json.loads(read_bounded(folder / _STAMP, _LONGEST).decode("utf-8"))
        busy, torch, python = bool(stamp["busy"]), str(stamp["torch"]), str(stamp["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return Finding("set-up", name, f"{folder / _STAMP} is damaged", False, advice=set_up_again())
    if busy or not torch:
        return Finding("set-up", name, f"half made, in {folder}", False, advice=set_up_again())
    return Finding("set-up", name, f"Python {python}, torch {torch}, in {folder}")


def _models_address() -> Iterator[Finding]:
    named = os.environ.get("RETOUCHML_MODELS_URL", "")
    name = "models' address"
    if named and not settings.is_web_address(named):
        advice = "Set RETOUCHML_MODELS_URL to one that begins with https:// or http://, or to nothing."
        yield Finding("set-up", name, f"{named} is no web address", False, advice=advice)
        return
    stored = settings.load(paths.config_dir() / SETTINGS)[0].models_url
    address = named or stored
    if address:
        parts = urlsplit(address)
        # without a name and a password that it may have
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        yield Finding("set-up", name, f"{shown}, by {'the variable' if named else SETTINGS}")
