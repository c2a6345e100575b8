"""The dialog: a preview, the faces to retouch, the sliders, and the output."""

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gimp, GimpUi, GLib, Gtk  # noqa: E402 (after their versions)

from plugin_gimp import arguments, layer_pixels, output, reach, results  # noqa: E402
from plugin_gimp.background_session import BackgroundSession, Events  # noqa: E402
from plugin_gimp.controls import FaceRow  # noqa: E402
from plugin_gimp.look_controls import LookControls  # noqa: E402
from plugin_gimp.preview import Preview, square_around, thumbnail  # noqa: E402
from plugin_gimp.texts import _  # noqa: E402
from retouchml import __version__, sentences  # noqa: E402
from retouchml.client.answers import WirePatch  # noqa: E402
from retouchml.client.photo_session import Looks  # noqa: E402
from retouchml.client.placed_commands import explain  # noqa: E402
from retouchml.errors import Cancelled, DaemonError, RetouchError, UsageError  # noqa: E402
from retouchml.first_faces import first_faces  # noqa: E402
from retouchml.look import Look  # noqa: E402
from retouchml.progress import OverallProgress, describe  # noqa: E402
from retouchml.remembered import preset_of, remembered  # noqa: E402
from retouchml.result_record import match, record  # noqa: E402
from retouchml.results import Box, Face  # noqa: E402
from retouchml.sliders import REST_MS  # noqa: E402
from retouchml.system.failures import unexpected  # noqa: E402

