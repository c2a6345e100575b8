"""The dialog's sliders and face thumbnails: widgets that hold values and call back when these change."""

from collections.abc import Callable, Sequence

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import GdkPixbuf, Gtk  # noqa: E402 (after its version)

from plugin_gimp.texts import _, face_title  # noqa: E402
from retouchml.sliders import Slider  # noqa: E402


class SliderRow:
    """A row of a grid: the label, the scale, and a button that unsets the slider.

    title: the label; on_change: called with the value, or with None for unset, when the user changes it
    """

    def __init__(
        self,
        grid: Gtk.Grid,
        row: int,
        slider: Slider,
        label: str,  # with an underscore before its mnemonic
        on_change: "Callable[[float | None], None]",
    ) -> None:
        self.title = title = Gtk.Label(label=label, use_underline=True, xalign=0.0)
        self._scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, slider.low, slider.high, 0.05)
        self._scale.set_digits(2)
        self._scale.set_value_pos(Gtk.PositionType.RIGHT)
        self._scale.set_size_request(220, -1)
        self._scale.set_hexpand(True)
        if slider.low < slider.default:
            self._scale.add_mark(slider.default, Gtk.PositionType.BOTTOM, None)
        title.set_mnemonic_widget(self._scale)
        button = Gtk.Button.new_from_icon_name("edit-undo-symbolic", Gtk.IconSize.MENU)
        button.set_relief(Gtk.ReliefStyle.NONE)
        button.set_tooltip_text(_("Reset") if slider.full is None else _("Let it follow the strength"))
        button.connect("clicked", lambda _button: on_change(None))
        # rounded to the two digits that are shown
        self._handler = self._scale.connect(
            "value-changed", lambda scale: on_change(round(float(scale.get_value()), 2))
        )
        for column, widget in enumerate((title, self._scale, button)):
            grid.attach(widget, column, row, 1, 1)

    def show_value(self, value: float) -> None:
        """Show a value that was set elsewhere."""
        with self._scale.handler_block(self._handler):
            self._scale.set_value(value)


_ROW_HEIGHT = 80


class FaceRow(Gtk.Box):
    """The faces: a click on a thumbnail shows that face, the tick beside it chooses it."""

    def __init__(self, on_show: "Callable[[int], None]", on_tick: "Callable[[], None]") -> None:
        """on_show: called with the number of a face that is to be shown; on_tick: after ticks changed."""
        super().__init__(spacing=6)
        self.set_size_request(-1, _ROW_HEIGHT)  # nothing moves once the faces are there
        self._on_show, self._on_tick = on_show, on_tick
        self._ticks: list[Gtk.CheckButton] = []
        self._thumbnails: list[Gtk.RadioButton] = []
        self._quiet = False  # whether ticks change without the user
        self._faces = Gtk.Box(spacing=4)
        scroll = Gtk.ScrolledWindow(vscrollbar_policy=Gtk.PolicyType.NEVER)
        scroll.add(self._faces)
        self._buttons = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2, valign=Gtk.Align.CENTER)
        for label, ticked in ((_("All"), True), (_("None"), False)):
            button = Gtk.Button(label=label)
            button.connect("clicked", lambda _button, ticked: self._tick_every(ticked), ticked)
            self._buttons.add(button)
        self.pack_start(scroll, True, True, 0)
        self.pack_start(self._buttons, False, False, 0)

    def fill(
        self,
        thumbnails: "Sequence[GdkPixbuf.Pixbuf]",
        notes: "Sequence[Sequence[str]]",
        ticked: "Sequence[int]",
        shown: int,
    ) -> None:
        """Add a thumbnail for each face. notes: what is held back on each, which its tip says."""
        for number, (thumbnail, held_back) in enumerate(zip(thumbnails, notes, strict=True)):
            name = face_title(number)
            tip = "\n".join((name, *held_back))
            tick = Gtk.CheckButton(label="!" if held_back else "", active=number in ticked)
            tick.connect("toggled", lambda _tick: self._ticked())
            thumb = Gtk.RadioButton(group=self._thumbnails[0] if self._thumbnails else None)
            thumb.set_mode(False)  # drawn as a button, which looks pressed while its face is shown
            thumb.set_relief(Gtk.ReliefStyle.NONE)
            thumb.add(Gtk.Image.new_from_pixbuf(thumbnail))
            thumb.set_active(number == shown)
            thumb.connect("toggled", lambda button, face: button.get_active() and self._on_show(face), number)
            for widget, role in ((tick, _("Retouch it")), (thumb, _("Show it"))):
                widget.set_tooltip_text(f"{tip}\n{role}")
                widget.get_accessible().set_name(f"{name}: {role}")
                self._faces.add(widget)
            self._ticks.append(tick)
            self._thumbnails.append(thumb)
        self.show_all()
        self._buttons.set_visible(len(self._ticks) > 1)

    @property
    def ticked(self) -> "list[int]":
        """The numbers of the faces to retouch."""
        return [number for number, tick in enumerate(self._ticks) if tick.get_active()]

    def _tick_every(self, ticked: bool) -> None:
        self._quiet = True
        for tick in self._ticks:
            tick.set_active(ticked)
        self._quiet = False
        self._on_tick()

    def _ticked(self) -> None:
        if not self._quiet:
            self._on_tick()
