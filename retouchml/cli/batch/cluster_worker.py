"""The actor of ``--ray``: a process on some machine of the cluster that keeps its models loaded.

It gets the bytes of a picture file and returns those of the results, so machines need no disk in common. Its
steps are those of a picture on this machine, ``retouch.render`` and ``retouch.write``, in a temporary folder.
Of two pictures, one is read or encoded while the other is retouched.
"""

import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from retouchml.cli.backend import Backend
from retouchml.cli.console import Console
from retouchml.cli.context import Context
from retouchml.cli.interrupt import Interrupt
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options, Outcome, render, write
from retouchml.cli.staging import Staging
from retouchml.errors import RetouchError
from retouchml.failures import explain
from retouchml.progress import silent

MakeBackend = Callable[[], Backend]


@dataclass(frozen=True)
class Results:
    """The files of a retouched picture, by the option that asks for each; a ``Made``."""

    contents: Mapping[str, bytes]
    outcome: Outcome

    def write(
        self, files: OutputFiles, _context: Context, *, force: bool, before: Callable[[], None], claim: str
    ) -> Outcome:
        """Write all of them, or none."""
        with Staging(force=force, claim=claim) as staging:
            for option, target in files.by_option.items():
                with staging.file(target) as file:
                    file.write(self.contents[option])
            before()
            staging.commit()
        report = {**self.outcome.report, "image": str(files.source)}
        return Outcome(self.outcome.faces, self.outcome.retouched, report, self.outcome.notes)


class ClusterWorker:
    """Retouches one picture after the other, in their order; its threads are Ray's."""

    def __init__(self, make_backend: MakeBackend) -> None:
        """Load the models."""
        # a single thread for all that computes: OpenMP has threads, and a number of them, for each that asks
        self._computing = ThreadPoolExecutor(1, "retouch")
        self._backend = self._computing.submit(make_backend).result()
        self._context = Context(Console(None, None), Interrupt())
        self._next = 0
        self._passed = threading.Condition()

    def ready(self) -> str:
        """The model, once it is loaded."""
        return self._backend.model

    def retouch(
        self, number: int, name: str, content: bytes, names: Mapping[str, str], options: Options
    ) -> "Results | RetouchError":
        """Retouch a picture file.

        number: of the pictures that this process gets, from 0 on; name: of the file, without folders; names:
        of the results, by option. An error of the picture is returned, so that what Ray raises are losses
        alone.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="retouchml-", ignore_cleanup_errors=True) as folder:
                try:
                    return self._retouch(number, Path(folder), name, content, names, options)
                except RetouchError as error:
                    return _without(folder, error)
                except Exception as error:
                    return _without(folder, RetouchError(explain(error)[0]))
        except OSError as error:  # there is no room for the folder, or no place
            return RetouchError(explain(error)[0])
        finally:
            self._let_pass(number)

    def _retouch(
        self,
        number: int,
        folder: Path,
        name: str,
        content: bytes,
        names: Mapping[str, str],
        options: Options,
    ) -> Results:
        from pipeline.pictures import read_picture

        source = folder / "in" / name
        targets = {option: folder / option / each for option, each in names.items()}
        files = OutputFiles(source, targets["output"], targets.get("compare"), targets.get("layer"))
        for path in (source, *targets.values()):
            path.parent.mkdir()
        source.write_bytes(content)
        picture = read_picture(source)
        with self._passed:
            self._passed.wait_for(lambda: self._next == number)
        rendered = self._computing.submit(
            render, files, picture, options, self._backend, self._context, silent
        ).result()
        self._let_pass(number)
        outcome = write(files, rendered, self._backend, self._context, force=False)
        return Results({option: path.read_bytes() for option, path in targets.items()}, outcome)

    def _let_pass(self, number: int) -> None:
        """Give the turn of a picture to the next one; those before it come first, whatever became of it."""
        with self._passed:
            self._passed.wait_for(lambda: self._next >= number)
            self._next = max(self._next, number + 1)
            self._passed.notify_all()


def _without(folder: str, error: RetouchError) -> RetouchError:
    """The error without the folder, which is gone."""
    places = (f"{folder}/in/", f"{folder}/")
    sentences = [error.message, error.advice]
    for place in places:
        sentences = [sentence.replace(place, "") for sentence in sentences]
    return type(error)(*sentences)
