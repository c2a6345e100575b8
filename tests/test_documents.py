"""The documents: finished, and true about files, modules, commands and sentences."""

import argparse
import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import retouchml
from install.actions.table import ACTIONS
from retouchml.cli.main import make_parser
from retouchml.presets import library
from retouchml.sliders import SLIDERS

_TOP = Path(__file__).parents[1]
_README = _TOP / "README.md"
_DOCUMENTS = [*sorted(_TOP.glob("*.md")), *sorted((_TOP / "docs").glob("*.md"))]
_FOLDERS = (
    *(".ci", ".github", "benchmarks", "daemon", "docs", "examples", "install", "pipeline", "plugin_gimp"),
    *("plugin_krita", "retouchml", "stylegan2", "tests"),
)
_CODE = ("daemon", "install", "pipeline", "plugin_gimp", "plugin_krita", "retouchml", "stylegan2")

each_document = pytest.mark.parametrize(
    "document", _DOCUMENTS, ids=lambda path: path.relative_to(_TOP).as_posix()
)


@each_document
def test_nothing_is_left_to_be_filled_in(document: Path) -> None:
    assert not re.findall(r"@@\w*@@|\bTODO\b|\bTBD\b", _text(document))


@each_document
def test_every_link_into_the_repository_leads_somewhere(document: Path) -> None:
    missing = []
    for link, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", _text(document)):
        if "://" in link:
            continue
        target = document.parent / link if link else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            missing.append(f"{link}#{anchor}")
    assert missing == []


@pytest.mark.parametrize("path", [_README, _TOP / "docs" / "python.md", _TOP / "examples" / "each_face.py"])
def test_every_script_opens_a_picture_by_its_colour_profile(path: Path) -> None:
    opened = re.findall(r"\.open\(picture\.pixels[^)]*\)", _text(path))
    assert opened == [".open(picture.pixels, icc=picture.icc)"]


@each_document
def test_every_path_in_backticks_exists(document: Path) -> None:
    missing = [path for path in _inline_code(document) if _is_path(path) and not _exists(path)]
    assert missing == []


@each_document
def test_every_module_in_backticks_exists(document: Path) -> None:
    names = [
        name
        for name in _inline_code(document)
        if re.fullmatch(rf"({'|'.join(_CODE)})(\.\w+)+(?<!\.log)(?<!\.1)", name)
    ]
    names += re.findall(r"-m (benchmarks\.\w+)", _text(document))
    assert [name for name in names if not _is_defined(name)] == []


@each_document
def test_every_command_in_a_block_is_understood(document: Path) -> None:
    lines = [line for block in _blocks(document) for line in block.replace("\\\n", " ").splitlines()]
    for line in lines:
        words = shlex.split(line, comments=True) if re.match(r"\s*(\S*/)?retouchml ", line) else []
        if words:
            make_parser().parse_args(words[1:])  # exits if it is wrong
    names = re.findall(r"python3 install ([a-z]\w*)", _text(document))
    assert [name for name in names if name not in ACTIONS] == []


def test_the_readme_lists_all_commands() -> None:
    listed = {}
    for row in re.findall(r"^\| (`[^|]*) \|", _text(_README), re.M):
        first, *others = re.findall(r"`([^`]+)`", row)
        command, *actions = first.split()
        listed[command] = {*actions, *others}
    assert listed == {name: set(_subcommands(parser)) for name, parser in _subcommands(make_parser()).items()}


def test_the_controls_are_those_that_there_are() -> None:
    rows = [row.split(" | ") for row in re.findall(r"^\| (`.*) \|$", _text(_TOP / "docs/controls.md"), re.M)]
    sliders = {row[0].strip("`"): row[1:] for row in rows if len(row) == 4}
    assert list(sliders) == [slider.name for slider in SLIDERS]
    for slider in SLIDERS:
        numbers = re.findall(r"\u2212?[0-9.]+", " ".join(sliders[slider.name][:2]))
        expected = [slider.low, slider.high, slider.default, slider.full]
        values = [float(each.replace("\u2212", "-")) for each in numbers]
        assert values == [value for value in expected if value is not None], slider.name
        assert sliders[slider.name][2] == slider.help
    presets = {row[0].strip("`"): row[1] for row in rows if len(row) == 2}
    shipped = [library.preset(name) for name in library.SHIPPED]
    assert presets == {preset.name: preset.help for preset in shipped}


