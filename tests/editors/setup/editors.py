"""The real editors for the tests in ``tests/editors/``, which ``test --editors`` sets up, and a browser.

An editor is a module and a row in ``EDITORS``. Its ``provide`` sets it up (safe to run again) and returns
what its tests have to know, as environment variables.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from install.console import Console
from install.errors import InstallError
from tests.editors.setup import chromium, gimp, krita

MARK = "RETOUCHML_TEST_EDITORS"
"""Set for tests that may use real editors; tests/editors/conftest.py skips them otherwise."""

Provide = Callable[[Console], dict[str, str]]

EDITORS: dict[str, Provide] = {
    "chromium": chromium.provide,
    "gimp": gimp.provide,
    "krita": krita.provide,
}
NEXT_EDITORS: dict[str, Provide] = {"gimp-next": gimp.provide_next, "krita-next": krita.provide_next}


def provide(console: Console, *, also_next: bool, if_possible: bool) -> dict[str, str]:
    """Set up every editor; returns environment variables for pytest. Raises InstallError.

    also_next:   also the coming versions; one that cannot be set up is reported, and is no failure
    if_possible: the same holds for every editor; on another system, or not as root, no editor is set up
    """
    try:
        _check_system()
    except InstallError as error:
        if not if_possible:
            raise
        console.say(f"Real editors cannot be set up here, and are not tested: {error.explain()}")
        return {}
    variables = {MARK: "1"}
    for name, set_up in {**EDITORS, **(NEXT_EDITORS if also_next else {})}.items():
        try:
            variables |= set_up(console)
        except InstallError as error:
            if name in EDITORS and not if_possible:
                raise
            console.say(f"{name} cannot be set up here, and is not tested: {error.explain()}")
    return variables


def _check_system() -> None:
    reason = ""
    if not Path("/etc/debian_version").exists() or shutil.which("apt-get") is None:
        reason = "this is no Debian"
    elif sys.platform == "win32" or os.geteuid() != 0:
        reason = "only root may install them"
    if reason:
        raise InstallError(
            f"Real editors are set up from Debian's packages, and {reason}.",
            "Leave out --editors: everything else is tested. Or use a Debian container, as root.",
        )
