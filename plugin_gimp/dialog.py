"""The dialog: a preview, faces to choose, sliders, and what is done with the result."""

from collections.abc import Mapping

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gimp, GimpUi, GLib, Gtk  # noqa: E402 (after their versions)

from plugin_gimp import job, messages, options, output, pixels  # noqa: E402
from plugin_gimp.controls import FaceRow, Slider  # noqa: E402
from plugin_gimp.messages import _  # noqa: E402
from plugin_gimp.preview import Preview, square_around, thumbnail  # noqa: E402
from plugin_gimp.session import Events, Session  # noqa: E402
from retouchml.client.answers import WirePatch  # noqa: E402
from retouchml.errors import Cancelled, DaemonError, NoFaceError, RetouchError, UsageError  # noqa: E402
from retouchml.look import DEFAULT_STRENGTH, DEFAULT_TEXTURE, Look  # noqa: E402
from retouchml.results import Face  # noqa: E402

_REST_MS = 120  # after the last move of a slider
_THUMBNAIL = 56
_RESET = 1  # a response of our own; GTK's are negative


def run(config: Gimp.ProcedureConfig, layer: Gimp.Drawable) -> None:
    """Show the dialog until the result is in the image. Raises Cancelled or RetouchError."""
    GimpUi.init("retouchml")
    output.check(layer, options.NEW_LAYER)
    dialog = Dialog(config, layer)
    try:
        dialog.run()
    finally:
        dialog.close()


