"""All pictures of one ``retouchml beautify``, one after the other; a bad one does not stop the others."""

from collections.abc import Callable, Iterator, Sequence

from retouchml import failures
from retouchml.cli import report
from retouchml.cli.backend import Backend
from retouchml.cli.console import OutputClosedError
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options, Outcome, retouch
from retouchml.cli.sources import stopped
from retouchml.cli.staging import Staging
from retouchml.errors import Cancelled, NoFaceError
from retouchml.translation import counted, translated


class Batch:
    """The pictures of one command: retouches them and collects their reports and exit codes.

    ``load_backend`` is called once, when the first picture has been read; an error of it ends the batch.
    """

    def __init__(
        self,
        pictures: Sequence[OutputFiles],
        options: Options,
        context: Context,
        load_backend: Callable[[], Backend],
    ) -> None:
        self._pictures = pictures
        self._options = options
        self._context = context
        self._load_backend = load_backend
        self._backend: Backend | None = None
        self._codes: list[int] = []
        self._reports: list[report.Json] = []

    @property
    def exit_code(self) -> int:
        """The worst so far: 1 is worse than 3, 3 worse than 0."""
        return failures.worst(self._codes)

    @property
    def report(self) -> report.Json | list[report.Json]:
        """What ``--json`` shows: a list if there are several pictures."""
        return self._reports[0] if self._is_single else self._reports

    def run(self) -> None:
        """Retouch all pictures. Raises Cancelled, and the error of a picture if it is the only one."""
        for number, files in enumerate(self._pictures):
            try:
                self._retouch(files)
            except (Cancelled, KeyboardInterrupt) as error:
                if self._is_single:
                    raise
                done = sum(code != failures.FAILED for code in self._codes)
                raise stopped(done, [each.source for each in self._pictures], number) from error
        if not self._is_single and self._options.report_file is not None:
            with Staging(force=self._options.force) as staging:
                staging.write_text(self._options.report_file, report.text(self._reports) + "\n")
                staging.commit()

    @property
    def _is_single(self) -> bool:
        return len(self._pictures) == 1

    def _retouch(self, files: OutputFiles) -> None:
        from pipeline.pictures import format_of, read_picture

        try:
            for target in files.targets:
                format_of(target)
            picture = read_picture(files.source)
        except Exception as error:
            self._add_failure(files, error)
            return
        if self._backend is None:
            self._backend = self._load_backend()
        try:
            outcome = retouch(
                files, picture, self._options, self._backend, self._context, with_report=self._is_single
            )
        except Exception as error:
            self._add_failure(files, error)
            return
        self._show_notes(files, outcome.notes)
        self._add_outcome(files, outcome)

    def _show_notes(self, files: OutputFiles, notes: Sequence[str]) -> None:
        subject = "" if self._is_single else f"{files.source}: "
        if not self._options.quiet:
            for note in notes:
                self._context.console.complain(f"{subject}{note}")

    def _add_failure(self, files: OutputFiles, error: Exception) -> None:
        if self._is_single or isinstance(error, Cancelled | OutputClosedError):
            raise error
        sentence, _ = self._context.console.report(error, str(files.source))
        self._codes.append(failures.FAILED)
        self._reports.append(report.failure(files.source, error, sentence))

    def _add_outcome(self, files: OutputFiles, outcome: Outcome) -> None:
        self._reports.append(outcome.report)
        if not outcome.faces:
            self._codes.append(NoFaceError.exit_code)
            self._context.console.complain(f"No face was found in {files.source}; it is written unchanged.")
            return
        self._codes.append(0)
        if self._options.summarise:
            for line in (_summary(files, outcome), *_held_back(files, outcome)):
                self._context.console.print(line)


def _held_back(files: OutputFiles, outcome: Outcome) -> Iterator[str]:
    """A line on each face that the picture shows too poorly for its whole look."""
    for face in outcome.report["faces"]:
        notes = face["quality"]["notes"]
        if notes:
            face_name = translated(f"face {face['face']}")
            yield f"{files.picture}: {face_name} {'; '.join(map(translated, notes))}."


def _summary(files: OutputFiles, outcome: Outcome) -> str:
    if not outcome.retouched:
        return f"{files.picture}: {translated('unchanged')}."
    faces = counted("{number} face retouched", "{number} faces retouched", outcome.retouched)
    changed = [face for face in outcome.report["faces"] if face["patch"] != report.NO_PATCH]
    scores = [(face["score_before"], face["score_after"]) for face in changed]
    finite = [pair for pair in scores if None not in pair]
    rise = translated("{before} to {after}")  # too few words to be recognised when it is filled in
    rises = ", ".join(rise.format(before=f"{before:.2f}", after=f"{after:.2f}") for before, after in finite)
    return f"{files.picture}: {faces}" + (f", {translated('score')} {rises}" if rises else "") + "."
