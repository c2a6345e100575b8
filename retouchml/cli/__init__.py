"""The subcommands of ``retouchml``, one module each.

Every module offers ``add_parser(subparsers)``, which sets ``run``: a function of the arguments and a
``Context`` that returns the exit code. None imports anything heavy before it runs.
"""


def main() -> int:
    """The command, where the script that version 0.1 installed imports it; see the module ``main``."""
    from retouchml.cli.main import main as command

    return command()