_THUMBNAIL_SIDE = 56
_RESET = 1  # a response of our own; GTK's are negative


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
        picture, pixels, self._encoding = layer_pixels.read(self._layer)
        self._faces: tuple[Face, ...] = ()
        self._shown = 0  # the face in the preview
        self._requested: Looks | None = None
        self._result: tuple[Looks, tuple[WirePatch, ...]] | None = None  # of what is requested
        self._is_waiting = False  # Beautify was pressed before there was a result
        self._error: RetouchError | None = None
        self._timer = 0
        self._overall = OverallProgress()
        self._build()
        events = Events(self._on_progress, self._on_faces, self._on_patches, self._on_failed)
        self._session = BackgroundSession(picture, pixels, events)

    def run(self) -> None:
        """Show the dialog until the result is in the image. Raises Cancelled or RetouchError."""
        self._window.show()
        Gtk.main()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the window and stop the daemon's work for it."""
        self._stop_timer()
        self._preview.close()
        self._session.close()
        self._window.destroy()

    def _build(self) -> None:
        self._window = GimpUi.Dialog(title=_(sentences.BEAUTIFY), role="retouchml")
        buttons = {_RESET: _("_Reset"), Gtk.ResponseType.CANCEL: _("_Cancel")}
        for response, label in buttons.items():
            self._window.add_button(label, response)
        beautify = _("_Beautify")
        self._button = self._window.add_button(beautify, Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        self._window.connect("response", self._on_response)
        self._preview = Preview(self._layer, self._encoding)
        self._face_row = FaceRow(self._on_show, self._on_change)
        self._status = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90)
        self._bar = Gtk.ProgressBar()
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        left.pack_start(self._preview, True, True, 0)
        left.pack_start(self._face_row, False, False, 0)
        columns = Gtk.Box(spacing=12)
        columns.pack_start(left, True, True, 0)
        columns.pack_start(self._build_controls([*buttons.values(), beautify]), False, False, 0)
        area = self._window.get_content_area()
        area.set_spacing(6)
        area.set_border_width(12)
        parts = [(columns, True), (self._bar, False), (self._status, False)]
        if self._chosen.result is not None:
            parts.insert(0, (self._again_line(self._chosen.result), False))
        for widget, grows in parts:
            area.pack_start(widget, grows, grows, 0)
        area.show_all()

    def _again_line(self, result: Gimp.Layer) -> Gtk.Label:
        """What says that a result is edited again."""
        sentence = _("“{layer}” is edited again, with its sliders as they were.").format(
            layer=result.get_name()
        )
        return Gtk.Label(label=sentence, xalign=0.0, wrap=True)

    def _build_controls(self, buttons: "list[str]") -> Gtk.Box:
        """The look and the output. buttons: labels whose mnemonics are in use."""
        output_label, earlier_label = _("_Output"), _("_Keep earlier results")
        taken = [*buttons, output_label, earlier_label]
        self._look_controls = LookControls(self._first_look(), self._on_change, taken)
        scroll = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scroll.set_propagate_natural_width(True)
        scroll.add(self._look_controls)
        title = Gtk.Label(label=output_label, use_underline=True, xalign=0.0)
        self._output = Gtk.ComboBoxText()
        for nick, label in arguments.OUTPUTS.items():
            self._output.append(nick, label)
        self._output.set_active_id(self._config.get_property("output"))
        title.set_mnemonic_widget(self._output)
        line = Gtk.Box(spacing=8)
        line.pack_start(title, False, False, 0)
        line.pack_start(self._output, True, True, 0)
        column = self._controls = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        column.pack_start(scroll, True, True, 0)
        column.pack_start(line, False, False, 0)
        self._keep = Gtk.CheckButton(label=earlier_label, use_underline=True)
        self._keep.set_active(self._config.get_property("earlier") == arguments.KEEP)
        if results.of_source(self._layer):
            column.pack_start(self._keep, False, False, 0)
        return column

    def _first_look(self) -> Look:
        """The look of the result that is edited again, or what is remembered of the last picture's."""
        if self._chosen.record is not None:
            return self._chosen.record.look
        try:
            return remembered(arguments.of_config(self._config).common.look)
        except UsageError:  # from a script
            return Look()

    # events of the session

    def _on_progress(self, stage: str, fraction: float, remaining: "float | None") -> None:
        self._bar.set_fraction(self._overall.update(stage, fraction))
        self._status.set_text(describe(stage, remaining, _))

    def _on_faces(self, faces: "tuple[Face, ...]") -> None:
        self._faces = faces
        try:
            arguments.check_any(faces)
        except RetouchError as error:
            self._on_failed(error)
            return
        ticked = self._first_ticked([face.box for face in faces])
        shown = next(iter(ticked), 0)
        width, height = self._layer.get_width(), self._layer.get_height()
        squares = [square_around(face.box, 1.5, width, height) for face in faces]
        thumbnails = [thumbnail(self._layer, square, _THUMBNAIL_SIDE) for square in squares]
        self._face_row.fill(thumbnails, [face.quality.notes for face in faces], ticked, shown)
        self._shown = shown
        self._preview.show_face(faces[shown])
        self._request_render()

    def _first_ticked(self, boxes: "list[Box]") -> "tuple[int, ...]":
        """The faces to retouch: those of the result that is edited again, those that the selection means."""
        if self._chosen.record is not None:
            before = match([face.box for face in self._chosen.record.faces], boxes)
            return tuple(sorted(before)) or tuple(range(len(boxes)))
        return reach.selected_faces(self._layer, boxes) or first_faces(len(boxes))

    def _on_patches(self, looks: Looks, is_full: bool, patches: "tuple[WirePatch, ...]") -> None:
        if looks is not self._requested:  # the sliders have moved since
            return
        self._preview.show_patches(patches)
        if is_full:
            self._result = looks, patches
            self._overall = OverallProgress()
            self._bar.set_fraction(1.0)
            self._status.set_text(_("Ready"))
            if self._is_waiting:
                self._finish()

    def _on_failed(self, error: RetouchError) -> None:
        self._set_waiting(False)
        # without faces, another try is of use only if the daemon failed
        self._button.set_sensitive(bool(self._faces) or isinstance(error, DaemonError))
        self._requested = None  # so that the same looks can be requested again
        self._overall = OverallProgress()
        self._bar.set_fraction(0.0)
        self._status.set_text(explain(error))

    # events of the widgets

    def _on_response(self, _window: Gtk.Dialog, response: int) -> None:
        if response == _RESET:
            self._look_controls.reset()
        elif response == Gtk.ResponseType.OK:
            self._beautify()
        else:
            self._quit(Cancelled(""))

    def _on_show(self, number: int) -> None:
        self._shown = number
        self._preview.show_face(self._faces[number])
        if self._requested and self._result is None:  # its turn comes next
            self._session.render(self._requested, number)

    def _on_change(self) -> None:
        self._stop_timer()
        self._timer = GLib.timeout_add(REST_MS, self._on_rest)

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
        if not self._faces:
            return
        looks = dict.fromkeys(self._face_row.ticked, self._look_controls.look)
        if looks == self._requested:
            return
        self._requested = looks
        self._result = None
        self._session.render(looks, self._shown)

    def _beautify(self) -> None:
        """Put the result into the image, now or as soon as it is there."""
        self._look_controls.take_typed()
        self._stop_timer()
        if not self._faces:  # they are still searched for, or the daemon failed
            self._session.open()
            self._set_waiting(True)
            return
        self._request_render()
        looks = self._requested or {}
        if not looks:
            self._status.set_text(_(sentences.NONE_TICKED))
        elif all(look.untouched for look in looks.values()):
            self._status.set_text(_(sentences.NOTHING_CHANGES))
        elif self._result is not None:
            self._finish()
        else:
            self._set_waiting(True)

    def _set_waiting(self, is_waiting: bool) -> None:
        self._is_waiting = is_waiting
        for widget in (self._controls, self._face_row, self._button):
            widget.set_sensitive(not is_waiting)

    def _finish(self) -> None:
        """Put the result into the image and close the dialog."""
        looks, patches = self._result or ({}, ())
        nick, keep = self._output.get_active_id(), self._keep.get_active()
        boxes = [face.box for face in self._faces]
        made = record(results.name_of_source(self._layer), boxes, looks, __version__)
        try:
            output.check(self._layer, nick)
            output.apply(self._chosen, patches, self._encoding, nick, made, keep_earlier=keep)
        except RetouchError as error:
            self._set_waiting(False)
            self._status.set_text(explain(error))
            return
        except Exception as error:  # GTK would swallow it, and the dialog would never close
            self._on_failed(RetouchError(unexpected(error, _), _(sentences.UNEXPECTED_ADVICE)))
            return
        self._store(next(iter(looks.values())), nick, keep)
        self._quit(None)

    def _store(self, look: Look, nick: str, keep: bool) -> None:
        """Keep the values for the next time and for Filters > Repeat, but none that belong to one picture."""
        look = remembered(look)
        preset = preset_of(look)
        for name, value in (
            ("strength", look.strength),
            ("texture", look.texture),
            ("edits", "" if preset else arguments.format_edits(look.edits)),
            ("preset", preset),
            ("face-looks", ""),
            ("faces", "all"),
            ("output", nick),
            ("earlier", arguments.KEEP if keep else arguments.IN_ITS_PLACE),
        ):
            self._config.set_property(name, value)

    def _quit(self, error: "RetouchError | None") -> None:
        self._error = error
        Gtk.main_quit()
