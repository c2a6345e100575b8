"""Fixture: the installer's modules inside this process."""

import importlib
import sys
from collections.abc import Iterator

import pytest

from tests.install.modules import FOLDER, MODULES, Load


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports a module of the installer by its plain name, as its siblings do."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    yield importlib.import_module
    for name in MODULES:
        sys.modules.pop(name, None)
