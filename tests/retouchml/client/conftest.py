"""The daemon's fixtures, for the tests of its client."""

from tests.daemon.conftest import daemon, home, start

__all__ = ["daemon", "home", "start"]
