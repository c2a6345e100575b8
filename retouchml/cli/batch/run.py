"""All pictures of one ``retouchml beautify``: read ahead, retouched, written behind.

In this process one picture is retouched at a time, while the next one is read and the one before is written;
so three are in memory at most. A daemon gets as many at once as ``lanes`` says, a cluster as many as
``cluster`` says; as many again, but not more than eight, are being written. Pictures appear, and what becomes
of them is said, in their order, whichever is done first. A bad picture does not stop the others. A picture at
which another command works comes last, and is then done already, as a rule.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retouchml.cli import output_files
from retouchml.cli.backend import Backend, companions, is_alone
from retouchml.cli.batch.existing import Judge, Verdict
from retouchml.cli.batch.journal import Entry, Journal, Taken, now
from retouchml.cli.batch.lanes import Lanes, Maker, Pixels
from retouchml.cli.batch.outcomes import Outcomes, Said
from retouchml.cli.batch.report_lines import ReportUnwritable
from retouchml.cli.batch.ride import Made, Pool
from retouchml.cli.batch.storage import Storage
from retouchml.cli.batch.turn import Turn
from retouchml.cli.batch.url_journal import UrlJournal
from retouchml.cli.console import OutputClosedError
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options, Outcome, render
from retouchml.cli.staging import remove_left
from retouchml.errors import Cancelled, DaemonLost, PictureUnwritable
from retouchml.translation import marked

if TYPE_CHECKING:
    from pipeline.pictures import Picture

_READERS, _WRITERS = 1, 4  # threads; the latter encode at the same time
_AT_URLS = 8  # threads of each kind, which wait for a network
_KEPT = marked("It was not made by this command, and stays as it is.")


class Batch:
    """The pictures of one command.

    ``load_backend`` is called once, when the first picture has been read; an error of it ends the batch.
    journal: of the folder of results; look_ahead: whether a picture is read while the one before is
    retouched; load_pool: makes what retouches in place of a backend; read: what that wants of a file, None
    for its picture; storage: where the files are, None for this machine
    """

    def __init__(
        self,
        options: Options,
        context: Context,
        load_backend: Callable[[], Backend],
        outcomes: Outcomes,
        journal: "Journal | UrlJournal",
        judge: Judge,
        *,
        look_ahead: bool = True,
        read: "Callable[[OutputFiles], Any] | None" = None,
        load_pool: "Callable[[], Pool] | None" = None,
        storage: "Storage | None" = None,
    ) -> None:
        self._options, self._context, self._load_backend = options, context, load_backend
        self._outcomes, self._journal, self._judge = outcomes, journal, judge
        self._look_ahead = look_ahead
        self._read, self._load_pool = read or _read, load_pool
        self._storage = storage or Storage()
        self._backend: Backend | None = None
        self._pool: Pool | None = None
        self._deferred: list[OutputFiles] = []
        self._written: deque[Turn] = deque()
        self._number = 0

    def run(self, pictures: Iterable[OutputFiles], total: "int | None" = None) -> None:
        """Retouch all pictures. total: how many, None if that is not known.

        Raises Cancelled or KeyboardInterrupt if it is stopped, when what was begun to be written is written.
        """
        readers, writers = (_AT_URLS, _AT_URLS) if self._storage.has_urls else (_READERS, _WRITERS)
        with (
            ThreadPoolExecutor(readers, "read") as self._reader,
            ThreadPoolExecutor(writers, "write") as self._writer,
            ExitStack() as self._closing,
        ):
            try:
                # what arrives one by one waits for nothing else, and so for other commands at once
                self._run_all(iter(pictures), total, wait=not self._look_ahead)
                self._run_all(iter(self._deferred), total, wait=True)
            finally:
                self._settle()

    def _run_all(self, upcoming: Iterator[OutputFiles], total: "int | None", *, wait: bool) -> None:
        ahead: deque[Turn] = deque()
        try:
            while (turn := ahead.popleft() if ahead else self._begin(upcoming, wait)) is not None:
                # while another command is waited for, nothing must be held for which that may wait
                if not wait:
                    self._fill(ahead, upcoming, 1)
                self._load_for(turn)
                if not wait and self._pool is not None:
                    self._hand_over(turn)
                    self._fill(ahead, upcoming, self._pool.count - 1)
                self._number += 1
                self._retouch(turn, total)
                if wait:
                    self._settle()
        finally:
            for turn in ahead:
                turn.claim.close()

    def _fill(self, ahead: "deque[Turn]", upcoming: Iterator[OutputFiles], count: int) -> None:
        """Begin further pictures, up to ``count``, and hand over what was begun."""
        while len(ahead) < count and (following := self._begin(upcoming, wait=False)) is not None:
            ahead.append(following)
        for turn in ahead:
            self._hand_over(turn)

    def _hand_over(self, turn: Turn) -> None:
        """Give a picture to the lanes, if there are any and it is to be made."""
        if self._pool is not None and turn.picture is not None and turn.ride is None:
            turn.ride = self._pool.submit(turn.files, turn.picture)

    def _load_for(self, turn: Turn) -> None:
        """Load the backend, once a picture was read."""
        if self._backend is not None or self._pool is not None or turn.picture is None:
            return
        try:
            if turn.picture.exception() is not None:
                return
            self._pool = self._loaded()
        except BaseException:
            turn.claim.close()
            raise
        if self._pool is not None:
            self._closing.callback(self._pool.close)

    def _loaded(self) -> "Pool | None":
        """What retouches several pictures at once; None for a backend that does not."""
        if self._load_pool is not None:
            return self._load_pool()
        self._backend = self._load_backend()
        backends = [self._backend, *companions(self._backend)]
        return Lanes(backends, self._options, self._context) if len(backends) > 1 else None

    def _begin(self, upcoming: Iterator[OutputFiles], wait: bool) -> "Turn | None":
        """The next picture, claimed and being read; None after the last one."""
        for files in upcoming:
            turn = Turn(files)
            try:
                self._claim(turn, wait)
            except Taken:
                self._deferred.append(files)
                continue
            except Exception as error:
                turn.claim.close()
                turn.failure = error
            except BaseException:
                turn.claim.close()
                raise
            return turn
        return None

    def _claim(self, turn: Turn, wait: bool) -> None:
        from pipeline.pictures import check_target, format_of

        files = turn.files
        output_files.check_distinct([files.source], files.targets)
        for target in files.targets:
            check_target(target, force=True, keep_links=True)
        turn.claim_name = turn.claim.enter_context(self._journal.claimed(files.name, wait=wait))
        if turn.claim_name:
            remove_left(files.targets, turn.claim_name)
        verdict = self._judge(files.source, files.by_option, self._journal.entry(files.name))
        if verdict is Verdict.DONE:
            return
        if verdict is Verdict.KEEP:
            turn.note = _KEPT
            return
        if verdict is Verdict.FAIL:
            existing = next(target for target in files.targets if self._storage.stamp(target) is not None)
            advice = "Add `--existing skip` to go on after an earlier command, or `--existing replace`."
            raise PictureUnwritable(f"{existing} exists already.", advice)
        for target in files.targets:
            format_of(target)
        turn.replaces = verdict is Verdict.REPLACE
        turn.picture = self._reader.submit(self._fetch, turn)

    def _fetch(self, turn: Turn) -> Any:
        turn.here = replace(turn.files, source=self._storage.fetch(turn.files.source))
        return self._read(turn.here)

    def _retouch(self, turn: Turn, total: "int | None") -> None:
        """Retouch a picture, and hand it to the thread that writes it and notes what became of it."""
        made = None
        try:
            if turn.picture is not None:
                made = self._made(turn, turn.picture.result(), total)
        except (Cancelled, OutputClosedError):
            turn.claim.close()
            raise
        except Exception as error:
            if isinstance(error, DaemonLost) and is_alone(self._backend):
                turn.claim.close()
                raise  # it would be the same with every other picture
            turn.failure = error
        except BaseException:
            turn.claim.close()
            raise
        self._settle(0 if self._pool is None else min(self._pool.count - 1, 2 * _WRITERS))
        before = self._written[-1].said if self._written else None
        self._written.append(turn)
        turn.said = self._writer.submit(self._finish, turn, made, before)

    def _made(self, turn: Turn, picture: Any, total: "int | None") -> Made:
        console, quiet = self._context.console, self._options.quiet
        self._hand_over(turn)
        label = f"{self._outcomes.label(self._number, total)} · {turn.files.source.name}"
        with console.overall_progress(label, quiet=quiet) as progress:
            if turn.ride is not None and self._pool is not None:
                return self._pool.wait(turn.ride, progress)
            backend = self._backend
            assert backend is not None
            rendered = render(turn.files, picture, self._options, backend, self._context, progress)
            return Pixels(rendered, Maker(backend.model, backend.device))

    def _finish(self, turn: Turn, made: "Made | None", before: "Future[Said] | None") -> Said:
        """Write a picture, and note what became of it: what is left if the process is killed then.

        before: of the picture that comes first, which is waited for when this one is encoded
        """

        def wait() -> None:
            if before is not None:
                before.result()

        files = turn.files
        try:
            if turn.failure is None and made is not None:
                outcome = self._write(turn, made, wait)
                wait()
                return self._outcomes.note(files, outcome)
        except ReportUnwritable:
            raise
        except Exception as error:
            turn.failure = error
        finally:
            self._storage.drop([files.source, *files.targets])
        wait()
        if turn.failure is not None:
            return self._outcomes.note_failure(files, turn.failure)
        return self._outcomes.note_skipped(files, turn.note)

    def _write(self, turn: Turn, made: Made, wait: Callable[[], None]) -> Outcome:
        files = turn.files
        for target in files.targets:
            target.parent.mkdir(parents=True, exist_ok=True)
        entry = self._entry(files)
        self._journal.add(entry)
        # what is copied to URLs need not wait for the ones before it, as their order is not seen there
        before = _no_wait if self._storage.has_urls else wait
        outcome = made.write(
            turn.here or files, self._context, force=turn.replaces, before=before, claim=turn.claim_name
        )
        self._storage.deliver(files.targets)
        results = {option: self._storage.stamp(path) or (0, 0) for option, path in files.by_option.items()}
        self._journal.add(replace(entry, results=results))
        return outcome

    def _entry(self, files: OutputFiles) -> Entry:
        source = self._storage.stamp(files.source) or (0, 0)
        return Entry(files.name, files.source.name, self._judge.settings, source, time=now())

    def _settle(self, left: int = 0) -> None:
        """Wait for what is being written, and say what became of it. left: how many may still be written."""
        while len(self._written) > left:
            turn = self._written[0]
            try:
                said = turn.said.result() if turn.said is not None else []
            except Exception:
                self._written.popleft()
                turn.claim.close()
                raise
            self._written.popleft()
            turn.claim.close()
            self._outcomes.say(said)


def _no_wait() -> None:
    """Wait for nothing."""


def _read(files: OutputFiles) -> "Picture":
    from pipeline.pictures import read_picture

    return read_picture(files.source)
