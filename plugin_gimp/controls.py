"""The dialog's sliders and face choice: widgets that hold values and say when they change."""

from collections.abc import Callable, Sequence

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import GdkPixbuf, Gtk  # noqa: E402 (after its version)

from plugin_gimp.messages import _  # noqa: E402

Changed = Callable[[], None]


class Slider:
    """A row: name, scale, and a button that puts it back to where it began."""

    def __init__(
        self, grid: Gtk.Grid, row: int, label: str, low: float, start: float, value: float, changed: Changed
    ) -> None:
        """low: the scale's lower end, the upper is 1; start: the value that reset gives."""
        name = Gtk.Label(label=label, use_underline=True, xalign=0.0)
        self._scale = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, low, 1.0, 0.05)
        self._scale.set_digits(2)
        self._scale.set_value_pos(Gtk.PositionType.RIGHT)
        self._scale.set_size_request(220, -1)
        self._scale.set_hexpand(True)
        if low < start:
            self._scale.add_mark(start, Gtk.PositionType.BOTTOM, None)
        self._scale.set_value(value)
        name.set_mnemonic_widget(self._scale)
        back = Gtk.Button.new_from_icon_name("edit-undo-symbolic", Gtk.IconSize.MENU)
        back.set_relief(Gtk.ReliefStyle.NONE)
        back.set_tooltip_text(_("Reset"))
        back.connect("clicked", lambda _button: self._scale.set_value(start))
        self._start = start
        self._scale.connect("value-changed", lambda _scale: changed())
        for column, widget in enumerate((name, self._scale, back)):
            grid.attach(widget, column, row, 1, 1)

    @property
    def value(self) -> float:
        """To two digits, as it is shown."""
        return round(float(self._scale.get_value()), 2)

    def reset(self) -> None:
        """Back to where it began."""
        self._scale.set_value(self._start)


class FaceRow(Gtk.FlowBox):
    """Thumbnails with ticks: which faces are retouched."""

    def __init__(self, changed: "Callable[[int], None]") -> None:
        """changed: told which face was ticked or unticked."""
        super().__init__(max_children_per_line=6, selection_mode=Gtk.SelectionMode.NONE)
        self._changed = changed
        self._ticks: list[Gtk.CheckButton] = []

    def fill(self, thumbnails: "Sequence[GdkPixbuf.Pixbuf]", ticked: "Sequence[int]") -> None:
        """One for each face."""
        for number, thumbnail in enumerate(thumbnails):
            tick = Gtk.CheckButton()
            tick.set_image(Gtk.Image.new_from_pixbuf(thumbnail))
            tick.set_always_show_image(True)
            tick.set_active(number in ticked)
            tick.set_tooltip_text(_("Face {number}").format(number=number))
            tick.connect("toggled", lambda _tick, face: self._changed(face), number)
            self._ticks.append(tick)
            self.add(tick)
        self.show_all()

    @property
    def ticked(self) -> "list[int]":
        """Numbers of the faces to retouch."""
        return [number for number, tick in enumerate(self._ticks) if tick.get_active()]

    @property
    def text(self) -> str:
        """As the procedure's argument."""
        if len(self.ticked) == len(self._ticks):
            return "all"
        return ",".join(map(str, self.ticked))
