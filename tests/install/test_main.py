"""The first file, which every Python 3 understands, and what it imports."""

import ast
import runpy
import sys
from pathlib import Path

import pytest

from install.checkout import TOP

MAIN = TOP / "install" / "__main__.py"


def test_only_the_standard_library_is_imported() -> None:
    """Nothing else is there before the first set-up."""
    allowed = ("install", "retouchml.system")
    files = list((TOP / "install").rglob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            else:
                continue
            for name in names:
                is_allowed = any(name == package or name.startswith(f"{package}.") for package in allowed)
                assert is_allowed or name.partition(".")[0] in sys.stdlib_module_names, f"{file}: {name}"


def test_python_3_6_can_read_the_first_file() -> None:
    ast.parse(MAIN.read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_told_which_one_is_needed(
    version: tuple[int, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "python3.12").touch(mode=0o755)
    (tmp_path / "python3.9").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["install", "demo"])
    main = runpy.run_path(str(MAIN))["main"]
    monkeypatch.setattr(sys, "version_info", version)
    assert main() == 1
    complaint = capsys.readouterr().err
    assert "Python 3.11 or newer" in complaint
    assert ".".join(map(str, version)) in complaint
    assert complaint.endswith("python3.12 install demo\n")


def test_the_oldest_python_is_the_one_that_the_project_asks_for() -> None:
    import tomllib

    from retouchml.cli import doctor_checks

    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    oldest = runpy.run_path(str(MAIN))["OLDEST"]
    assert oldest == doctor_checks.OLDEST_PYTHON
    assert project["requires-python"] == ">=" + ".".join(map(str, oldest))
