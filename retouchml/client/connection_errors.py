"""The errors of a connection that several modules raise."""

from retouchml.errors import DaemonAbsent, DaemonLost


def connection_lost() -> DaemonLost:
    """The error for a connection that broke."""
    return DaemonLost("The connection to the daemon was lost.", "Try again.")


def stopped_at_once() -> DaemonAbsent:
    """The error for a daemon that was started and does not listen."""
    return DaemonAbsent("The daemon stopped as soon as it was started.", "See `retouchml daemon logs`.")
