"""The virtual environment: a Python that cannot make one."""

import importlib.util

import pytest

from install.console import Console
from install.environment import virtual_environment
from install.errors import InstallError


def test_a_python_without_venv_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InstallError) as caught:
        virtual_environment._make(Console())
    assert "apt install python3." in caught.value.advice
    assert "-venv" in caught.value.advice
