"""``retouchml edits``: all sliders, with their groups, ranges and defaults.

All models share this table, so that no model is needed to read it.
"""

import argparse
from dataclasses import asdict

from retouchml.cli.context import Context, Subparsers, device
from retouchml.sliders import GROUPS, SLIDERS, Slider, in_group
from retouchml.translation import translated

_TWO_DEFAULTS = (
    "A slider with two defaults follows the strength until it is set: 0 at strength 0, the first at 0.5, "
    "the second at 1."
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "edits",
        help="list the sliders, their ranges and defaults",
        description="List the sliders, as `retouchml beautify --edit NAME=VALUE` takes them. They are "
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

        context.console.print(report.text([asdict(slider.as_edit()) for slider in SLIDERS]))
        return 0
    width = max(len(slider.name) for slider in SLIDERS)
    for group in GROUPS:
        context.console.say(group.title)
        for slider in in_group(group):
            limits = f"{slider.low:g} to {slider.high:g}"
            line = f"  {slider.name:{width}}  {limits:7}  {_default(slider):11}  {translated(slider.help)}"
            context.console.print(line)
    if any(slider.full is not None for slider in SLIDERS):
        context.console.say(_TWO_DEFAULTS)
    return 0


def _default(slider: Slider) -> str:
    """The default, and after a bar the value at strength 1 if the slider follows the strength."""
    default = f"{slider.default:g}"
    return default if slider.full is None else f"{default} | {slider.full:g}"
