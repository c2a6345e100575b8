"""What the docker does: it follows the active layer, runs tasks, and publishes what is shown. No Qt.

One task runs at a time. A preview is interrupted by whatever the user asks for; the newest sliders win.
"""

from collections.abc import Callable
from dataclasses import replace

from retouchml import sentences
from retouchml.errors import Cancelled, RetouchError, Superseded
from retouchml.result_record import ResultRecord

from . import layers, texts
from .connection import Connection, MakeClient
from .event_loop import EventLoop, Handle
from .face_selection import FaceSelection
from .followed_layer import FollowedLayer
from .job_queue import Job, JobQueue
from .last_result import LastResult
from .layers import SourceLayer
from .notices import error_notice, layer_deleted
from .photo_store import OpenPhoto, PhotoStore
from .preview_timing import PreviewTiming
from .preview_view import PreviewView
from .retouch_tasks import RetouchTasks, selected_faces
from .task_runner import TaskRunner
from .tasks import TaskGenerator
from .view_state import BEAUTIFY, FIND_FACES, PREVIEW, Notice, UserSettings, View

_UPDATE_MS = 250
_DAEMON_CHECK_UPDATES = 12  # updates between two checks for a daemon that another program started


class Controller:
    """Takes the user's actions, and calls ``show`` with everything that is to be seen.

    preview_view: what the preview shows of the face
    """

    def __init__(
        self, loop: EventLoop, make_client: MakeClient, settings: UserSettings, show: Callable[[View], None]
    ) -> None:
        self._loop = loop
        self._show = show
        self._photos = PhotoStore()
        self._connection = Connection(loop, make_client, self._publish)
        self._runner = TaskRunner(loop, self._on_task_end, self._publish)
        self._tasks = RetouchTasks(self._connection, self._photos, self._runner.show_progress)
        self._settings = settings
        self._layer = FollowedLayer(self._photos)
        self._missing = ""  # why there is no layer
        self._notice: Notice | None = None
        self._last_result = LastResult()
        self._jobs = JobQueue()
        self._timing = PreviewTiming(loop, self._preview)
        self._was_cancelled = False  # and the user has begun nothing since
        self.preview_view = PreviewView(self._tasks, self._photos, self._layer, self._redraw)
        self._update_timer: Handle | None = None
        self._updates = 0

    @property
    def settings(self) -> UserSettings:
        """What the user has set."""
        return self._settings

    @property
    def _source(self) -> SourceLayer | None:
        return self._layer.source

    @property
    def _photo(self) -> OpenPhoto | None:
        return self._layer.photo

    def start_updates(self) -> None:
        """Follow the active layer from now on: the docker became visible."""
        if self._update_timer is None:
            self._update_timer = self._loop.every(_UPDATE_MS, self.update)
            self.update()

    def stop_updates(self) -> None:
        """Stop following the active layer, unless a task runs: the docker was hidden."""
        if self._update_timer is not None and not self._runner.is_running:
            self._update_timer.stop()
            self._update_timer = None

    def close(self) -> None:
        """Stop everything: Krita exits."""
        self.cancel()
        self._connection.close()

    def update(self) -> None:
        """Check which layer is active, which ones were deleted, and whether a daemon runs.

        Not while Krita changes its layers: it runs the event loop meanwhile.
        """
        if self._runner.is_in_step:
            return
        try:
            source, missing = layers.active_layer(), ""
        except layers.LayerUnusable as error:
            source, missing = None, texts.text(error.message)
        self._notice = self._last_result.notice_unless_undone(self._notice)
        is_other = self._layer.key != (source.key if source is not None else "")
        was_deleted = self._source is not None and not self._source.exists
        if is_other and self._runner.view is None and not (was_deleted and self._notice == layer_deleted()):
            self._notice = None
        if self._runner.source is not None and not self._runner.source.exists:
            self._stop_task()
            self._notice = layer_deleted()
            self._start_next_job()
        self._photos.close_deleted()
        self._connection.look_for_daemon(here=self._updates % _DAEMON_CHECK_UPDATES == 0)
        self._updates += 1
        self._take_source(source)
        self._missing = missing
        self._follow_selection()
        self._publish()

    def change_settings(self, settings: UserSettings) -> None:
        """Take settings that the user changed."""
        photo = self._photo
        if photo is not None and settings.look != self._settings.look:
            looks = photo.looks_or(self._settings.look).changed(photo.shown, settings.look)
            self._photos.update(photo.source.key, looks=looks)
        self._settings = settings
        self._timing.follow(is_busy=self._runner.is_running)
        self._publish()

    def show_scores(self, shown: bool) -> None:
        """Show how faces are rated from now on, or no longer."""
        if shown != self._tasks.with_scores:
            self._tasks.with_scores = shown
            self._redraw(even_if_none=False)
            self._publish()

    def share_look(self, shared: bool) -> None:
        """Give every face the look of the shown one from now on, or let each have its own."""
        photo = self._photo
        if photo is not None:
            looks = photo.looks_or(self._settings.look)
            looks = looks.same_as(photo.shown) if shared else looks.each_its_own()
            self._photos.update(photo.source.key, looks=looks)
            self._publish()

    def find_faces(self) -> None:
        """Find the faces of the active layer, and show one before and after."""
        if self._update_source() is not None:
            look = self._settings.look
            self._start_task(FIND_FACES, lambda source: self._tasks.find_faces(source, look))

    def mark_face(self) -> None:
        """There is a face where the selection is, which the search has missed."""
        source = self._update_source()
        if source is None:
            return
        place, look = source.selected, self._settings.look
        if place is None or not all(place[2:]):
            self._notice = Notice(texts.text(sentences.SELECT_FIRST))
            self._publish()
            return
        self._start_task(FIND_FACES, lambda source: self._tasks.mark_face(source, place, look))

    def beautify(self) -> None:
        """Put the result on a layer above the active one."""
        source = self._update_source(even_if_busy=True)
        if source is None:
            return
        photo = self._photo
        self._jobs.add(Job(source, self._settings, photo.selection if photo is not None else None))
        if self._runner.is_busy:
            self._publish()
        else:
            self._notice = None
            self._start_next_job()

    def cancel_job(self, number: int) -> None:
        """Take a job that waits out of the queue."""
        self._jobs.remove(number)
        self._publish()

    def edit_again(self) -> None:
        """Set the sliders and the ticks as they were when the active result was made, and show its face."""
        source = self._update_source()
        record = source.record if source is not None else None
        if source is not None and record is not None:
            self._take_record(source, record)

    def bring_back(self, place: int) -> None:
        """Set the sliders and the ticks as they were for a result of the history, 0 for the last one."""
        source = self._update_source()
        past = self._layer.history.results
        if source is not None and place < len(past):
            self._take_record(source, past[place].record)

    def _take_record(self, source: SourceLayer, record: ResultRecord) -> None:
        self._photos.select(source, FaceSelection.of(record))
        self._settings = replace(self._settings, look=record.look)
        self.find_faces()

    def cancel(self) -> None:
        """Stop the task; nothing was changed. The next job begins. Not while a result is being added."""
        if self._runner.is_running and not self._tasks.is_adding:
            self._stop_task()
            self._timing.stop()
            self._was_cancelled = True
            self._notice = Notice(texts.text(texts.CANCELLED), is_error=False)
            self._start_next_job()

    def change_machine(self) -> None:
        """Work on the machine, and by the taste, that the settings name now, and show the preview."""
        self._stop_task()
        self._photos.follow_settings()
        self._connection.change_machine()
        self._timing.schedule(after_ms=0)
        self._start_next_job()
        self._publish()

    def start_daemon(self) -> None:
        """Start the daemon, unless it is another machine's, and connect to it."""
        self._notice = None
        self._connection.start().on_done = lambda connecting: self._show_error(connecting.error)

    def tick_face(self, face: int, ticked: bool) -> None:
        """Tick a face, or untick it."""
        photo = self._photo
        if photo is not None:
            faces = photo.ticked | {face} if ticked else photo.ticked - {face}
            self._photos.update(photo.source.key, ticked=faces)
            self._publish()

    def show_face(self, face: int) -> None:
        """Show a face in the preview, and its look."""
        photo = self._photo
        if photo is not None and photo.shown != face:
            looks = photo.looks_or(self._settings.look)
            view = replace(photo.view, shift=(0.0, 0.0))
            self._photos.update(photo.source.key, shown=face, looks=looks, view=view, preview=None)
            self._settings = replace(self._settings, look=looks.look(face))
            self._timing.schedule(after_ms=0)
            self._publish()

    def tick_every_face(self, ticked: bool) -> None:
        """Tick all faces, or none."""
        photo = self._photo
        if photo is not None:
            faces = frozenset(range(len(photo.session.faces))) if ticked else frozenset[int]()
            self._photos.update(photo.source.key, ticked=faces)
            self._publish()

    def report(self, error: Exception) -> None:
        """Show an error that nothing else handled, and stop the task."""
        self._stop_task()
        self._show_error(error)

    def tell(self, error: RetouchError) -> None:
        """Show an error; the task goes on."""
        self._show_error(error)

    def _start_next_job(self) -> None:
        """Begin the next job, if one waits."""
        job = self._jobs.running = self._jobs.next()
        if job is not None:
            options = {"with_mask": job.settings.mask, "keep_earlier": job.settings.keep}
            self._start_task(
                BEAUTIFY,
                lambda source: self._tasks.beautify(source, job.settings.look, job.chosen, **options),
                job.source,
            )
        self._publish()

    def _update_source(self, *, even_if_busy: bool = False) -> SourceLayer | None:
        """The layer for a new task; None if there is none, or if a task of the user's runs."""
        if self._runner.is_busy and not even_if_busy:
            return None
        try:
            self._take_source(layers.active_layer())
        except layers.LayerUnusable as error:
            self._take_source(None)
            self._show_error(error)
        self._follow_selection()
        return self._source

    def _take_source(self, source: SourceLayer | None) -> None:
        look = self._layer.follow(source, self._settings.look)
        if look != self._settings.look:
            self._settings = replace(self._settings, look=look)

    def _follow_selection(self) -> None:
        """Tick the faces that a changed selection means, and let the preview show what it leaves."""
        photo = self._photo
        if photo is None or self._source is None or photo.selected == self._source.selected:
            return
        faces = selected_faces(self._source, [face.box for face in photo.session.faces])
        self._photos.update(photo.source.key, selected=self._source.selected)
        if faces:
            self._photos.update(photo.source.key, ticked=faces)
            self.show_face(min(faces))
        self._timing.schedule(after_ms=0)

    def _start_task(
        self,
        kind: str,
        make: Callable[[SourceLayer], TaskGenerator[None]],
        source: SourceLayer | None = None,  # None for the active layer
    ) -> None:
        source = source or self._source
        assert source is not None
        self.start_updates()
        self._was_cancelled = False
        if kind == FIND_FACES:
            self._notice = None
        self._runner.start(kind, source, make(source))
        self._publish()

    def _redraw(self, even_if_none: bool) -> None:
        """Draw the preview anew, also where it does not follow the sliders.

        even_if_none: also where it is only being made, and for another size
        """
        photo = self._photo
        if even_if_none and self._was_cancelled:  # the notice of that has moved the preview
            return
        is_being_made = even_if_none and self._runner.is_running
        if is_being_made or (photo is not None and photo.preview is not None):
            self._timing.redraw(is_busy=self._runner.is_running)

    def _preview(self) -> None:
        """Render the preview with the newest sliders."""
        photo = self._photo
        if photo is None or not photo.session.faces or self._runner.is_busy:
            return
        is_redrawn = self._timing.begin()
        if not self._settings.live and photo.preview is not None and not is_redrawn:
            return
        if photo.session.is_open:
            look = self._settings.look
            self._start_task(PREVIEW, lambda _: self._tasks.preview(photo, look))
        else:
            self.find_faces()

    def _on_task_end(self, kind: str, source: SourceLayer, error: Exception | None) -> None:
        self._jobs.running = None
        added = self._tasks.added
        if error is None and kind == BEAUTIFY and added is not None:
            self._notice = self._last_result.take(added, source)
            self._layer.read_history()
            self._timing.schedule()
        photo = self._photo
        if kind == FIND_FACES and photo is not None and source.key == self._layer.key:
            look = photo.looks_or(self._settings.look).look(photo.shown)
            self._settings = replace(self._settings, look=look)
        if error is None and kind != BEAUTIFY:
            self._timing.catch_up()
        self._show_error(error)
        if kind != PREVIEW:
            self._start_next_job()

    def _stop_task(self) -> None:
        self._jobs.running = None
        if self._runner.stop():
            self._connection.nudge()

    def _show_error(self, error: Exception | None) -> None:
        if error is not None and not isinstance(error, Superseded | Cancelled):
            self._notice = error_notice(error)
        self._publish()

    def _publish(self) -> None:
        source, photo = self._source, self._photo
        self._show(
            View(
                layer=source.name if source is not None else "",
                title=source.title if source is not None else "",
                missing=self._missing,
                settings=self._settings,
                faces=photo.face_views if photo is not None else None,
                preview=photo.preview if photo is not None else None,
                task=self._runner.view,
                notice=self._notice,
                daemon=self._connection.state,
                device=self._tasks.device,
                remote=self._connection.remote,
                instead=self._connection.instead,
                is_result=source is not None and source.result is not None,
                jobs=tuple((number, job.source.title) for number, job in self._jobs.waiting),
                history=self._layer.past,
                is_look_shared=photo is None or photo.looks is None or photo.looks.is_same,
                score=self._score(),
            )
        )

    def _score(self) -> str:
        """How the shown face is rated, for who wants to see that."""
        if self._photo is None or not self._tasks.with_scores:
            return ""
        return self._photo.score(self._settings.look, is_awaited=self._runner.is_running)