def test_the_readme_is_short() -> None:
    assert len(_text(_README).splitlines()) <= 130


def test_every_document_is_in_the_index() -> None:
    index = _TOP / "docs" / "README.md"
    linked = re.findall(r"\]\((\w[\w-]*\.md)\)", _text(index))
    assert sorted(linked) == sorted(path.name for path in (_TOP / "docs").glob("*.md") if path != index)


@pytest.mark.parametrize("name", ["troubleshooting.md", "service.md"])
def test_every_sentence_that_is_explained_can_be_said(name: str) -> None:
    sentences = _sentences()
    rows = re.findall(r"^\| ([^|`]*(?:\.|…)) \| .* \|$", _text(_TOP / "docs" / name), re.M)
    assert rows
    explained = [sentence for row in rows for sentence in row.split(" / ")]
    assert [
        each for each in explained if not any(re.search(_pattern(each), text) for text in sentences)
    ] == []


@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
def test_python_takes_names_that_the_package_offers(name: str) -> None:
    trees = [
        ast.parse(block) for block in re.findall(r"^```python\n(.*?)^```$", _text(_TOP / name), re.S | re.M)
    ]
    imports = [node for tree in trees for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in imports if node.module == "retouchml" for alias in node.names]
    assert names
    assert set(names) <= set(retouchml.__all__)


@cache
def _text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def _blocks(document: Path) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```$", _text(document), re.S | re.M)


def _inline_code(document: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", _text(document), flags=re.S | re.M)
    return re.findall(r"`([^`\n]+)`", prose)


def _anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", _text(document), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _is_path(text: str) -> bool:
    if not re.fullmatch(r"[\w./-]+", text) or text.startswith("/"):
        return False
    return text.split("/")[0] in _FOLDERS if "/" in text else text.endswith(".py")


def _exists(path: str) -> bool:
    """Whether it is there, seen from the top, or a module of that name, seen from any folder of code."""
    if (_TOP / path).exists():
        return True
    return path.endswith(".py") and any(f"/{module}".endswith(f"/{path}") for module in _modules())


@cache
def _modules() -> tuple[str, ...]:
    return tuple(
        path.relative_to(_TOP).as_posix() for folder in _FOLDERS for path in (_TOP / folder).rglob("*.py")
    )


def _is_defined(name: str) -> bool:
    """Whether the name is a module's, or that of something which the module names."""
    module, rest = _TOP, name.split(".")
    while rest and (module / rest[0]).is_dir():
        module /= rest.pop(0)
    file = (
        module / f"{rest.pop(0)}.py"
        if rest and (module / f"{rest[0]}.py").exists()
        else module / "__init__.py"
    )
    return not rest or bool(re.search(rf"\b{rest[0]}\b", file.read_text(encoding="utf-8")))


def _subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


@cache
def _sentences() -> tuple[str, ...]:
    """The texts in the code, with an ellipsis for what is filled in."""
    return tuple(
        re.sub(r"\s+", " ", text)
        for folder in _CODE
        for path in sorted((_TOP / folder).rglob("*.py"))
        for text in _texts(ast.parse(path.read_text(encoding="utf-8")))
    )


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def _pattern(sentence: str) -> str:
    """The regular expression of a sentence in whose place of an ellipsis, or a number, anything may be."""
    parts = [part.strip() for part in re.split(r"…|\d[\d.]*(?= )", sentence) if part.strip()]
    return ".*".join(re.escape(part) for part in parts)
