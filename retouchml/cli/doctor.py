"""``retouchml doctor``: what is installed, what is missing, what to do."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retouchml.cli.context import Context, Subparsers

if TYPE_CHECKING:
    from retouchml.cli.checks import Finding


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="what is installed, what is missing, what to do",
        description="Look at everything RetouchML needs. Exit code 1 means that something needed is missing.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print what was found."""
    from dataclasses import asdict

    from retouchml.cli import checks, report

    found = list(checks.findings())
    ok = all(finding.ok for finding in found if finding.needed)
    if arguments.json:
        context.console.print(report.text({"ok": ok, "findings": [asdict(finding) for finding in found]}))
    else:
        for line in _lines(found, ok=ok):
            context.console.print(line)
    return 0 if ok else 1


def _lines(found: Sequence["Finding"], *, ok: bool) -> list[str]:
    width = max(len(finding.name) for finding in found)
    lines: list[str] = []
    topic = ""
    for finding in found:
        if finding.topic != topic:
            topic = finding.topic
            lines.append(topic.capitalize())
        mark = "ok" if finding.ok else "MISSING" if finding.needed else "look"
        lines.append(f"  {mark:7}  {finding.name:{width}}  {finding.state}")
        if finding.advice:
            lines.append(f"  {'':7}  {'':{width}}  {finding.advice}")
    lines.append("Everything needed is here." if ok else "Something needed is missing: see the advice above.")
    return lines
