"""The daemon's fixtures, for tests of commands that need a real daemon."""

from tests.daemon.conftest import daemon, home, start

__all__ = ["daemon", "home", "start"]
