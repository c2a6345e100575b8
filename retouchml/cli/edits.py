"""``retouchml edits``: the manual sliders and their ranges.

All models share this table, so that no model is needed to read it.
"""

import argparse
from dataclasses import asdict

from retouchml.cli.context import Context, Subparsers, device
from retouchml.sliders import EDITS


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "edits",
        help="list the manual sliders and their ranges",
        description="List the manual edits, as `retouchml beautify --edit NAME=VALUE` takes them. They are "
        "the same for every model and device.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    for option, metavar, type_ in (("--model", "NAME", str), ("--device", "DEVICE", device)):
        parser.add_argument(
            option, type=type_, metavar=metavar, help="without effect: all have the same sliders"
        )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the table."""
    if arguments.json:
        from retouchml.cli import report

        context.console.print(report.text([asdict(slider.as_edit()) for slider in EDITS]))
        return 0
    width = max(len(edit.name) for edit in EDITS)
    for edit in EDITS:
        context.console.print(f"{edit.name:{width}}  {edit.low:g} to {edit.high:g}  {edit.help}")
    return 0
