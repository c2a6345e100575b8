"""``retouchml remote``: daemons on other machines, which do the work there."""

import argparse
from pathlib import Path

from retouchml import __version__
from retouchml.cli.context import Context, Subparsers, path
from retouchml.translation import decimal, translated


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command and its actions."""
    parser = subparsers.add_parser(
        "remote",
        help="use the daemon of another machine",
        description="A remote is a daemon on another machine, such as a studio's with a graphics card. Start "
        "it there with `retouchml daemon run --tcp HOST:PORT`, and bring its connection.json here.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="keep the connection file of another machine", allow_abbrev=False)
    add.add_argument("file", type=path, metavar="FILE", help="its connection.json")
    add.add_argument("--name", default="studio", help="a name for it (default: studio)")
    add.add_argument("--host", default="", metavar="HOST[:PORT]", help="its address, if FILE has another one")
    add.add_argument("--force", action="store_true", help="replace a remote of this name")
    add.set_defaults(run=add_remote)
    list_ = actions.add_parser("list", help="show them, * is the one in use", allow_abbrev=False)
    list_.set_defaults(run=list_remotes)
    test = actions.add_parser("test", help="ask whether it answers, and how fast", allow_abbrev=False)
    test.add_argument("name", metavar="NAME", nargs="?", help="which (default: the one in use)")
    test.set_defaults(run=test_remote)
    use = actions.add_parser("use", help="let every command work there from now on", allow_abbrev=False)
    use.add_argument("name", metavar="NAME", help="`local` for this machine again")
    use.set_defaults(run=use_remote)
    remove = actions.add_parser("remove", help="forget it", allow_abbrev=False)
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=remove_remote)


def add_remote(arguments: argparse.Namespace, context: Context) -> int:
    """Keep a connection file."""
    from retouchml.client import remotes

    file: Path = arguments.file
    remotes.add(file, arguments.name, arguments.host, force=arguments.force)
    context.console.say(f"{arguments.name} is {remotes.address(arguments.name)}.")
    context.console.say(f"`retouchml remote test {arguments.name}` asks whether it answers.")
    return 0


def list_remotes(_arguments: argparse.Namespace, context: Context) -> int:
    """Print the remotes, one in a line."""
    from retouchml.client import remotes
    from retouchml.errors import Refused

    used = context.settings().remote
    for name in remotes.names():
        try:
            address = remotes.address(name)
        except Refused as error:
            context.console.report(error, name)
            continue
        context.console.print(f"{'*' if name == used else ' '} {name}  {address}")
    if not remotes.names():
        context.console.say("There is none: `retouchml remote add FILE` keeps one.")
    return 0


def test_remote(arguments: argparse.Namespace, context: Context) -> int:
    """Print whether a remote answers, in which time, and what it has."""
    from retouchml.client import remotes
    from retouchml.errors import UsageError

    name = context.settings().remote if arguments.name is None else arguments.name
    if arguments.name is None and not name:
        raise UsageError("No remote is in use.", "Name one, as `retouchml remote list` shows them.")
    answer = remotes.test(name, "retouchml remote test")
    devices = ", ".join(answer.devices)
    milliseconds = decimal(answer.milliseconds, 1)
    context.console.say(f"{name} answers within {milliseconds} ms: version {answer.software}, {devices}.")
    if answer.software != __version__:
        context.console.complain(
            f"The work needs the same version on both machines, and this one has {__version__}."
        )
        return 1
    return 0


def use_remote(arguments: argparse.Namespace, context: Context) -> int:
    """Set the remote that commands use."""
    from retouchml import paths, settings
    from retouchml.client import remotes
    from retouchml.system.file_names import SETTINGS

    name = "" if arguments.name == settings.LOCAL else arguments.name
    if arguments.name != settings.LOCAL:
        remotes.path(name)
    settings.store(paths.config_dir() / SETTINGS, "remote", name or None)
    context.console.say(
        f"Every command works on {name} now." if name else "Every command works on this machine now."
    )
    return 0


def remove_remote(arguments: argparse.Namespace, context: Context) -> int:
    """Forget a remote, also as the one in use."""
    from retouchml import paths, settings
    from retouchml.client import remotes
    from retouchml.system.file_names import SETTINGS

    remotes.remove(arguments.name)
    if context.settings().remote == arguments.name:
        settings.store(paths.config_dir() / SETTINGS, "remote", None)
    context.console.print(translated(f"{arguments.name} is forgotten."))
    return 0
