"""A deleted working folder and other programs' packages in PYTHONPATH do not reach the work."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from retouchml.system import surroundings
from tests.faulty_backend import FAULTY

ROOT = Path(__file__).parents[3]

IN_A_DELETED_FOLDER = """
import os, sys, tempfile
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no folder in use")


def in_a_deleted_folder(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", IN_A_DELETED_FOLDER, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Packages of a program with another Python: importing one of them fails, as with ROS."""
    for name in ("numpy", "PIL", "cv2", "msgpack", "pipeline", "psutil", "zmq"):
        package = tmp_path / "foreign" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise ImportError('\\n\\nFOREIGN\\n\\nPlease read this page.')")
    return tmp_path / "foreign"


def with_packages(foreign: Path, home: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(foreign), str(ROOT)]),
            "RETOUCHML_HOME": str(home),
        },
        cwd=home.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_posix
@pytest.mark.slow
def test_the_models_load_in_a_folder_that_was_deleted() -> None:
    work = (
        "from retouchml.system.surroundings import settle; settle();"
        "import torch; torch.ones(8, 8) @ torch.ones(8, 8)"
    )
    assert in_a_deleted_folder("-c", work).returncode == 0


@needs_posix
@pytest.mark.slow
@pytest.mark.parametrize("package", ["pipeline", "stylegan2"])
def test_a_script_works_in_a_folder_that_was_deleted_and_stays_there(package: str) -> None:
    work = (
        f"import {package}, os, torch; torch.ones(8, 8) @ torch.ones(8, 8)\n"
        "try: os.getcwd()\n"
        "except FileNotFoundError: print('there')"
    )
    ran = in_a_deleted_folder("-c", work)
    assert (ran.returncode, ran.stdout) == (0, "there\n")


@needs_posix
@pytest.mark.processes
def test_the_client_works_in_a_folder_that_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    ask = (
        "from retouchml.client.client import Client\n"
        f"client = Client(start=True, start_options=['--backend', {FAULTY!r}])\n"
        "print(client.status().result(60).photos)\n"
        "client.shutdown().result(60)"
    )
    ran = in_a_deleted_folder("-c", ask)
    assert (ran.returncode, ran.stdout) == (0, "0\n"), ran.stderr


@needs_posix
def test_a_relative_name_in_a_deleted_folder_is_explained() -> None:
    ran = in_a_deleted_folder("-m", "retouchml", "faces", "photo.png")
    assert ran.returncode == 2
    assert (
        "'photo.png' cannot be found: the current folder was deleted. Go to another one with `cd`"
        in ran.stderr
    )


@needs_posix
def test_an_absolute_name_means_the_same_in_a_deleted_folder(tmp_path: Path) -> None:
    missing = tmp_path / "missing.png"
    ran = in_a_deleted_folder("-m", "retouchml", "faces", missing)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"retouchml: There is no file {missing}.")


@pytest.mark.parametrize("module", ["retouchml", "daemon"])
def test_a_command_uses_its_own_packages_whatever_pythonpath_names(
    module: str, foreign: Path, tmp_path: Path
) -> None:
    own = with_packages(foreign, tmp_path / "home", "-m", module, "--help")
    assert own.returncode == 0, own.stderr


def test_a_picture_is_read_with_own_packages(foreign: Path, tmp_path: Path) -> None:
    picture = tmp_path / "photo.png"
    picture.write_bytes(b"no picture")
    ran = with_packages(foreign, tmp_path / "home", "-m", "retouchml", "faces", picture)
    assert ran.returncode == 1
    assert f"{picture} is not a picture" in ran.stderr


def test_a_worker_gets_own_packages_before_those_of_pythonpath(foreign: Path, tmp_path: Path) -> None:
    code = (
        "from retouchml.system.surroundings import settle; settle();"
        "import subprocess, sys; from retouchml.system.processes import python_environment;"
        "sys.exit(subprocess.call([sys.executable, '-c', 'import numpy, msgpack, psutil, pipeline'],"
        " env=python_environment()))"
    )
    ran = with_packages(foreign, tmp_path / "home", "-c", code)
    assert ran.returncode == 0, ran.stderr


def test_packages_that_only_pythonpath_has_are_still_found(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "only_there.py").write_text("")
    code = "from retouchml.system.surroundings import settle; settle(); import only_there"
    ran = with_packages(tmp_path / "foreign", tmp_path / "home", "-c", code)
    assert ran.returncode == 0, ran.stderr


def test_a_file_in_the_current_folder_hides_no_package(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('planted')")
    code = "from retouchml.system.surroundings import settle; settle(); import numpy"
    ran = with_packages(tmp_path / "none", tmp_path / "home", "-c", code)
    assert ran.returncode == 0, ran.stderr


def test_the_search_path_for_a_child_has_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/ros")
    once = surroundings.search_path("/ours")
    assert once.split(os.pathsep)[0] == "/ours"
    assert once.split(os.pathsep)[-1] == "/ros"
    monkeypatch.setenv("PYTHONPATH", once)
    assert surroundings.search_path("/ours") == once


def test_a_child_finds_the_standard_library_before_any_package() -> None:
    entries = surroundings.search_path("/ours").split(os.pathsep)
    library, packages = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")
    assert entries[0] == "/ours"
    assert entries.index(library) < entries.index(packages)


def test_the_standard_library_stays_before_the_packages_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    library, packages = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")
    monkeypatch.setenv("PYTHONPATH", surroundings.search_path("/ours"))
    monkeypatch.setattr(sys, "path", surroundings.search_path("/ours").split(os.pathsep))
    surroundings.search_own_packages_first()
    assert sys.path.index(library) < sys.path.index(packages)
