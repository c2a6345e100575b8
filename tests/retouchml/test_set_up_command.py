"""Advice names the command by which this RetouchML was set up: a checkout's or the light package's."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from install.editors import light_part, plugin_folder
from retouchml import paths, set_up_command
from retouchml.system.file_names import BY_A_ZIP, INSTALL_RECORD, PLUGIN_RECORD

TOP = Path(__file__).parents[2]
_SHIPPED = ("retouchml", "daemon", "pipeline", "stylegan2", "plugin_gimp", "plugin_krita")
_ONE_PLACE = "retouchml/set_up_command.py"
_WHERE = "checkout"  # a sentence that says so is right everywhere


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package somewhere, and a data folder of its own."""
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / "home"))
    paths.data_dir().mkdir(parents=True)
    folder = tmp_path / "place" / "retouchml"
    folder.mkdir(parents=True)
    monkeypatch.setattr(set_up_command, "_PACKAGE", folder)
    return folder


def _record(checkout: Path) -> None:
    (paths.data_dir() / INSTALL_RECORD).write_text(json.dumps({"checkout": str(checkout)}))


def test_a_checkout_has_its_installer() -> None:
    assert set_up_command.set_up_command() == "python3 install demo"
    assert set_up_command.set_up_command("krita") == "python3 install krita"
    assert set_up_command.set_up_again() == "Run `python3 install demo` again."


def test_the_light_package_has_its_own_command(package: Path) -> None:
    (package / "setup" / "files").mkdir(parents=True)
    (package / "setup" / "files" / "engine.json").write_text("{}")
    assert set_up_command.set_up_command() == "retouchml setup"
    assert set_up_command.set_up_command("krita") == "retouchml setup krita"
    assert set_up_command.set_up_first() == "Run `retouchml setup` first."


def test_a_zip_has_a_button_in_place_of_a_command(package: Path) -> None:
    (package.parent / PLUGIN_RECORD).write_text(json.dumps({"files": {}, "beside": {}, "by": BY_A_ZIP}))
    assert set_up_command.is_zip()
    for advice in (set_up_command.set_up_again(), set_up_command.set_up_first()):
        assert "“Set up again”" in advice
        assert "`" not in advice
    assert set_up_command.set_up_command("krita") == "retouchml setup krita", "which the engine has"


@pytest.mark.parametrize("command", ["retouchml setup", "python3 install"])
def test_a_plug_in_names_the_command_that_put_it_there(package: Path, command: str, tmp_path: Path) -> None:
    _record(tmp_path / "elsewhere")
    (package.parent / PLUGIN_RECORD).write_text(json.dumps({"files": {}, "beside": {}, "by": command}))
    assert set_up_command.set_up_command("gimp") == f"{command} gimp"


def test_a_copy_without_a_word_of_its_own_follows_the_engine(package: Path, tmp_path: Path) -> None:
    assert set_up_command.set_up_command() == "retouchml setup"
    _record(tmp_path / "a checkout")
    assert set_up_command.set_up_command() == "python3 install demo"
    _record(paths.data_dir() / "engine")
    assert set_up_command.set_up_command() == "retouchml setup"


@pytest.mark.parametrize("content", ["[]", "{", '{"by": ["retouchml setup"]}', '{"by": "rm -rf"}'])
def test_a_damaged_record_stops_no_advice(package: Path, content: str) -> None:
    (package.parent / PLUGIN_RECORD).write_text(content)
    (paths.data_dir() / INSTALL_RECORD).write_text(content)
    assert set_up_command.set_up_command() == "retouchml setup"


def test_the_installer_says_who_it_is_beside_what_it_puts_into_an_editor(tmp_path: Path) -> None:
    folder = tmp_path / "editor" / "plug-ins" / "retouchml"
    plugin_folder.place(folder, light_part.files())
    record = json.loads((folder / PLUGIN_RECORD).read_text())
    assert record["by"] == "python3 install"
    # one of before this was written is replaced
    del record["by"]
    (folder / PLUGIN_RECORD).write_text(json.dumps(record))
    assert plugin_folder.place(folder, light_part.files())
    assert json.loads((folder / PLUGIN_RECORD).read_text())["by"] == "python3 install"


def test_no_other_module_writes_the_command_of_a_checkout() -> None:
    found = [
        f"{path.relative_to(TOP)}:{line}: {text}"
        for folder in _SHIPPED
        for path in sorted((TOP / folder).rglob("*.py"))
        if path.relative_to(TOP).as_posix() != _ONE_PLACE
        for line, text in _strings(path)
        if "python3 install" in text and _WHERE not in text
    ]
    # the pattern by which advice in editors finds commands
    assert [each for each in found if "placed_commands.py" not in each] == []


def test_the_script_of_another_language_has_the_command_filled_in() -> None:
    script = (TOP / "retouchml/darktable/retouchml.lua").read_text()
    assert "python3 install" not in script
    assert "retouchml setup" not in script


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module that are no docstrings: line, text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.lineno, node.value
