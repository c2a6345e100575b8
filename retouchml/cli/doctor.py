"""``retouchml doctor``: what is installed, what is missing, what to do."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retouchml.cli.context import Context, Subparsers
from retouchml.translation import translated

if TYPE_CHECKING:
    from retouchml.cli.doctor_checks import Finding


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="show what is installed, what is missing, what to do",
        description="Check all that RetouchML needs. Exit code 1 means that something needed is missing.",
        allow_abbrev=False,
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument(
        "--report", action="store_true", help="print one block for a bug report, without private paths"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the findings; exit code 1 if something needed is missing."""
    from dataclasses import asdict

    from retouchml.cli import bug_report, doctor_checks, report

    findings = list(doctor_checks.findings())
    ok = all(finding.ok for finding in findings if finding.needed)
    if arguments.json:
        context.console.print(report.text({"ok": ok, "findings": [asdict(finding) for finding in findings]}))
    elif arguments.report:
        for line in bug_report.block(findings):
            context.console.print(line)
    else:
        for line in _lines(findings, ok=ok):
            context.console.print(line)
    return 0 if ok else 1


def _lines(findings: Sequence["Finding"], *, ok: bool) -> list[str]:
    width = max(len(finding.name) for finding in findings)
    lines: list[str] = []
    topic = ""
    for finding in findings:
        if finding.topic != topic:
            topic = finding.topic
            lines.append(topic.capitalize())
        mark = "ok" if finding.ok else "MISSING" if finding.needed else "check"
        lines.append(f"  {mark:7}  {finding.name:{width}}  {translated(finding.state)}")
        if finding.advice:
            lines.append(f"  {'':7}  {'':{width}}  {translated(finding.advice)}")
    last = "Everything needed is here." if ok else "Something needed is missing: see the advice above."
    return [*lines, translated("For a bug report: `retouchml doctor --report`."), translated(last)]
