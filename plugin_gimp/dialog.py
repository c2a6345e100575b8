"""The dialog: a preview, the faces to retouch, the sliders, and the output."""

from gi.repository import Gimp, GimpUi, GLib, Gtk

from plugin_gimp import (
    arguments,
    help_dialog,
    layer_pixels,
    output,
    pixbufs,
    results,
    settings_dialog,
    window,
)
from plugin_gimp.background_session import BackgroundSession, Events
from plugin_gimp.beginning import first_look, first_places, first_ticked
from plugin_gimp.history import LayerHistory
from plugin_gimp.job_queue import Job, JobQueue
from plugin_gimp.preview import Preview
from plugin_gimp.texts import _
from plugin_gimp.viewport import square_around
from plugin_gimp.window import Handlers, Window
from retouchml import __version__, sentences
from retouchml.client.answers import WirePatch
from retouchml.client.placed_commands import explain
from retouchml.client.render_request import Looks
from retouchml.errors import Cancelled, DaemonError, RetouchError
from retouchml.look import Look
from retouchml.marked_face import marked_face
from retouchml.picture_looks import PictureLooks
from retouchml.progress import OverallProgress, describe
from retouchml.result_record import ResultRecord, record
from retouchml.results import Box, Face, FaceReport
from retouchml.sliders import REST_MS
from retouchml.system.failures import unexpected

_THUMBNAIL_SIDE = 56


def run(config: Gimp.ProcedureConfig, layer: Gimp.Drawable) -> None:
    """Show the dialog until the result is in the image. Raises Cancelled or RetouchError."""
    GimpUi.init("retouchml")
    chosen = results.choose(layer)
    output.check(chosen.source, arguments.NEW_LAYER)
    dialog = Dialog(config, chosen)
    try:
        dialog.run()
    finally:
        dialog.close()


