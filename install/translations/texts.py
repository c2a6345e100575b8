"""Finds every text that a person may read in the code, by its syntax tree.

Those are: arguments of ``_``, ``marked``, ``translated`` and ``counted``; sentence and advice of errors; help
texts and complaints of the command line; rows of the tables of sliders and stages; capitals of modules that
hold nothing else; titles and help texts of presets; arguments of ``_`` in darktable's script. An f-string
becomes a template, by which ``retouchml.translation`` recognises the sentence: ``f"{path.name} is empty."``
becomes ``{name} is empty.``
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FOLDERS = ("retouchml", "plugin_gimp", "plugin_krita", "daemon", "pipeline", "stylegan2")
_LEFT_OUT = (
    "pipeline/training",
    "stylegan2/formats",
    "stylegan2/networks",
    "stylegan2/mobile",
    "stylegan2/tflite",
    "stylegan2/tensorflow1",
    "retouchml/client/answers.py",
    "retouchml/client/fields.py",
    "retouchml/translation.py",
)
"""Sentences on the inside of network files and messages stay English: they are for those who made these."""
_UNSEEN = ("ProtocolError", "LimitExceeded")  # for authors of clients
_ERRORS = "retouchml/errors.py"
_MARKS = {  # how many of its arguments are texts
    "_": 1,
    "_text": 1,
    "marked": 1,
    "translated": 1,
    "translate": 1,
    "joined": 9,
    "sentence": 1,
}
_COLUMNS = {
    "Slider": (1, 6),
    "_local": (1, 5),
    "_shape": (1, 2),
    "_latent": (1, 2),
    "_moved": (1, 2),
    "Group": (1,),
    "Stage": (1,),
    "complain": (0,),
    "say": (0,),
    "ask": (0,),
    "Finding": (2, 5),
    "add_slider_option": (2,),
    "unknown_name": (0,),
}
"""Positions of texts among the arguments of rows of tables, and of calls that show their argument."""
_KEYWORDS = ("help", "description", "epilog", "title", "advice")
_NOTES = ("pipeline/pictures/", "pipeline/face_quality.py")
"""Modules whose strings of several words are notes for people."""
_NOTE = re.compile(r"[A-Z{]\S* \S.*\.|.*: .* held back", re.DOTALL)
_LISTS = ("texts", "sentences")
"""Names of modules whose constants in capitals are all texts."""
_IN_LUA = re.compile(r'\b_\("([^"\\]+)"')
_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass
class Texts:
    """The texts that were found.

    places: module of each text, for translators; plurals: the text for many, by that for one
    """

    places: dict[str, str] = field(default_factory=dict)
    plurals: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, place: str) -> None:
        """Add a text, unless it says nothing in words."""
        if _LETTERS.search(re.sub(r"\{\w+\}", "", text)):
            self.places.setdefault(text, place)


def collect(top: Path) -> Texts:
    """The texts of the checkout in ``top``."""
    found = Texts()
    errors = _error_classes(top / _ERRORS)
    for folder in _FOLDERS:
        for path in sorted((top / folder).rglob("*.py")):
            place = path.relative_to(top).as_posix()
            if not place.startswith(_LEFT_OUT):
                _Module(path, place, errors, found).collect()
    for path in sorted((top / "retouchml/darktable").glob("*.lua")):
        for text in _IN_LUA.findall(path.read_text(encoding="utf-8")):
            found.add(text, path.relative_to(top).as_posix())
    for path in sorted((top / "retouchml/presets").glob("*.toml")):
        preset = tomllib.loads(path.read_text(encoding="utf-8"))
        for key in ("title", "help"):
            found.add(preset[key], path.relative_to(top).as_posix())
    return found


def _error_classes(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return frozenset(names.difference(_UNSEEN))


class _Module:
    """One module of the code."""

    def __init__(self, path: Path, place: str, errors: frozenset[str], found: Texts) -> None:
        self._tree = ast.parse(path.read_text(encoding="utf-8"))
        self._place = place
        self._errors = errors
        self._found = found
        self._is_list = path.stem in _LISTS
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._assigned.setdefault(target.id, []).append(node.value)

    def collect(self) -> None:
        """Add the module's texts to those found."""
        if self._is_list:
            for name, values in self._assigned.items():
                if name.isupper():
                    for node in (each for value in values for each in ast.walk(value)):
                        if isinstance(node, ast.Constant) and not _is_key(node, values):
                            self._found.add(str(node.value), self._place)
        if self._place.startswith(_NOTES):
            self._notes(self._tree)
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call):
                self._call(node)

    def _notes(self, node: ast.AST) -> None:
        """Add every string below a node that is a note, and not a docstring or a part of another string."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.Constant | ast.JoinedStr):
            for text in self._texts(node, 0):
                if _NOTE.fullmatch(text):
                    self._found.add(text, self._place)
            return
        for child in ast.iter_child_nodes(node):
            self._notes(child)

    def _call(self, call: ast.Call) -> None:
        name = _last_name(call.func)
        arguments: list[ast.expr] = []
        if name == "counted":
            one, many = (ast.literal_eval(argument) for argument in call.args[:2])
            self._found.add(one, self._place)
            self._found.plurals[one] = many
        elif name in _MARKS:
            arguments += call.args[: _MARKS[name]]
        elif name in self._errors:
            arguments += call.args[:2]
        elif name in _COLUMNS:
            arguments += [call.args[column] for column in _COLUMNS[name] if column < len(call.args)]
        if self._place.startswith("retouchml/cli/"):
            arguments += [each.value for each in call.keywords if each.arg in _KEYWORDS]
        for argument in arguments:
            for text in self._texts(argument, 0):
                self._found.add(text, self._place)

    def _texts(self, node: ast.expr, depth: int) -> Iterator[str]:
        """The texts that an expression may be, and those that are filled into them."""
        if depth > 4:
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield template(node)
            for value in node.values:
                if isinstance(value, ast.FormattedValue) and not isinstance(value.value, ast.Attribute):
                    yield from self._texts(value.value, depth + 1)
        elif isinstance(node, ast.IfExp):
            yield from self._texts(node.body, depth + 1)
            yield from self._texts(node.orelse, depth + 1)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._texts(value, depth + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = list(self._texts(node.left, depth + 1)), list(self._texts(node.right, depth + 1))
            yield from (a + b for a in left or [""] for b in right or [""])
        elif isinstance(node, ast.Name):
            for value in self._assigned.get(node.id, ()):
                yield from self._texts(value, depth + 1)


def template(node: ast.JoinedStr) -> str:
    """The text of an f-string, with a name for each place that is filled in."""
    names: dict[str, str] = {}
    parts = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
            continue
        shown = ast.dump(value)
        if shown not in names:
            assert isinstance(value, ast.FormattedValue)
            name = _field_name(value.value)
            number = 2
            while name in names.values():
                name, number = f"{name.rstrip('0123456789')}{number}", number + 1
            names[shown] = name
        parts.append(f"{{{names[shown]}}}")
    return "".join(parts)


def _field_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").lower()
    if isinstance(node, ast.Call):
        arguments = [each for each in node.args if not isinstance(each, ast.Constant)]
        return _field_name(arguments[0] if arguments else node.func)
    if isinstance(node, ast.BoolOp):
        return _field_name(node.values[0])
    if isinstance(node, ast.Subscript):
        return _field_name(node.value)
    if isinstance(node, ast.BinOp):
        return _field_name(node.left)
    if isinstance(node, ast.IfExp):
        return _field_name(node.body)
    return "value"


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_key(node: ast.expr, values: list[ast.expr]) -> bool:
    dicts = [each for value in values for each in ast.walk(value) if isinstance(each, ast.Dict)]
    return any(node in each.keys for each in dicts)
