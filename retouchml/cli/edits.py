"""``retouchml edits``: the manual sliders and their ranges.

They are a table that all models share: no model is loaded, or needed, to read it.
"""

import argparse

from retouchml.cli.context import Context, Subparsers, add_engine_options
from retouchml.sliders import EDITS


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "edits",
        help="the manual sliders, their ranges",
        description="List the manual edits, as `retouchml beautify --edit NAME=VALUE` takes them. They are "
        "the same for every model and device.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the table."""
    if arguments.json:
        from retouchml.cli import report

        listed = [
            {"name": edit.name, "low": edit.low, "high": edit.high, "description": edit.help}
            for edit in EDITS
        ]
        context.console.print(report.text(listed))
        return 0
    width = max(len(edit.name) for edit in EDITS)
    for edit in EDITS:
        context.console.print(f"{edit.name:{width}}  {edit.low:g} to {edit.high:g}  {edit.help}")
    return 0
