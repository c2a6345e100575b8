"""All pictures of one ``retouchml beautify``, one after the other; a bad one does not stop the others."""

from collections.abc import Callable, Sequence

from retouchml import failures
from retouchml.backend import Backend
from retouchml.cli import report
from retouchml.cli.console import OutputClosedError
from retouchml.cli.context import Context
from retouchml.cli.output_files import Job
from retouchml.cli.retouch import Done, Request, retouch
from retouchml.cli.staging import Staging
from retouchml.errors import Cancelled, NoFaceError

_WORST_FIRST = (failures.FAILED, NoFaceError.exit_code, 0)


class Batch:
    """Does ``jobs`` and keeps the books: what is to be reported, and the exit code.

    ``load_engine`` is called once, when the first picture has been read; what it raises ends the batch.
    """

    def __init__(
        self, jobs: Sequence[Job], request: Request, context: Context, load_engine: Callable[[], Backend]
    ) -> None:
        self._jobs = jobs
        self._request = request
        self._context = context
        self._load_engine = load_engine
        self._engine: Backend | None = None
        self._codes: list[int] = []
        self._reports: list[report.Json] = []

    @property
    def exit_code(self) -> int:
        """The worst so far: 1 is worse than 3, 3 worse than 0."""
        return next(code for code in _WORST_FIRST if code in self._codes)

    @property
    def report(self) -> report.Json | list[report.Json]:
        """What ``--json`` shows: a list if there are several pictures."""
        return self._reports[0] if self._alone else self._reports

    def run(self) -> None:
        """Do all jobs. Raises what goes wrong with a picture if it is the only one, and Cancelled."""
        for job in self._jobs:
            self._do(job)
        if not self._alone and self._request.report_file is not None:
            with Staging(force=self._request.force) as staging:
                staging.write_text(self._request.report_file, report.text(self._reports) + "\n")
                staging.commit()

    @property
    def _alone(self) -> bool:
        return len(self._jobs) == 1

    def _do(self, job: Job) -> None:
        from pipeline.pictures import format_of, read_picture

        try:
            for target in job.targets:
                format_of(target)
            picture = read_picture(job.source)
        except Exception as error:
            self._failed(job, error)
            return
        if self._engine is None:
            self._engine = self._load_engine()
        try:
            self._note(picture.notes)
            done = retouch(job, picture, self._request, self._engine, self._context, with_report=self._alone)
        except Exception as error:
            self._failed(job, error)
            return
        self._note(done.notes)
        self._succeeded(job, done)

    def _note(self, notes: Sequence[str]) -> None:
        if not self._request.quiet:
            for note in notes:
                self._context.console.complain(note)

    def _failed(self, job: Job, error: Exception) -> None:
        if self._alone or isinstance(error, Cancelled | OutputClosedError):
            raise error
        sentence, _ = failures.report(error, self._context.console, str(job.source))
        self._codes.append(failures.FAILED)
        self._reports.append(report.failure(job.source, error, sentence))

    def _succeeded(self, job: Job, done: Done) -> None:
        self._reports.append(done.report)
        if not done.found:
            self._codes.append(NoFaceError.exit_code)
            self._context.console.complain(f"No face was found in {job.source}; it is written unchanged.")
            return
        self._codes.append(0)
        if self._request.summarise:
            self._context.console.print(_summary(job, done))


def _summary(job: Job, done: Done) -> str:
    if not done.retouched:
        return f"{job.picture}: unchanged."
    faces = "1 face" if done.retouched == 1 else f"{done.retouched} faces"
    changed = [face for face in done.report["faces"] if face["patch"] != report.NO_PATCH]
    scores = [(face["score_before"], face["score_after"]) for face in changed]
    known = [pair for pair in scores if None not in pair]
    rise = ", ".join(f"{before:.2f} to {after:.2f}" for before, after in known)
    return f"{job.picture}: {faces} retouched" + (f", score {rise}" if rise else "") + "."
