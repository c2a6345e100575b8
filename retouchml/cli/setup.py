"""``retouchml setup``: the engine in an environment of its own, the plug-ins in the editors."""

import argparse
import os
import subprocess

from retouchml.cli.context import Context, Subparsers, path
from retouchml.errors import UsageError

_EDITORS = ("gimp", "krita", "darktable")
_SERVICE = "service"
_ELSEWHERE = (
    "In a checkout, `python3 install demo` sets RetouchML up, `python3 install gimp` or `krita` an editor."
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "setup",
        help="set the engine up, and the editors; repair, remove",
        description="Set RetouchML up for this user: the engine with its packages and models, in an "
        "environment of its own. Says what it will fetch before it does. Safe to run again; goes on after an "
        "interruption.",
        epilog="Packages come through pip with its own configuration: index, mirror, proxy.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("engine", *_EDITORS, _SERVICE, "bundle"),
        help="also put the plug-in into an editor; or let the daemon start at login; or write a bundle for "
        "machines without a network",
    )
    parser.add_argument("folder", nargs="?", type=path, metavar="FOLDER", help="where the bundle goes")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "rocm", "xpu"),
        help="what retouches: cuda, rocm (AMD) or xpu (Intel) are graphics cards (default: auto)",
    )
    parser.add_argument(
        "--from", dest="bundle", type=path, metavar="FOLDER", help="take all from a bundle, without a network"
    )
    parser.add_argument(
        "--python",
        action="store_true",
        help="with bundle: put a Python into it as well, for a machine that has none that fits",
    )
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")
    parser.add_argument("--repair", action="store_true", help="make the engine's environment anew")
    parser.add_argument("--remove", action="store_true", help="list what was installed, ask, and remove it")
    parser.add_argument("--yes", action="store_true", help="with --remove: do not ask")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Find a Python, and let the installer do the rest; its exit code. Raises RetouchError."""
    from retouchml.setup import installer

    if not installer.is_here():
        raise UsageError("This is no installed package.", _ELSEWHERE)
    command, environment = installer.command(_python(arguments, context), _words(arguments))
    context.console.flush()
    if os.name == "posix":  # signals and the terminal are the installer's
        os.execve(command[0], command, environment)  # noqa: S606
    return subprocess.run(command, env=environment, check=False).returncode


def _words(arguments: argparse.Namespace) -> list[str]:
    """The installer's own command line."""
    what: str | None = arguments.what
    if (what == "bundle") != (arguments.folder is not None):
        raise UsageError(
            "A bundle needs a folder, and nothing else takes one.", "`retouchml setup bundle FOLDER`."
        )
    if arguments.python and (what != "bundle" or arguments.remove):
        raise UsageError("--python is for a bundle.", "`retouchml setup bundle FOLDER --python`.")
    if arguments.remove:
        # without a word, everything goes, settings and presets too; "engine" is its environment alone
        parts = [{"engine": "environment"}.get(what, what)] if what else []
        return ["uninstall", *parts, *(["--yes"] if arguments.yes else [])]
    if what == "bundle":
        more = ["--python"] if arguments.python else []
        return ["bundle", str(arguments.folder.absolute()), *more]
    options: list[str] = []
    if arguments.torch_index:
        options += ["--torch-index", arguments.torch_index]
    if what == _SERVICE or what in _EDITORS:
        if arguments.device or arguments.bundle or arguments.repair:
            raise UsageError(
                f"`setup {what}` takes neither --device, --from nor --repair.",
                "Run `retouchml setup` with them first.",
            )
        return [what, *options]
    if arguments.device:
        options += ["--device", arguments.device]
    if arguments.bundle:
        options += ["--from", str(arguments.bundle.absolute())]
    return ["engine", *options, *(["--repair"] if arguments.repair else [])]


def _python(arguments: argparse.Namespace, context: Context) -> str:
    from retouchml import paths
    from retouchml.setup import bundled_python, python

    wanted = python.of_bundle(arguments.bundle) if arguments.bundle else ""
    own = paths.data_dir() / "python"
    if found := python.find(wanted, own):
        return found
    # a bundle is for machines without a network
    if arguments.bundle:
        brought = bundled_python.bring(arguments.bundle, own, wanted) if wanted else ""
    else:
        brought = python.bring(own, context.console.complain)
    if brought:
        return brought
    raise python.missing(wanted)
