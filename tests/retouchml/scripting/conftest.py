"""The daemon's fixtures."""

from tests.daemon.conftest import daemon, home, start

__all__ = ["daemon", "home", "start"]
