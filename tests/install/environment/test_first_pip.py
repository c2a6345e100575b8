"""pip in an environment of a Python that cannot put it there: from the zip's wheel, or by uv."""

import ensurepip
import subprocess
import sys
from pathlib import Path

import pytest

from install import processes
from install.checkout import ENGINE_WHEELS
from install.environment import first_pip

_BUNDLED = Path(ensurepip.__file__).parent / "_bundled"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The interpreter of a real environment without pip; the set-up's files lie beside it."""
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", tmp_path / "environment"], check=True)
    scripts = tmp_path / "environment" / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    monkeypatch.setattr(first_pip, "PYTHON", python)
    monkeypatch.setattr(first_pip, "SOURCE", tmp_path)
    monkeypatch.setattr(processes, "LOG", tmp_path / "log")
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return python


@pytest.mark.slow
def test_the_wheel_of_a_zip_installs_itself_without_a_network(bare: Path, tmp_path: Path) -> None:
    wheels = sorted(_BUNDLED.glob("pip-*.whl"))
    if not wheels:
        pytest.skip("this Python was built without pip's wheel")
    assert not first_pip.can_come()
    folder = tmp_path / ENGINE_WHEELS
    folder.mkdir(parents=True)
    (folder / wheels[0].name).write_bytes(wheels[0].read_bytes())
    assert first_pip.can_come()
    outcome = first_pip.add(lambda: None)
    assert outcome.code == 0, outcome.output
    said = subprocess.run([bare, "-m", "pip", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"pip {wheels[0].name.split('-')[1]} from {bare.parents[1]}")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_uv_brings_the_tested_pip_from_pips_own_index(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\nprintf "%s " "$@" "$UV_DEFAULT_INDEX" > {tmp_path}/called\n')
    uv.chmod(0o755)
    monkeypatch.setenv("UV", str(uv))
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    assert first_pip.can_come()
    assert first_pip.add(lambda: None).code == 0
    called = (tmp_path / "called").read_text()
    assert called.startswith(f"pip install --python {bare} --require-hashes ")
    assert "install/requirements/pip.txt https://index.example/simple" in called
