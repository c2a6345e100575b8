"""The rules of imports that docs/architecture.md states: arrows between packages point one way."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[1]
_OURS = ("daemon", "install", "pipeline", "plugin_gimp", "plugin_krita", "retouchml", "stylegan2", "tests")
_ENGINE = ("daemon", "pipeline", "stylegan2")
_LIGHT = (
    "retouchml.errors",
    "retouchml.look",
    "retouchml.own_parts",
    "retouchml.paths",
    "retouchml.presets",
    "retouchml.progress",
    "retouchml.results",
    "retouchml.scripting.patches",
    "retouchml.set_up_command",
    "retouchml.settings",
    "retouchml.sliders",
    "retouchml.spelling",
    "retouchml.system",
)

_ALLOWED = {
    "retouchml/system": ("retouchml.errors", "retouchml.system"),
    "retouchml": ("retouchml",),  # and not retouchml.cli, see below
    "retouchml/cli": ("retouchml", *_ENGINE),
    "retouchml/scripting": ("retouchml",),
    "stylegan2": (*_LIGHT, "stylegan2"),
    "pipeline": (*_LIGHT, "pipeline", "stylegan2"),
    "daemon": ("retouchml", "daemon", "pipeline", "stylegan2"),
    "plugin_gimp": ("retouchml", "plugin_gimp"),
    "plugin_krita": ("retouchml", "plugin_krita"),
    "install": ("retouchml.system", "install"),
    "retouchml/setup": ("retouchml.errors", "retouchml.setup", "retouchml.system"),
}
"""What the modules of a folder may import of ours; of two folders, the inner one's row holds."""

_LAZY = {
    "retouchml/__init__.py": ("pipeline", "retouchml"),  # the Python interface, loaded when first used
}

_THIRD_PARTY = {
    "retouchml/scripting": ("numpy",),  # whoever gives and takes arrays has it
    "retouchml/system": (),
    "retouchml/cli": None,  # any
    "retouchml": ("msgpack", "platformdirs", "tomli", "zmq"),
    "install": (),
    "retouchml/setup": (),
}
"""What the light parts may import of others, besides the standard library."""


def _folder(path: Path) -> str:
    return max((name for name in _ALLOWED if path.is_relative_to(name)), key=len)


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each module that a file imports, and whether that happens when the file is loaded."""

    def walk(node: ast.AST, at_load: bool) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_load) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            is_apart = (
                path.parts[0] == "plugin_krita" or "tensorflow1" in path.parts
            )  # loaded under other names
            assert not node.level or is_apart, f"{path}: a relative import"
            if not node.level:
                module = node.module or ""
                # `from retouchml import cli` imports retouchml.cli
                inner = [f"{module}.{alias.name}" for alias in node.names]
                yield from ((name if _is_module(name) else module, at_load) for name in inner)
        at_load = at_load and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, at_load)

    yield from walk(ast.parse((_TOP / path).read_text(encoding="utf-8")), True)


def _is_module(name: str) -> bool:
    place = _TOP.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def _is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


_MODULES = [
    path.relative_to(_TOP)
    for folder in ("retouchml", "stylegan2", "pipeline", "daemon", "plugin_gimp", "plugin_krita", "install")
    for path in sorted((_TOP / folder).rglob("*.py"))
    if "py37" not in path.parts  # of another Python, for itself
]


@pytest.mark.parametrize("path", _MODULES, ids=str)
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    folder = _folder(path)
    for name, at_load in _imports(path):
        if name.partition(".")[0] in _OURS:
            allowed = _ALLOWED[folder] if at_load else _LAZY.get(path.as_posix(), _ALLOWED[folder])
            assert name == "retouchml" or _is_in(name, allowed), f"{path} imports {name}"
            if folder != "retouchml/cli" and path.as_posix() != "retouchml/__main__.py":
                assert not _is_in(name, ("retouchml.cli",)), f"{path} imports the command line: {name}"
            if folder == "retouchml/cli" and at_load:
                assert not _is_in(name, _ENGINE), f"{path} loads {name} at once; import it inside a function"
        elif folder in _THIRD_PARTY and _THIRD_PARTY[folder] is not None:
            outside = {*sys.stdlib_module_names, *(_THIRD_PARTY[folder] or ())}
            assert name.partition(".")[0] in outside, f"{path} imports {name}"
