"""Runs a page of questions until Ctrl-C: the file of answers, the server, the browser."""

import argparse
import secrets
import time
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml.cli.context import Context, path
from retouchml.cli.page.questions import Choice, Questions
from retouchml.cli.page.server import PageServer
from retouchml.errors import Cancelled, LatentSpaceMismatch, RetouchError, UsageError
from retouchml.settings import DEFAULT_MODEL
from retouchml.system import files
from retouchml.system.locks import exclusive
from retouchml.translation import translated

if TYPE_CHECKING:
    from pipeline.taste.answers import Answers, Kind
    from pipeline.taste.faces import DrawnFaces
    from pipeline.taste.questionnaire import Choose

_POLL_SECONDS = 0.2
_HIGHEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser, file: str) -> None:
    """Declare the options that both commands have. file: where answers go by default."""
    parser.add_argument(
        "--file", type=path, metavar="FILE", help=f"where the answers are kept (default: {file})"
    )
    parser.add_argument("--model", metavar="NAME", help=f"the generator (default: {DEFAULT_MODEL})")
    parser.add_argument("--port", type=_port, default=0, help="of the page (default: one that is free)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open no browser")


def run(
    arguments: argparse.Namespace,
    context: Context,
    file: Path,
    kind: "Kind",
    subject: str,
    chooser: "Callable[[DrawnFaces, Answers], Choose]",
    question: str,
    choices: Mapping[str, Choice],
    goal: int,
) -> int:
    """Ask until Ctrl-C, and return the exit code.

    file: of the answers; subject: what the file says was asked; chooser: makes what chooses questions
    """
    import stylegan2
    from pipeline.taste import answers as answer_files
    from pipeline.taste.answers import Answers
    from pipeline.taste.faces import DrawnFaces
    from pipeline.taste.questionnaire import Questionnaire

    try:
        files.private_folder(file.parent)
        # Read within the lock, or what another command has just written would be lost.
        with exclusive(file.with_name(f".{file.name}.lock"), _in_use(file), remove=True):
            stored = answer_files.read(file, kind) if file.exists() else None
            if stored is not None and subject != stored.question:
                raise UsageError(
                    f"{file} asks for {stored.question}, not for {subject}.", "Name another file."
                )
            wanted = arguments.model or (stored.model if stored else context.settings().model)
            generator = stylegan2.load(wanted)
            if stored is not None and stored.space != generator.latents.name:
                raise LatentSpaceMismatch(
                    f"{file} holds answers on faces of {stored.model}, not of {wanted}.", "Name another file."
                )
            found = stored or Answers(kind, wanted, generator.latents.name, secrets.randbits(32), subject)
            faces = DrawnFaces(generator, found.seed)
            questionnaire = Questionnaire(file, found, chooser(faces, found))
            page = Questions(questionnaire, faces, question, choices, goal)
            if stored is None:
                answer_files.write(file, found)
            _serve(PageServer(page.get, page.post, arguments.port), arguments, context)
            count = questionnaire.state.counted
    except OSError as error:
        raise RetouchError(
            f"The page cannot be served: {error.strerror}.", "Choose another file or port."
        ) from error
    context.console.say(f"{count} answers are in {file}.")
    return 0


def _serve(server: PageServer, arguments: argparse.Namespace, context: Context) -> None:
    console = context.console
    server.begin()
    try:
        console.say(
            "The page is at this address. It is secret, and only this machine reaches it. Ctrl-C ends."
        )
        console.print(server.address)
        console.flush()
        if not arguments.no_browser:
            with suppress(webbrowser.Error, OSError):
                webbrowser.open(server.address)
        with suppress(Cancelled), context.interrupt.polled() as cancel:
            while not cancel.is_set():
                time.sleep(_POLL_SECONDS)
    finally:
        server.close()


def _in_use(file: Path) -> Callable[[], None]:
    def refuse() -> None:
        raise UsageError(f"Another command has {file} open.", "End it, or name another file.")

    return refuse


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(translated("a port from 1024 to 65535 is needed"))
    return int(text)
