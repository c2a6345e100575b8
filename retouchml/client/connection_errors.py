"""The errors of a connection that several modules raise."""

from retouchml.errors import DaemonAbsent, DaemonLost, NameUnknown, Refused, RetouchError
from retouchml.translation import marked

OVER_THERE = marked("Try again; if that does not help, whoever runs that machine can restart its daemon.")
"""What to do about a daemon on another machine that does not answer."""


def connection_lost() -> DaemonLost:
    """The error for a connection that broke."""
    return DaemonLost("The connection to the daemon was lost.", "Try again.")


def not_connected(error: RetouchError, name: str, where: str) -> RetouchError:
    """The error for another machine, where ``error`` is what came of connecting to it.

    name: of the remote; where: HOST:PORT, "" if its file cannot be read
    """
    if not where:
        return error
    if isinstance(error, Refused):
        advice = "Copy its connection file again, and give it to `retouchml remote add --force`."
        return Refused(f"The daemon at {where} does not know the key of {name}.", advice)
    if isinstance(error, DaemonLost) and not isinstance(error, NameUnknown):
        return DaemonLost(
            f"Nobody answers at {where}.",
            "See that `retouchml daemon run --tcp` runs there, and that no firewall is between. If its keys "
            "are new, give its new file to `retouchml remote add --force`.",
        )
    return error


def remote_lost(where: str) -> DaemonLost:
    """The error for a connection to another machine that broke, or at which nothing is heard any more."""
    return DaemonLost(
        f"The connection to the daemon at {where} was lost.",
        "See that both machines and the network between them are up, and try again. `--remote local` lets "
        "this machine do the work.",
    )


def stopped_at_once() -> DaemonAbsent:
    """The error for a daemon that was started and does not listen."""
    return DaemonAbsent("The daemon stopped as soon as it was started.", "See `retouchml daemon logs`.")