class Dialog:
    """The dialog's state. Events of the session and of the widgets arrive in one thread."""

    def __init__(self, config: Gimp.ProcedureConfig, chosen: results.Chosen) -> None:
        self._config = config
        self._chosen = chosen
        self._layer = chosen.source
        self._pixels = layer_pixels.Pixels.of(self._layer)
        self._encoding = self._pixels.encoding
        self._faces: tuple[Face, ...] = ()
        self._shown = 0  # the face in the preview
        self._looks = PictureLooks(first_look(config, chosen))
        self._requested: Looks | None = None
        self._result: tuple[Looks, tuple[WirePatch, ...]] | None = None  # of what is requested
        self._early = 0  # Beautify or Apply was pressed before the faces were known
        self._jobs = JobQueue()
        self._has_applied = False
        self._error: RetouchError | None = None
        self._timer = 0
        self._overall = OverallProgress()
        self._preview = Preview(self._layer, self._encoding)
        handlers = Handlers(
            response=self._on_response,
            show=self._on_show,
            tick=self._on_change,
            look=self._on_look,
            release=self._on_release,
            same=self._on_same,
            mark=self._on_mark,
            past=self._on_past,
            cancel=self._on_cancel,
        )
        nick = config.get_property("output")
        self._window = Window(self._preview, handlers, self._looks.common, nick)
        if chosen.result is not None:
            self._window.show_again(chosen.result.get_name())
        if results.of_source(self._layer):
            self._window.show_keep(keep=config.get_property("earlier") == arguments.KEEP)
        self._history = LayerHistory(self._layer, self._window.history)
        events = Events(
            self._on_progress,
            self._on_faces,
            self._on_patches,
            self._on_failed,
            lambda said: self._window.show_machine(said.sentence),
        )
        self._places = first_places(chosen)
        self._session = BackgroundSession(self._pixels.picture, events, self._places)

    def run(self) -> None:
        """Show the dialog until the result is in the image. Raises Cancelled or RetouchError."""
        self._window.call_when_drawn(self._session.read)
        self._window.dialog.show()
        self._session.start(self._pixels.parts())
        Gtk.main()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the window and stop the daemon's work for it."""
        self._stop_timer()
        self._preview.close()
        self._session.close()
        self._window.dialog.destroy()

    # events of the session

    def _on_progress(self, stage: str, fraction: float, remaining: "float | None") -> None:
        self._window.say(describe(stage, remaining, _), self._overall.update(stage, fraction))

    def _on_faces(self, faces: "tuple[Face, ...]", marks: "tuple[Box, ...]") -> None:
        known, self._faces = self._faces, faces
        if known and not marks and len(faces) >= len(known):  # more is known of them
            self._fill_faces(tuple(self._window.face_row.ticked))
            return
        if known:
            self._add_marked(len(known), marks)
            return
        try:
            arguments.check_any(faces)
        except RetouchError as error:
            self._on_failed(RetouchError(error.message, _(sentences.MARK_ADVICE)))
            return
        if not self._early:
            self._window.set_usable(is_usable=True)
        self._places += marks
        boxes = [face.box for face in faces]
        ticked = first_ticked(self._chosen, boxes)
        before = {} if self._chosen.record is None else self._chosen.record.looks(boxes)
        if before:
            self._looks = PictureLooks.of(before)
        self._shown = next(iter(ticked), 0)
        self._request(self._looks.looks(ticked))  # before the thumbnails: it takes longer
        self._fill_faces(ticked)
        if self._early:
            early, self._early = self._early, 0
            self._make(early)

    def _add_marked(self, known: int, marks: "tuple[Box, ...]") -> None:
        """Show a face that the user has marked, and tick it. known: how many there were before."""
        ticked = set(self._window.face_row.ticked)
        boxes = [face.box for face in self._faces]
        new = {number: place for place in marks if (number := marked_face(place, boxes)) >= known}
        if new:
            self._places += tuple(new.values())
            ticked.update(new)
            self._shown = [*new][-1]
            Gimp.Selection.none(self._layer.get_image())  # it would limit the result
        elif marks:
            self._window.say(_(sentences.FACE_KNOWN))
        if self._shown >= len(self._faces):  # another machine found fewer
            self._shown = 0
        self._fill_faces(tuple(sorted(ticked)))
        self._requested = None  # the photo was opened again
        self._request_render()

    def _fill_faces(self, ticked: "tuple[int, ...]") -> None:
        """Show all faces, and the shown one in the preview and the sliders."""
        width, height = self._layer.get_width(), self._layer.get_height()
        squares = [square_around(face.box, 1.5, width, height) for face in self._faces]
        thumbnails = [pixbufs.of_square(self._layer, square, _THUMBNAIL_SIDE) for square in squares]
        notes = [face.quality.notes for face in self._faces]
        self._window.face_row.fill(thumbnails, notes, ticked, self._shown)
        if len(self._faces) > 1:
            self._window.show_same(is_same=self._looks.is_same)
        self._window.look_controls.show_look(self._looks.look(self._shown))
        self._preview.show_face(self._faces[self._shown])
        self._window.score.show_face(self._shown, self._faces[self._shown])

    def _on_patches(
        self, looks: Looks, is_full: bool, patches: "tuple[WirePatch, ...]", reports: "tuple[FaceReport, ...]"
    ) -> None:
        if looks is not self._requested:  # the sliders have moved since
            return
        self._preview.show_patches(patches)
        if is_full:
            self._result = looks, patches
            self._window.score.end(reports)
            self._overall = OverallProgress()
            self._window.say(_("Ready"), 1.0)
            if self._jobs.running is not None:
                self._finish(self._jobs.running)

    def _on_failed(self, error: RetouchError) -> None:
        self._want_nothing()
        self._window.score.begin(())
        # without faces, another try is of use only if the daemon failed
        self._window.set_usable(is_usable=bool(self._faces) or isinstance(error, DaemonError))
        self._requested = None  # so that the same looks can be requested again
        self._overall = OverallProgress()
        self._window.say(explain(error), 0.0)

    # events of the widgets

    def _on_response(self, response: int) -> None:
        if response == window.RESET:
            self._window.look_controls.reset()
        elif response == window.SETTINGS:
            has_moved = settings_dialog.run(self._window.dialog)
            lacks_scores = self._window.score.follow_settings()
            if has_moved:
                self._session.move()
                self._session.open()
            if has_moved or lacks_scores:
                self._request_again()
        elif response == window.HELP:
            help_dialog.run(self._window.dialog)
        elif response in (window.BEAUTIFY, window.APPLY):
            self._make(response)
        else:
            self._quit(None if self._has_applied else Cancelled(""))

    def _request_again(self) -> None:
        """Request what was requested, of another machine or with scores."""
        self._requested = None
        if self._faces:
            looks = self._jobs.running.looks if self._jobs.running is not None else None
            self._request(looks or self._looks.looks(self._window.face_row.ticked))

    def _on_show(self, number: int) -> None:
        self._window.look_controls.take_typed()
        self._shown = number
        self._preview.show_face(self._faces[number])
        self._window.score.show_face(number, self._faces[number])
        self._window.look_controls.show_look(self._looks.look(number))
        if self._requested and self._result is None:  # its turn comes next
            self._session.render(self._requested, number, reports=self._window.score.is_wanted)

    def _on_look(self, look: Look) -> None:
        self._looks = self._looks.changed(self._shown, look)
        self._on_change()

    def _on_same(self, is_same: bool) -> None:
        self._looks = self._looks.same_as(self._shown) if is_same else self._looks.each_its_own()
        self._on_change()

    def _on_mark(self) -> None:
        """There is a face where the selection is."""
        _ok, is_there, left, top, right, bottom = Gimp.Selection.bounds(self._layer.get_image())
        if not is_there:
            self._window.say(_(sentences.SELECT_FIRST))
            return
        _ok, x, y = self._layer.get_offsets()
        self._want_nothing()
        self._session.mark((left - x, top - y, right - left, bottom - top))

    def _on_past(self, past: ResultRecord) -> None:
        """Bring back the faces and looks of an earlier result."""
        looks = past.looks([face.box for face in self._faces])
        if not looks:
            return
        self._looks = PictureLooks.of(looks)
        if self._shown not in looks:
            self._shown = min(looks)
        self._fill_faces(tuple(looks))
        self._on_change()

    def _on_change(self) -> None:
        """Request what the sliders describe: at once if nothing is under way, else when they rest."""
        is_idle = not self._timer and self._result is not None
        self._stop_timer()
        if is_idle:
            self._request_render()
        else:
            self._timer = GLib.timeout_add(REST_MS, self._on_rest)

    def _on_release(self) -> None:
        """A slider was let go: there is nothing to wait for."""
        if self._timer:
            self._stop_timer()
            self._request_render()

    def _on_rest(self) -> bool:
        self._timer = 0
        self._request_render()
        return False

    def _stop_timer(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0

    def _request_render(self) -> None:
        """Request the looks that the sliders describe, unless they are requested already."""
        if not self._faces or self._jobs.running is not None:  # a job must not be dropped
            return
        self._request(self._looks.looks(self._window.face_row.ticked))

    def _request(self, looks: Looks) -> None:
        if looks == self._requested:
            return
        self._requested = looks
        self._result = None
        self._window.score.begin(looks)
        self._session.render(looks, self._shown, reports=self._window.score.is_wanted)

    def _make(self, response: int) -> None:
        """Put the result into the image, now or as soon as it is there."""
        self._window.look_controls.take_typed()
        self._stop_timer()
        if not self._faces:  # they are still searched for, or the daemon failed
            self._session.open()
            self._early = response
            self._show_jobs()
            return
        looks = self._looks.looks(self._window.face_row.ticked)
        if not looks:
            self._window.say(_(sentences.NONE_TICKED))
        elif all(look.untouched for look in looks.values()):
            self._window.say(_(sentences.NOTHING_CHANGES))
        else:
            closes = response == window.BEAUTIFY
            self._jobs.add(Job(looks, self._window.output, self._window.keeps_earlier, closes))
            self._continue()

    def _continue(self) -> None:
        """Begin the next job, if none is under way; without any, request what the sliders describe."""
        if self._jobs.running is None and self._jobs.next() is not None:
            self._begin(self._jobs.running)
        self._show_jobs()
        self._request_render()

    def _begin(self, job: "Job | None") -> None:
        """Compute a job's looks, unless they are there."""
        if job is None:
            return
        self._request(job.looks)
        if self._result is not None:
            self._finish(job)

    def _on_cancel(self, number: int) -> None:
        """Take a job out. number: 0 for the one under way"""
        if number:
            self._jobs.remove(number)
        else:
            self._jobs.running = None
        self._continue()

    def _want_nothing(self) -> None:
        self._early = 0
        self._jobs.clear()
        self._show_jobs()

    def _show_jobs(self) -> None:
        self._window.show_jobs(self._jobs, closes=self._jobs.closes or self._early == window.BEAUTIFY)

    def _finish(self, job: Job) -> None:
        """Put the result into the image, and close the dialog after Beautify."""
        self._jobs.running = None
        looks, patches = self._result or ({}, ())
        nick, keep = job.output, job.keeps_earlier
        boxes = [face.box for face in self._faces]
        made = record(results.name_of_source(self._layer), boxes, looks, __version__, self._places)
        try:
            output.check(self._layer, nick)
            self._history.remember(made, self._faces, self._shown, patches, self._encoding)
            output.apply(self._chosen, patches, self._encoding, nick, made, keep_earlier=keep)
        except RetouchError as error:
            self._want_nothing()
            self._window.say(explain(error))
            return
        except Exception as error:  # GTK would swallow it, and the dialog would never close
            self._on_failed(RetouchError(unexpected(error, _), _(sentences.UNEXPECTED_ADVICE)))
            return
        arguments.store(self._config, next(iter(looks.values())), nick, keep_earlier=keep)
        if job.closes:
            self._quit(None)
            return
        self._has_applied = True
        self._window.show_applied()
        self._window.show_keep()
        self._history.show()
        self._window.say(_("The result is in the picture. You can go on."))
        self._continue()  # a slider may have moved meanwhile

    def _quit(self, error: "RetouchError | None") -> None:
        self._error = error
        Gtk.main_quit()
