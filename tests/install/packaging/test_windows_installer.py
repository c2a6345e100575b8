"""The Windows installer under Wine: with a Python, without one, and removed again.

makensis builds it from the real script with empty wheels; a small program, built by makensis too, stands for
py.exe and for the environment's Python. Only a Windows shows whether the real ones work.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from install.packaging import texts
from tests.marks import marks_tests

_VALUES = {"VERSION": "0.2.0", "LIGHT": "light.whl", "ENGINE": "engine.whl"}
_KEY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\RetouchML"
# it also leaves what ``python -m venv`` would
_PYTHON = r"""
Target amd64-unicode
Unicode true
SilentInstall silent
OutFile "py.exe"
RequestExecutionLevel user
Section
  CreateDirectory "$LOCALAPPDATA\RetouchML\package\environment\Scripts"
  CopyFiles /SILENT "$EXEPATH" "$LOCALAPPDATA\RetouchML\package\environment\Scripts\python.exe"
SectionEnd
"""
_LACKING = [name for name in ("makensis", "wine", "wineserver", "xvfb-run") if shutil.which(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(_LACKING), reason=f"not here: {', '.join(_LACKING)}"),
]


@dataclass(frozen=True)
class Windows:
    """A Windows of Wine, and the folder with the installer."""

    prefix: Path
    folder: Path

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a program there, and wait for its end."""
        return subprocess.run(
            ["xvfb-run", "-a", "wine", *command],
            env={**os.environ, "WINEPREFIX": str(self.prefix), "WINEARCH": "win64", "WINEDEBUG": "-all"}
            | {"HOME": str(self.prefix.parent)},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def place(self, pattern: str) -> list[str]:
        """What of ours is in the user's folders."""
        users = self.prefix / "drive_c" / "users"
        return sorted(path.name for path in users.rglob(pattern))

    def is_registered(self) -> bool:
        """Whether Windows lists it among the installed programs."""
        return self.run("reg", "query", _KEY).returncode == 0


@pytest.fixture(scope="module")
@marks_tests("processes")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    """A new one, with an installer that is not run yet."""
    folder = tmp_path_factory.mktemp("installer")
    for name in ("LIGHT", "ENGINE"):
        (folder / _VALUES[name]).write_bytes(b"")
    (script,) = texts.write(folder, ["retouchml.nsi"], _VALUES)
    (folder / "py.nsi").write_text(_PYTHON)
    for each in (script, folder / "py.nsi"):
        subprocess.run(["makensis", "-V2", "-WX", each], check=True, capture_output=True, cwd=folder)
    made = Windows(tmp_path_factory.mktemp("wine") / "prefix", folder)
    made.run("wineboot", "-i")
    yield made
    subprocess.run(["wineserver", "-k"], env={**os.environ, "WINEPREFIX": str(made.prefix)}, check=False)


def test_without_a_python_it_ends_with_a_code_of_its_own(windows: Windows) -> None:
    assert windows.run(windows.folder / "retouchml-0.2.0-setup.exe", "/S").returncode == 2
    assert windows.place("*.lnk") == [each for each in windows.place("*.lnk") if "RetouchML" not in each]


def test_with_one_it_makes_the_environment_and_the_start_menus_entry_and_goes_without_a_trace(
    windows: Windows,
) -> None:
    shutil.copy(windows.folder / "py.exe", windows.prefix / "drive_c" / "windows" / "py.exe")
    assert windows.run(windows.folder / "retouchml-0.2.0-setup.exe", "/S").returncode == 0
    assert windows.place("*.whl") == ["engine.whl", "light.whl"]
    assert "Set RetouchML up.lnk" in windows.place("*.lnk")
    assert windows.is_registered()
    (uninstall,) = (windows.prefix / "drive_c" / "users").rglob("uninstall.exe")
    # it copies itself and ends; with _? it works in its place, which a test can wait for
    here = windows.run("winepath", "-w", uninstall.parent).stdout.strip()
    assert windows.run(uninstall, "/S", f"_?={here}").returncode == 0
    assert windows.place("*.whl") == []
    assert "Set RetouchML up.lnk" not in windows.place("*.lnk")
    assert windows.place("environment") == []
    assert not windows.is_registered()
