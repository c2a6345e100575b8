"""Child processes of the installer."""

import sys

import pytest

from install import processes


def test_children_report_nothing_to_the_maker_of_onnx_runtime() -> None:
    assert processes.environment()["ORT_DISABLE_TELEMETRY"] == "1"


def test_what_a_python_prints_is_read_as_it_was_meant_whatever_the_systems_encoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    assert processes.run([sys.executable, "-c", "print('größer')"], log=False).last_line == "größer"
