"""The docker's brain: what is chosen, which job runs, what is to be seen. No widget, no Qt.

One job at a time. A preview gives way to whatever the user asks for; the newest sliders win.
"""

from collections.abc import Callable

from retouchml.errors import Cancelled, RetouchError, Superseded
from retouchml.look import Look

from . import layers, messages
from .album import Album, Held
from .connection import Connection, MakeClient, daemon_listens
from .layers import Source
from .loop import Handle, Loop
from .state import BEAUTIFY, FIND, OFF, PREVIEW, Face, Job, Notice, Settings, View
from .steps import Steps, Task
from .work import Work

_LOOK_AROUND_MS = 250
_DAEMON_EVERY = 12  # looks around between two looks for a daemon that somebody else started
_SETTLED_MS = 120  # a slider is taken to have stopped


class Controller:
    """Takes what the user does and tells ``show`` what there is to be seen."""

    def __init__(
        self, loop: Loop, make_client: MakeClient, settings: Settings, show: Callable[[View], None]
    ) -> None:
        self._loop = loop
        self._show = show
        self._album = Album()
        self._connection = Connection(loop, make_client, self._publish)
        self._work = Work(self._connection, self._album, self._progress)
        self._settings = settings
        self._source: Source | None = None
        self._missing = ""
        self._task: Task | None = None
        self._job: Job | None = None
        self._job_source: Source | None = None
        self._notice: Notice | None = None
        self._settling: Handle | None = None
        self._looking: Handle | None = None
        self._looks = 0

    @property
    def settings(self) -> Settings:
        """What is chosen."""
        return self._settings

    def wake(self) -> None:
        """The docker is to be seen: follow the active layer from now on."""
        if self._looking is None:
            self._looking = self._loop.every(_LOOK_AROUND_MS, self.look_around)
            self.look_around()

    def sleep(self) -> None:
        """The docker is hidden. A job goes on, and with it the looking around."""
        if self._looking is not None and self._task is None:
            self._looking.stop()
            self._looking = None

    def close(self) -> None:
        """Krita leaves."""
        self.cancel()
        self._connection.close()

    def look_around(self) -> None:
        """See which layer is active, what was closed, and whether there is a daemon."""
        try:
            source, missing = layers.active(), ""
        except layers.LayerUnusable as error:
            source, missing = None, error.message
        moved = (self._source.key if self._source else "") != (source.key if source else "")
        closed = self._source is not None and not self._source.is_there
        if moved and self._job is None and not (closed and self._notice == _gone()):
            self._notice = None
        if self._job_source is not None and not self._job_source.is_there:
            self._stop()
            self._notice = _gone()
        self._album.sweep()
        if self._looks % _DAEMON_EVERY == 0 and self._connection.state == OFF and daemon_listens():
            self._connection.open(start=False)
        self._looks += 1
        self._source, self._missing = source, missing
        self._publish()

    def change(self, settings: Settings) -> None:
        """Sliders or ticks were moved."""
        self._settings = settings
        self._freshen()
        self._publish()

    def find_faces(self) -> None:
        """Send the active layer, show its faces and a preview."""
        if self._refresh_source() is not None:
            self._start(FIND, lambda source: self._work.find(source, self._look()))

    def beautify(self) -> None:
        """Put the result on a new layer above the active one."""
        if self._refresh_source() is not None:
            look, mask = self._look(), self._settings.mask
            self._start(BEAUTIFY, lambda source: self._work.beautify(source, look, mask))

    def cancel(self) -> None:
        """Stop the job; nothing of it stays."""
        if self._task is not None:
            self._stop()
            self._notice = Notice(messages.text(messages.CANCELLED), is_error=False)
            self._publish()

    def start_daemon(self) -> None:
        """As the button asks."""
        self._notice = None
        self._connection.open(start=True).on_done = lambda opening: self._tell(opening.error)

    def choose(self, face: int, chosen: bool) -> None:
        """Tick a face, or untick it."""
        held = self._held()
        if held is not None:
            faces = held.chosen | {face} if chosen else held.chosen - {face}
            self._album.change(held.source.key, chosen=faces)
            self._publish()

    def show_face(self, face: int) -> None:
        """Put a face into the preview."""
        held = self._held()
        if held is not None and held.shown != face:
            self._album.change(held.source.key, shown=face, preview=None)
            self._freshen(now=True)
            self._publish()

    def report(self, error: Exception) -> None:
        """Something went wrong that nobody else took care of."""
        self._stop()
        self._tell(error)

    def _refresh_source(self) -> Source | None:
        if self._job is not None and self._job.kind != PREVIEW:
            return None
        try:
            self._source = layers.active()
        except layers.LayerUnusable as error:
            self._source = None
            self._tell(error)
        return self._source

    def _start(self, kind: str, steps: Callable[[Source], Steps[None]]) -> None:
        source = self._source
        assert source is not None
        if self._task is not None:
            self._task.abandon()  # a preview: for the daemon the newer render wins, what it prepared stays
        self.wake()
        if kind != PREVIEW:
            self._notice = None
        self._job, self._job_source = Job(kind, "read"), source
        self._task = Task(steps(source), self._loop.later, self._ended)
        self._publish()

    def _freshen(self, now: bool = False) -> None:
        """Render the preview anew once the sliders have stopped."""
        if self._settling is not None:
            self._settling.stop()
        self._settling = self._loop.after(0 if now else _SETTLED_MS, self._preview)

    def _preview(self) -> None:
        self._settling = None
        held = self._held()
        busy = self._job is not None and self._job.kind != PREVIEW
        if held is None or not held.remote.faces or busy or not (self._settings.live or held.preview is None):
            return
        if held.client is self._connection.client:
            self._start(PREVIEW, lambda _: self._work.preview(held, self._look()))
        else:
            self.find_faces()

    def _ended(self, error: Exception | None) -> None:
        kind = self._job.kind if self._job is not None else ""
        source = self._job_source
        self._stop(cancel=False)
        if isinstance(error, Cancelled) and source is not None and not source.is_there:
            self._notice = _gone()  # the album let go of the layer, which the daemon heard first
        if error is None and kind == BEAUTIFY:
            self._notice = Notice(messages.text(messages.DONE), is_error=False)
            self._freshen()
        self._tell(error)

    def _stop(self, cancel: bool = True) -> None:
        task, self._task = self._task, None
        self._job = self._job_source = None
        if task is not None and cancel:
            task.cancel()
            self._connection.nudge()

    def _tell(self, error: Exception | None) -> None:
        if isinstance(error, RetouchError):
            if not isinstance(error, Superseded | Cancelled):
                self._notice = Notice(error.message, error.advice)
        elif error is not None:
            sentence = messages.text(messages.SURPRISE).format(repr(error))
            self._notice = Notice(sentence, messages.text(messages.SURPRISE_ADVICE))
        self._publish()

    def _progress(self, stage: str, fraction: float | None, remaining: float | None) -> None:
        if self._job is not None:
            self._job = Job(self._job.kind, stage, fraction, remaining)
            self._publish()

    def _look(self) -> Look:
        edits = {name: value for name, value in self._settings.edits.items() if value}
        return Look(self._settings.strength, self._settings.texture, edits)

    def _held(self) -> Held | None:
        return self._album.get(self._source.key) if self._source is not None else None

    def _publish(self) -> None:
        held = self._held()
        faces = None
        if held is not None:
            faces = tuple(
                Face(index, picture, index in held.chosen, index == held.shown)
                for index, picture in enumerate(held.thumbnails)
            )
        self._show(
            View(
                layer=self._source.name if self._source is not None else "",
                missing=self._missing,
                settings=self._settings,
                edits=self._work.edits,
                faces=faces,
                preview=held.preview if held is not None else None,
                job=self._job,
                notice=self._notice,
                daemon=self._connection.state,
                device=self._work.device,
            )
        )


def _gone() -> Notice:
    return Notice(messages.text(messages.GONE), messages.text(messages.GONE_ADVICE))
