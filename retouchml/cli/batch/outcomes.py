"""What became of the pictures of a command: lines on each, their exit codes, and the summary."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from retouchml import failures, score_words
from retouchml.cli import report
from retouchml.cli.batch.report_lines import ReportLines, Status
from retouchml.cli.console import Console, Explained
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.progress_bar import duration
from retouchml.cli.retouch import Outcome
from retouchml.errors import NoFaceError
from retouchml.translation import counted, decimal, translated

Said = list[Callable[[], None]]
"""What is to be said of a picture."""
_ENOUGH_TO_ESTIMATE = 3  # pictures, before a time is said


class Outcomes:
    """Collects what became of each picture, and says it.

    several: whether lines must name their picture; summarise: print a line on each picture; quiet: show
    nothing but errors; with_scores: whether those lines show how faces were rated; lines: where each is
    written at once; keep_reports: whether ``reports`` is filled; told: gives what reports say of files
    """

    def __init__(
        self,
        console: Console,
        *,
        several: bool,
        summarise: bool,
        quiet: bool,
        with_scores: bool = False,
        lines: "ReportLines | None" = None,
        keep_reports: bool = True,
        told: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self._console = console
        self._several, self._summarise, self._quiet = several, summarise, quiet
        self._with_scores = with_scores
        self._lines, self._keep_reports, self._told = lines, keep_reports, told
        self._counts: Counter[Status] = Counter()
        self._started = time.monotonic()
        self._folders_failed = False
        self.reports: list[report.Json] = []

    @property
    def exit_code(self) -> int:
        """The worst so far: 1 is worse than 3, 3 worse than 0."""
        codes = {
            failures.FAILED: self._counts["failed"] or self._folders_failed,
            NoFaceError.exit_code: self._counts["no_face"],
        }
        return failures.worst([0, *(code for code, count in codes.items() if count)])

    @property
    def done(self) -> int:
        """How many pictures have their result, those of an earlier command included."""
        return sum(self._counts[status] for status in ("done", "no_face", "skipped"))

    def add_unreadable_folder(self, error: OSError) -> None:
        """A folder could not be listed."""
        self._folders_failed = True
        self._console.report(error)

    def note_failure(self, files: OutputFiles, error: Exception) -> Said:
        """Note that a picture failed, in any thread; returns what ``say`` shall say of it.

        Raises OSError if its line of the report cannot be written, as the other two do.
        """
        explained = Explained.of(error, str(files.source))
        self._note("failed", files, report.failure(files.source, error, explained.sentence))
        return [lambda: self._console.show(explained)]

    def note_skipped(self, files: OutputFiles, note: str = "") -> Said:
        """Note that a picture was left as it is. note: why, "" if it is simply done."""
        self._note("skipped", files, {"image": str(files.source), "notes": [note] if note else []})
        return [lambda: self._console.complain(f"{files.picture}: {note}")] if note else []

    def note(self, files: OutputFiles, outcome: Outcome) -> Said:
        """Note that a picture was retouched, or has no face."""
        self._note("done" if outcome.faces else "no_face", files, outcome.report)
        return [lambda: self._say(files, outcome)]

    def say(self, said: Said) -> None:
        """Say what became of a picture; in the main thread alone, which has the progress bar."""
        for each in said:
            each()

    def _say(self, files: OutputFiles, outcome: Outcome) -> None:
        subject = f"{files.source}: " if self._several else ""
        if not self._quiet:
            for note in outcome.notes:
                self._console.complain(f"{subject}{note}")
        if not outcome.faces:
            self._console.complain(f"No face was found in {files.source}; it is written unchanged.")
        elif self._summarise:
            for line in (_line(files, outcome, with_scores=self._with_scores), *_held_back(files, outcome)):
                self._console.print(line)

    def label(self, number: int, total: "int | None") -> str:
        """How far the command is, for the progress bar: ``3 of 100, 12 a minute, 8 min 05 s left``."""
        made = self._counts["done"] + self._counts["no_face"]
        seconds = time.monotonic() - self._started
        parts = [
            translated(f"picture {number} of {total}")
            if total is not None
            else translated(f"picture {number}")
        ]
        if made >= _ENOUGH_TO_ESTIMATE and seconds > 0:
            rate = made * 60 / seconds
            made_per_minute = decimal(rate, 0 if rate >= 10 else 1)
            parts.append(translated(f"{made_per_minute} a minute"))
            if total is not None:
                remaining = (total - number + 1) * seconds / made
                parts.append(translated(f"{duration(remaining)} left"))
        return ", ".join(parts)

    def summary(self) -> str:
        """All pictures in one sentence."""
        counts = self._counts
        done, no_face, failed = counts["done"], counts["no_face"], counts["failed"]
        parts = [
            counted("{number} picture retouched", "{number} pictures retouched", done) if done else "",
            counted("{number} without a face", "{number} without a face", no_face) if no_face else "",
            counted("{number} skipped", "{number} skipped", counts["skipped"]) if counts["skipped"] else "",
            counted("{number} failed", "{number} failed", failed) if failed else "",
        ]
        seconds = time.monotonic() - self._started
        return f"{', '.join(filter(None, parts))}; {duration(seconds)}." if any(parts) else ""

    def _note(self, status: Status, files: OutputFiles, item: report.Json) -> None:
        self._counts[status] += 1
        item = self._told(item)
        if self._keep_reports:
            self.reports.append(item)
        if self._lines is not None:
            self._lines.add(status, item, None if status == "failed" else self._told(str(files.picture)))


def _held_back(files: OutputFiles, outcome: Outcome) -> Iterator[str]:
    """A line on each face that the picture shows too poorly for its whole look."""
    for face in outcome.report["faces"]:
        notes = face["quality"]["notes"]
        if notes:
            face_name = translated(f"face {face['face']}")
            yield f"{files.picture}: {face_name} {'; '.join(map(translated, notes))}."


def _line(files: OutputFiles, outcome: Outcome, *, with_scores: bool) -> str:
    if not outcome.retouched:
        return f"{files.picture}: {translated('unchanged')}."
    faces = counted("{number} face retouched", "{number} faces retouched", outcome.retouched)
    line = f"{files.picture}: {faces}"
    for face in outcome.report["faces"] if with_scores else ():
        pair = (face["score_before"], face["score_after"])
        if face["patch"] != report.NO_PATCH and None not in pair:
            line += ", " + score_words.words(pair, face["score_uncertainty"], face["score_outside"])
    return f"{line}."
