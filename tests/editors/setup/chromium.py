"""Chromium for the tests of the local page, where no browser is there yet."""

from install.console import Console
from tests import browser
from tests.editors.setup import apt


def provide(console: Console) -> dict[str, str]:
    """Install it. Raises InstallError."""
    if browser.chromium() is None:
        apt.install(("chromium",), "Chromium for tests", console)
    return {}