class Dialog:
    """State of one dialog. Events of the session and of the widgets meet here, in one thread."""

    def __init__(self, config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> None:
        self._config = config
        self._layer = layer
        picture, data, self._encoding = pixels.read(layer)
        self._faces: tuple[Face, ...] = ()
        self._wished: Mapping[int, Look] | None = None
        self._ready: tuple[Mapping[int, Look], tuple[WirePatch, ...]] | None = None
        self._waits = False  # Beautify was pressed, and the patches are not there yet
        self._outcome: RetouchError | None = None
        self._timer = 0
        self._build()
        events = Events(self._on_progress, self._on_faces, self._on_patches, self._on_failed)
        self._session = Session(picture, data, events)

    def run(self) -> None:
        """Until the result is in the image. Raises Cancelled or RetouchError."""
        self._window.show()
        Gtk.main()
        if self._outcome is not None:
            raise self._outcome

    def close(self) -> None:
        """Take it away, and end what the daemon does for it."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        self._session.close()
        self._window.destroy()

    def _build(self) -> None:
        self._window = GimpUi.Dialog(title=_("Beautify"), role="retouchml")
        self._window.add_button(_("_Reset"), _RESET)
        self._window.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
        self._button = self._window.add_button(_("_Beautify"), Gtk.ResponseType.OK)
        self._window.set_default_response(Gtk.ResponseType.OK)
        self._window.connect("response", self._on_response)
        self._preview = Preview(self._layer, self._encoding)
        self._row = FaceRow(self._on_face)
        self._status = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=90)
        self._bar = Gtk.ProgressBar()
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        left.pack_start(self._preview, True, True, 0)
        left.pack_start(self._row, False, False, 0)
        columns = Gtk.Box(spacing=12)
        columns.pack_start(left, True, True, 0)
        columns.pack_start(self._controls(), False, False, 0)
        area = self._window.get_content_area()
        area.set_spacing(6)
        area.set_border_width(12)
        for widget, grows in ((columns, True), (self._bar, False), (self._status, False)):
            area.pack_start(widget, grows, grows, 0)
        area.show_all()

    def _controls(self) -> Gtk.Grid:
        value = self._config.get_property
        grid = self._grid = Gtk.Grid(row_spacing=4, column_spacing=8, valign=Gtk.Align.START)
        try:
            edits = options.parse_edits(value("edits") or "")
        except UsageError:  # what a script passed last
            edits = {}
        rows = [
            ("strength", _("_Strength"), 0.0, DEFAULT_STRENGTH, value("strength")),
            ("texture", _("_Texture"), 0.0, DEFAULT_TEXTURE, value("texture")),
            *((name, label, -1.0, 0.0, edits.get(name, 0.0)) for name, label in messages.LABELS.items()),
        ]
        self._sliders = {
            name: Slider(grid, row, label, low, start, at, self._on_change)
            for row, (name, label, low, start, at) in enumerate(rows)
        }
        title = Gtk.Label(label=_("_Output"), use_underline=True, xalign=0.0)
        self._output = Gtk.ComboBoxText()
        for nick, label in messages.OUTPUTS.items():
            self._output.append(nick, label)
        self._output.set_active_id(value("output"))
        title.set_mnemonic_widget(self._output)
        grid.attach(title, 0, len(rows), 1, 1)
        grid.attach(self._output, 1, len(rows), 2, 1)
        return grid

    # what the session tells

    def _on_progress(self, stage: str, fraction: float, left: "float | None") -> None:
        self._bar.set_fraction(job.overall(stage, fraction))
        self._status.set_text(messages.remaining(stage, left))

    def _on_faces(self, faces: "tuple[Face, ...]") -> None:
        self._faces = faces
        try:
            ticked = options.chosen(self._config.get_property("faces") or "all", len(faces))
        except NoFaceError as error:
            self._on_failed(error)
            return
        except UsageError:  # remembered from another photograph
            ticked = list(range(len(faces)))
        width, height = self._layer.get_width(), self._layer.get_height()
        self._row.fill(
            [
                thumbnail(self._layer, square_around(face.box, 1.5, width, height), _THUMBNAIL)
                for face in faces
            ],
            ticked,
        )
        self._preview.show_face(faces[ticked[0]])
        self._wish()

    def _on_patches(self, looks: "Mapping[int, Look]", full: bool, patches: "tuple[WirePatch, ...]") -> None:
        if looks is not self._wished:  # the sliders have moved on
            return
        self._preview.show_patches(patches)
        if full:
            self._ready = looks, patches
            self._bar.set_fraction(1.0)
            self._status.set_text(_("Ready"))
            if self._waits:
                self._finish()

    def _on_failed(self, error: RetouchError) -> None:
        self._wait(False)
        # another try is of no use where there are no faces
        self._button.set_sensitive(bool(self._faces) or isinstance(error, DaemonError))
        self._wished = None  # so that the same may be tried again
        self._bar.set_fraction(0.0)
        self._status.set_text(error.explain())

    # what the user does

    def _on_response(self, _window: Gtk.Dialog, response: int) -> None:
        if response == _RESET:
            for slider in self._sliders.values():
                slider.reset()
        elif response == Gtk.ResponseType.OK:
            self._beautify()
        else:
            self._leave(Cancelled(""))

    def _on_face(self, number: int) -> None:
        self._preview.show_face(self._faces[number])
        self._on_change()

    def _on_change(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(_REST_MS, self._on_rest)

    def _on_rest(self) -> bool:
        self._timer = 0
        self._wish()
        return False

    def _wish(self) -> None:
        """Have the chosen looks rendered, if they are not already."""
        if not self._faces:
            return
        values = {name: self._sliders[name].value for name in messages.LABELS}
        edits = {name: value for name, value in values.items() if value}
        look = Look(self._sliders["strength"].value, self._sliders["texture"].value, edits)
        looks = dict.fromkeys(self._row.ticked, look)
        if looks == self._wished:
            return
        self._wished = looks
        self._ready = None
        self._session.render(looks)

    def _beautify(self) -> None:
        """Put the patches into the image, now or as soon as they are there."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if not self._faces:  # they are still looked for, or the daemon failed
            self._session.render({})
            self._wait(True)
            return
        self._wish()
        looks = self._wished or {}
        if not looks:
            self._status.set_text(_("No face is ticked."))
        elif all(look.untouched for look in looks.values()):
            self._status.set_text(_("At strength 0 and without edits there is nothing to retouch."))
        elif self._ready is not None:
            self._finish()
        else:
            self._wait(True)

    def _wait(self, waits: bool) -> None:
        self._waits = waits
        for widget in (self._grid, self._row, self._button):
            widget.set_sensitive(not waits)

    def _finish(self) -> None:
        looks, patches = self._ready or ({}, ())
        if not patches:
            self._wait(False)
            self._status.set_text(_("Nothing would change: move a slider."))
            return
        where = self._output.get_active_id()
        try:
            output.check(self._layer, where)
            output.apply(self._layer, patches, self._encoding, where)
        except RetouchError as error:
            self._on_failed(error)
            return
        except Exception as error:  # GTK would swallow it, and the dialog would wait for ever
            strange = _("This should not have happened ({error!r}). The image is unchanged.")
            self._on_failed(RetouchError(strange.format(error=error)))
            return
        self._remember(next(iter(looks.values())), where)
        self._leave(None)

    def _remember(self, look: Look, where: str) -> None:
        for name, value in (
            ("strength", look.strength),
            ("texture", look.texture),
            ("edits", options.write_edits(dict(look.edits))),
            ("faces", self._row.text),
            ("output", where),
        ):
            self._config.set_property(name, value)

    def _leave(self, outcome: "RetouchError | None") -> None:
        self._outcome = outcome
        Gtk.main_quit()
