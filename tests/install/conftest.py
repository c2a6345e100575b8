"""Fixture: the installer's modules inside this process."""

import importlib

import pytest

from tests.install.modules import Load


@pytest.fixture
def load() -> Load:
    """Imports a module of the installer, such as ``install.cli``."""
    return importlib.import_module
