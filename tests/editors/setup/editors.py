"""``test --editors``: real editors for the tests in ``tests/editors/``, one module each.

An editor is a line in ``EDITORS``: its ``provide`` sets it up (safe to run again) and gives back what its
tests have to know, as environment variables.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from install.console import Console
from install.problem import Problem
from tests.editors.setup import gimp, krita

MARK = "RETOUCHML_TEST_EDITORS"
"""Set for tests that may use real editors; tests/editors/conftest.py skips them otherwise."""

Provide = Callable[[Console], dict[str, str]]

EDITORS: dict[str, Provide] = {"gimp": gimp.provide, "krita": krita.provide}
ON_WISH: dict[str, Provide] = {"gimp-next": gimp.provide_next}


def provide(console: Console, *, also_next: bool, if_possible: bool) -> dict[str, str]:
    """Set up every editor; the environment for pytest. Raises Problem.

    also_next: also the coming versions; where they cannot be had, that is said and no failure
    if_possible: on another system, or not as root, that is said and nothing is tested in editors; likewise
    an editor that cannot be had
    """
    try:
        _check_system()
    except Problem as problem:
        if not if_possible:
            raise
        console.say(f"Real editors cannot be had here, and are not tested: {problem.explain()}")
        return {}
    known = {MARK: "1"}
    for name, make in {**EDITORS, **(ON_WISH if also_next else {})}.items():
        try:
            known |= make(console)
        except Problem as problem:
            if name in EDITORS and not if_possible:
                raise
            console.say(f"{name} cannot be had here, and is not tested: {problem.explain()}")
    return known


def _check_system() -> None:
    reason = ""
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        reason = "this is no Debian"
    elif sys.platform == "win32" or os.geteuid() != 0:
        reason = "only root may install them"
    if reason:
        raise Problem(
            f"Real editors are set up from Debian's packages, and {reason}.",
            "Leave out --editors: everything else is tested. Or use a Debian container, as root.",
        )
