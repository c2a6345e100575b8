"""``retouchml daemon keys``: who may use this user's daemon from other machines."""

import argparse
import time
from pathlib import Path

from retouchml.cli.context import Context, path
from retouchml.errors import RetouchError, UsageError
from retouchml.translation import translated


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Declare the actions of ``daemon keys``."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="give a person a key, in a file to hand over", allow_abbrev=False)
    add.add_argument("name", metavar="NAME")
    add.add_argument(
        "-o", "--output", type=path, metavar="FILE", help="the invitation (default: NAME.json in this folder)"
    )
    add.add_argument(
        "--host",
        default="",
        metavar="HOST:PORT",
        help="where they reach this machine (default: as --tcp)",
    )
    add.add_argument("--admin", action="store_true", help="they may also stop the daemon")
    add.set_defaults(run=add_key)
    list_ = actions.add_parser("list", help="who has one", allow_abbrev=False)
    list_.set_defaults(run=list_keys)
    revoke = actions.add_parser("revoke", help="end a key, at once", allow_abbrev=False)
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(run=revoke_key)


def add_key(arguments: argparse.Namespace, context: Context) -> int:
    """Write an invitation."""
    from daemon.people import People
    from retouchml.client import connection_file

    target: Path = arguments.output or Path(f"{arguments.name}.json")
    if target.exists():
        raise UsageError(f"{target} exists already.", "Name another file with -o.")
    people = People()
    invitation = people.add(arguments.name, "admin" if arguments.admin else "use", _endpoint(arguments.host))
    try:
        connection_file.write(target, invitation)
    except RetouchError:
        people.revoke(arguments.name)
        raise
    context.console.say(f"{target} is the invitation of {arguments.name}: hand it over in a safe way.")
    context.console.say(f"There: `retouchml remote add {target.name}`.")
    return 0


def list_keys(_arguments: argparse.Namespace, context: Context) -> int:
    """Print the people, one in a line."""
    from daemon.people import People

    people = list(People())
    for person in people:
        added = time.strftime("%Y-%m-%d", time.localtime(person.added))
        context.console.print(f"{person.name}  {person.role}  {added}")
    if not people:
        context.console.say("Nobody has one: `retouchml daemon keys add NAME` gives one.")
    return 0


def revoke_key(arguments: argparse.Namespace, context: Context) -> int:
    """End a key."""
    from daemon.people import People

    People().revoke(arguments.name)
    context.console.print(translated(f"The key of {arguments.name} is not valid any more."))
    return 0


def _endpoint(host: str) -> str:
    """The address in an invitation: the one that was said, or that of the daemon that runs."""
    from retouchml import paths
    from retouchml.client import connection_file, discovery, host_port, remotes

    file = paths.runtime_dir() / connection_file.NAME
    if not host and (discovery.lock_holder() is None or not file.exists()):
        raise UsageError(
            "No daemon listens on TCP, so its address is not known.",
            "Start it with `retouchml daemon run --tcp HOST:PORT`, or say `--host HOST:PORT`.",
        )
    if host.startswith("*:"):  # as --tcp takes it
        endpoint = f"tcp://{host}"
    else:
        endpoint = host_port.endpoint(*host_port.parse(host)) if host else connection_file.read(file).endpoint
    if host.startswith("*:") or remotes.is_everywhere(endpoint):
        raise UsageError(
            f"{endpoint.removeprefix('tcp://')} is every address of this machine, and none of the others.",
            "Say by which they reach it: `--host HOST:PORT`.",
        )
    return endpoint
