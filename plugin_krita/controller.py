"""What the docker does: it follows the active layer, runs tasks, and publishes what is shown. No Qt.

One task runs at a time. A preview is interrupted by whatever the user asks for; the newest sliders win.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from retouchml.errors import Cancelled, RetouchError, Superseded
from retouchml.picture_looks import PictureLooks
from retouchml.progress import OverallProgress
from retouchml.remembered import of_one_picture, remembered
from retouchml.result_history import ResultHistory
from retouchml.result_record import ResultRecord
from retouchml.results import Box

from . import layers, results, texts
from .connection import Connection, MakeClient, daemon_listens
from .event_loop import EventLoop, Handle
from .face_selection import FaceSelection
from .job_queue import Job, JobQueue
from .layers import SourceLayer
from .notices import added_notice, error_notice, layer_deleted
from .past_views import past_views
from .photo_store import OpenPhoto, PhotoStore
from .preview_timing import PreviewTiming
from .retouch_tasks import RetouchTasks, selected_faces
from .tasks import Task, TaskGenerator
from .view_box import Room, Viewpoint
from .view_state import BEAUTIFY, FIND_FACES, OFF, PREVIEW, Notice, TaskView, UserSettings, View

_UPDATE_MS = 250
_DAEMON_CHECK_UPDATES = 12  # updates between two checks for a daemon that another program started


class Controller:
    """Takes the user's actions, and calls ``show`` with everything that is to be seen."""

    def __init__(
        self, loop: EventLoop, make_client: MakeClient, settings: UserSettings, show: Callable[[View], None]
    ) -> None:
        self._loop = loop
        self._show = show
        self._photos = PhotoStore()
        self._connection = Connection(loop, make_client, self._publish)
        self._tasks = RetouchTasks(self._connection, self._photos, self._on_progress)
        self._settings = settings
        self._source: SourceLayer | None = None
        self._missing = ""
        self._task: Task | None = None
        self._task_view: TaskView | None = None
        self._task_source: SourceLayer | None = None
        self._overall = OverallProgress()
        self._notice: Notice | None = None
        self._done: tuple[Notice, SourceLayer, str] | None = None  # of the last result, and its key
        self._jobs = JobQueue()
        self._history, self._past = ResultHistory(), past_views(ResultHistory())
        self._own_values: dict[str, Mapping[str, float]] = {}  # those of one picture, by its layer
        self._timing = PreviewTiming(loop, self._preview)
        self._update_timer: Handle | None = None
        self._updates = 0

    @property
    def settings(self) -> UserSettings:
        """What the user has set."""
        return self._settings

    def start_updates(self) -> None:
        """Follow the active layer from now on: the docker became visible."""
        if self._update_timer is None:
            self._update_timer = self._loop.every(_UPDATE_MS, self.update)
            self.update()

    def stop_updates(self) -> None:
        """Stop following the active layer, unless a task runs: the docker was hidden."""
        if self._update_timer is not None and self._task is None:
            self._update_timer.stop()
            self._update_timer = None

    def close(self) -> None:
        """Stop everything: Krita exits."""
        self.cancel()
        self._connection.close()

    def update(self) -> None:
        """Check which layer is active, which ones were deleted, and whether a daemon runs."""
        try:
            source, missing = layers.active_layer(), ""
        except layers.LayerUnusable as error:
            source, missing = None, texts.text(error.message)
        self._drop_undone_notice()
        is_other = (self._source.key if self._source else "") != (source.key if source else "")
        was_deleted = self._source is not None and not self._source.exists
        if is_other and self._task_view is None and not (was_deleted and self._notice == layer_deleted()):
            self._notice = None
        if self._task_source is not None and not self._task_source.exists:
            self._stop_task()
            self._notice = layer_deleted()
            self._start_next_job()
        self._photos.close_deleted()
        is_due = self._updates % _DAEMON_CHECK_UPDATES == 0
        if is_due and self._connection.state == OFF and daemon_listens():
            self._connection.open(start=False)
        self._updates += 1
        self._take_source(source)
        self._missing = missing
        self._follow_selection()
        self._publish()

    def change_settings(self, settings: UserSettings) -> None:
        """Take settings that the user changed."""
        photo = self._active_photo()
        if photo is not None and settings.look != self._settings.look:
            looks = photo.looks_or(self._settings.look).changed(photo.shown, settings.look)
            self._photos.update(photo.source.key, looks=looks)
        self._settings = settings
        self._timing.follow(is_busy=self._task_view is not None)
        self._publish()

    def share_look(self, shared: bool) -> None:
        """Give every face the look of the shown one from now on, or let each have its own."""
        photo = self._active_photo()
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

    def beautify(self) -> None:
        """Put the result on a layer above the active one."""
        source = self._update_source(even_if_busy=True)
        if source is None:
            return
        photo = self._active_photo()
        self._jobs.add(Job(source, self._settings, photo.selection if photo is not None else None))
        if self._is_busy:
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
        past = self._history.results
        if source is not None and place < len(past):
            self._take_record(source, past[place].record)

    def _take_record(self, source: SourceLayer, record: ResultRecord) -> None:
        boxes = tuple(face.box for face in record.faces)
        looks = {number: face.look for number, face in enumerate(record.faces)}
        selection = FaceSelection(boxes, frozenset(looks), others_ticked=False, looks=PictureLooks.of(looks))
        self._photos.select(source, selection)
        self._settings = replace(self._settings, look=record.look)
        self.find_faces()

    def cancel(self) -> None:
        """Stop the task; nothing was changed. The next job begins."""
        if self._task is not None:
            self._stop_task()
            self._notice = Notice(texts.text(texts.CANCELLED), is_error=False)
            self._start_next_job()

    def start_daemon(self) -> None:
        """Start the daemon and connect to it."""
        self._notice = None
        self._connection.open(start=True).on_done = lambda connecting: self._show_error(connecting.error)

    def tick_face(self, face: int, ticked: bool) -> None:
        """Tick a face, or untick it."""
        photo = self._active_photo()
        if photo is not None:
            faces = photo.ticked | {face} if ticked else photo.ticked - {face}
            self._photos.update(photo.source.key, ticked=faces)
            self._publish()

    def show_face(self, face: int) -> None:
        """Show a face in the preview, and its look."""
        photo = self._active_photo()
        if photo is not None and photo.shown != face:
            looks = photo.looks_or(self._settings.look)
            view = replace(photo.view, shift=(0.0, 0.0))
            self._photos.update(photo.source.key, shown=face, looks=looks, view=view, preview=None)
            self._settings = replace(self._settings, look=looks.look(face))
            self._timing.schedule(after_ms=0)
            self._publish()

    def zoom_preview(self, factor: float) -> None:
        """Show the face larger by this factor."""
        self._look_from(lambda view, room, face, _layer: view.zoomed(factor, room, face))

    def set_scale(self, scale: float | None) -> None:
        """Show so many pixels of the screen for one of the layer; None for the whole face."""
        self._look_from(lambda view, *_: Viewpoint(scale, view.shift if scale else (0.0, 0.0)))

    def move_preview(self, right: float, down: float) -> None:
        """Move what is shown by so many pixels of the screen."""
        self._look_from(lambda view, room, face, layer: view.moved((right, down), room, face, layer))

    def resize_preview(self, room: Room) -> None:
        """Take the size at which the preview is shown, in pixels."""
        if self._tasks.resize_preview(room):
            self._redraw(even_if_none=self._task is not None)

    def _look_from(self, change: "Callable[[Viewpoint, Room, Box, Room], Viewpoint]") -> None:
        photo = self._active_photo()
        if photo is None or not photo.session.faces:
            return
        face = photo.session.faces[photo.shown].box
        view = change(photo.view, self._tasks.room, face, photo.source.size)
        if view != photo.view:
            self._photos.update(photo.source.key, view=view)
            self._redraw()

    def tick_every_face(self, ticked: bool) -> None:
        """Tick all faces, or none."""
        photo = self._active_photo()
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

    @property
    def _is_busy(self) -> bool:
        """Whether a task of the user's runs; a preview gives way to one."""
        return self._task_view is not None and self._task_view.kind != PREVIEW

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
        if self._is_busy and not even_if_busy:
            return None
        try:
            self._take_source(layers.active_layer())
        except layers.LayerUnusable as error:
            self._take_source(None)
            self._show_error(error)
        self._follow_selection()
        return self._source

    def _take_source(self, source: SourceLayer | None) -> None:
        """Follow the user to a layer; the values that belong to one picture stay with their own."""
        old, self._source = self._source, source
        if (old.key if old else "") != (source.key if source else ""):
            self._read_history()
        if source is None or (old is not None and old.key == source.key):
            return
        look = self._settings.look
        if old is not None:
            self._own_values[old.key] = of_one_picture(look)
        own = self._own_values.get(source.key, {})
        photo = self._photos.get(source.key)
        look = remembered(look).with_values(own)
        if photo is not None:
            look = photo.looks_or(look).look(photo.shown)
        self._settings = replace(self._settings, look=look)

    def _follow_selection(self) -> None:
        """Tick the faces that a changed selection means, and let the preview show what it leaves."""
        photo = self._active_photo()
        if photo is None or self._source is None or photo.selected == self._source.selected:
            return
        faces = selected_faces(self._source, [face.box for face in photo.session.faces])
        self._photos.update(photo.source.key, selected=self._source.selected)
        if faces:
            self._photos.update(photo.source.key, ticked=faces)
            self.show_face(min(faces))
        self._timing.schedule(after_ms=0)

    def _drop_undone_notice(self) -> None:
        """Say no longer that a result is there, once it was undone or deleted."""
        if self._done is None:
            return
        notice, source, key = self._done
        if not source.exists or results.find(source.document.rootNode(), key) is None:
            self._done = None
            if self._notice == notice:
                self._notice = None

    def _start_task(
        self,
        kind: str,
        make: Callable[[SourceLayer], TaskGenerator[None]],
        source: SourceLayer | None = None,  # None for the active layer
    ) -> None:
        source = source or self._source
        assert source is not None
        if self._task is not None:
            self._task.abandon()  # a preview: at the daemon the newer render wins, what it prepared is kept
        self.start_updates()
        if kind == FIND_FACES:
            self._notice = None
        self._overall = OverallProgress()
        self._task_view, self._task_source = TaskView(kind, "read"), source
        self._task = Task(make(source), self._loop.later, self._on_task_end)
        self._publish()

    def _redraw(self, *, even_if_none: bool = False) -> None:
        """Draw the preview anew, also where it does not follow the sliders.

        even_if_none: also where it is only being made, and for another size
        """
        photo = self._active_photo()
        if even_if_none or (photo is not None and photo.preview is not None):
            self._timing.redraw(is_busy=self._task_view is not None)

    def _preview(self) -> None:
        """Render the preview with the newest sliders."""
        photo = self._active_photo()
        if photo is None or not photo.session.faces or self._is_busy:
            return
        is_redrawn = self._timing.begin()
        if not self._settings.live and photo.preview is not None and not is_redrawn:
            return
        if photo.session.is_open:
            look = self._settings.look
            self._start_task(PREVIEW, lambda _: self._tasks.preview(photo, look))
        else:
            self.find_faces()

    def _on_task_end(self, error: Exception | None) -> None:
        kind = self._task_view.kind if self._task_view is not None else ""
        source = self._task_source
        self._stop_task(cancel=False)
        added = self._tasks.added
        if error is None and kind == BEAUTIFY and added is not None and source is not None:
            notice = added_notice(added)
            self._notice, self._done = notice, (notice, source, added.key)
            self._read_history()
            self._timing.schedule()
        if error is None and kind != BEAUTIFY:
            self._timing.catch_up()
        self._show_error(error)
        if kind != PREVIEW:
            self._start_next_job()

    def _read_history(self) -> None:
        """Read the last results of the active document; not at each update, since it holds pictures."""
        self._history = ResultHistory() if self._source is None else results.history(self._source.document)
        self._past = past_views(self._history)

    def _stop_task(self, cancel: bool = True) -> None:
        task, self._task = self._task, None
        self._jobs.running = None
        self._task_view = self._task_source = None
        if task is not None and cancel:
            task.cancel()
            self._connection.nudge()

    def _show_error(self, error: Exception | None) -> None:
        if error is not None and not isinstance(error, Superseded | Cancelled):
            self._notice = error_notice(error)
        self._publish()

    def _on_progress(self, stage: str, fraction: float, remaining: float | None) -> None:
        if self._task_view is not None:
            overall = self._overall.update(stage, fraction)
            self._task_view = TaskView(self._task_view.kind, stage, overall, remaining)
            self._publish()

    def _active_photo(self) -> OpenPhoto | None:
        return self._photos.get(self._source.key) if self._source is not None else None

    def _publish(self) -> None:
        photo = self._active_photo()
        self._show(
            View(
                layer=self._source.name if self._source is not None else "",
                title=self._source.title if self._source is not None else "",
                missing=self._missing,
                settings=self._settings,
                faces=photo.face_views if photo is not None else None,
                preview=photo.preview if photo is not None else None,
                task=self._task_view,
                notice=self._notice,
                daemon=self._connection.state,
                device=self._tasks.device,
                is_result=self._source is not None and self._source.result is not None,
                jobs=tuple((number, job.source.title) for number, job in self._jobs.waiting),
                history=self._past,
                is_look_shared=photo is None or photo.looks is None or photo.looks.is_same,
            )
        )
