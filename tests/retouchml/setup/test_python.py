"""The Python for the engine: what is taken, and what is not."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from retouchml.setup import fetch_uv, installer, python

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def _stand_in(folder: Path, name: str, answer: str) -> Path:
    """A program that answers as a Python would."""
    file = folder / name
    file.write_text(f"#!/bin/sh\nprintf '%b' '{answer}'\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path; this process's own Python is an editor's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    return tmp_path


@pytest.mark.parametrize(
    ("version", "bits", "suits"),
    [("3.11", "True", True), ("3.14", "True", True), ("3.10", "True", False), ("3.15", "True", False)]
    + [("3.12", "False", False)],
)
def test_only_versions_with_tested_wheels_are_taken(path: Path, version: str, bits: str, suits: bool) -> None:
    base = path / "base-python"
    base.write_text("")
    _stand_in(path, "python3", f"{version}\\t{bits}\\tTrue\\t{base}\\n")
    assert python.find() == (str(base) if suits else "")


def test_a_bundle_gets_the_python_that_it_is_for(path: Path) -> None:
    for version in ("3.12", "3.13"):
        (path / version).write_text("")
        _stand_in(path, f"python{version}", f"{version}\\tTrue\\tTrue\\t{path / version}\\n")
    assert python.find() == str(path / "3.13")
    assert python.find("3.12") == str(path / "3.12")
    assert python.find("3.11") == ""


def test_without_venv_it_is_none(path: Path) -> None:
    broken = path / "python3"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert python.find() == ""


def test_one_that_cannot_bring_pip_is_taken_if_pip_comes_from_elsewhere_and_no_other_is_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python3", "python3.12"):
        (path / f"base-{name}").write_text("")
    _stand_in(path, "python3", f"3.11\\tTrue\\tFalse\\t{path / 'base-python3'}\\n")
    assert python.find() == ""
    monkeypatch.setattr(installer, "FILES", path / "files")
    (path / "files" / "wheels").mkdir(parents=True)
    (path / "files" / "wheels" / "pip-26.3-py3-none-any.whl").write_text("")
    assert python.find() == str(path / "base-python3")
    _stand_in(path, "python3.12", f"3.12\\tTrue\\tTrue\\t{path / 'base-python3.12'}\\n")
    assert python.find() == str(path / "base-python3.12")


def test_the_python_of_an_editors_app_image_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = path / "mounted"
    image.mkdir()
    own = _stand_in(image, "python3", f"3.12\\tTrue\\tTrue\\t{image / 'python3'}\\n")
    monkeypatch.setattr(sys, "executable", str(own))
    monkeypatch.setenv("PATH", f"{image}{os.pathsep}{path}")
    assert python.find() == str(own)
    monkeypatch.setenv("APPDIR", str(image))
    assert python.find() == "", "it is gone when the editor ends"


def test_the_one_that_uv_brought_is_found_again(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pythons" / "cpython-3.12" / "bin"
    folder.mkdir(parents=True)
    own = _stand_in(folder, "python3", f"3.12\\tTrue\\tTrue\\t{folder / 'python3'}\\n")
    assert python.find() == ""
    assert python.find("", tmp_path / "pythons") == str(own)
    assert path.is_dir()


def test_uv_brings_one_where_none_is(path: Path) -> None:
    base = _stand_in(path, "managed-python", f"3.12\\tTrue\\tTrue\\t{path / 'managed-python'}\\n")
    uv = path / "uv"
    uv.write_text(
        f'#!/bin/sh\necho "$@ $UV_PYTHON_INSTALL_DIR" >> {path}/calls\n[ "$2" = install ] || echo {base}\n'
    )
    uv.chmod(0o755)
    said: list[str] = []
    assert python.bring(path / "pythons", said.append) == str(base)
    assert (path / "calls").read_text().splitlines()[0] == f"python install --no-bin 3.12 {path / 'pythons'}"
    assert "35 MB" in said[0]


def test_pip_fetches_the_tested_uv_alone_and_imports_no_module_of_the_working_folder(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = path / "python-of-its-own"
    own.write_text(f'#!/bin/sh\necho "$@" > {path}/calls\nexit 1\n')
    own.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(own))
    monkeypatch.setattr(fetch_uv, "fetch", lambda _folder, _tick: "")
    assert python.bring(path / "pythons", lambda _: None) == ""
    call = (path / "calls").read_text()
    assert call.startswith("-I -m pip download ")
    listed = installer.FILES / "install" / "requirements" / "uv.txt"
    assert call.endswith(f" --require-hashes -r {listed}\n"), "only the tested uv"


def test_the_light_package_runs_on_python_310_which_has_no_safe_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from retouchml.system import surroundings

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "flags", SimpleNamespace())
    monkeypatch.setattr(sys, "path", list(sys.path))
    surroundings.settle()
