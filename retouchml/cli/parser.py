"""The parser of command lines: in the user's language; an error is short and cannot steer the terminal."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from retouchml.system.terminal import printable, shortened
from retouchml.translation import language, marked, translated

_WIDE = ("ja", "zh_CN")
"""Languages whose letters take two columns each."""
_OF_ARGPARSE = (
    marked("usage: "),
    marked("options"),
    marked("positional arguments"),
    marked("show this help message and exit"),
    marked("show program's version number and exit"),
    marked("argument {name}: {reason}"),
    marked("the following arguments are required: {names}"),
    marked("unrecognized arguments: {names}"),
    marked("invalid choice: {value} (choose from {choices})"),
    marked("invalid {type} value: {value}"),
    marked("expected one argument"),
    marked("expected at least one argument"),
)
"""Python's own texts, which it does not translate."""


class Parser(argparse.ArgumentParser):
    """As argparse's, but for its language and the text of its errors."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=Formatter, **options)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit with 2."""
        self.print_usage(sys.stderr)
        reason = shortened(printable(translated(message)), translated("… and {left} more"))
        self.exit(2, f"{self.prog}: {translated('error')}: {reason}\n")


class Formatter(argparse.HelpFormatter):
    """The layout of help texts, which are written in English and shown in the user's language."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Add the line of the usage."""
        super().add_usage(usage, actions, groups, translated("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """Begin a section, such as the options."""
        super().start_section(translated(heading or "") or heading)

    def add_text(self, text: str | None) -> None:
        """Add a paragraph."""
        super().add_text(translated(text or "") or text)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return translated(action.help) if action.help else action.help

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(text, _letters(width))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return super()._fill_text(text, _letters(width), indent)


def _letters(columns: int) -> int:
    """How many letters fit into so many columns."""
    return max(columns // 2, 11) if language() in _WIDE else columns
