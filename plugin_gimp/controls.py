"""The dialog's sliders and face thumbnails: widgets that hold values and call back when these change."""

from collections.abc import Callable, Sequence

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import GdkPixbuf, Gtk  # noqa: E402 (after its version)

from plugin_gimp.texts import _  # noqa: E402
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


class FaceRow(Gtk.FlowBox):
    """Thumbnails with check boxes for the faces to retouch."""

    def __init__(self, on_toggle: "Callable[[int], None]") -> None:
        """on_toggle: called with the number of a face that was ticked or unticked."""
        super().__init__(max_children_per_line=6, selection_mode=Gtk.SelectionMode.NONE)
        self._on_toggle = on_toggle
        self._check_boxes: list[Gtk.CheckButton] = []

    def fill(
        self,
        thumbnails: "Sequence[GdkPixbuf.Pixbuf]",
        notes: "Sequence[Sequence[str]]",
        ticked: "Sequence[int]",
    ) -> None:
        """Add a thumbnail for each face. notes: what is held back on each, which its tip says."""
        for number, (thumbnail, held_back) in enumerate(zip(thumbnails, notes, strict=True)):
            check_box = Gtk.CheckButton()
            check_box.set_image(Gtk.Image.new_from_pixbuf(thumbnail))
            check_box.set_always_show_image(True)
            check_box.set_active(number in ticked)
            check_box.set_tooltip_text("\n".join((_("Face {number}").format(number=number), *held_back)))
            check_box.set_label("!" if held_back else "")
            check_box.connect("toggled", lambda _check_box, face: self._on_toggle(face), number)
            self._check_boxes.append(check_box)
            self.add(check_box)
        self.show_all()

    @property
    def ticked(self) -> "list[int]":
        """The numbers of the faces to retouch."""
        return [number for number, check_box in enumerate(self._check_boxes) if check_box.get_active()]

    @property
    def text(self) -> str:
        """The ticked faces as the procedure's argument."""
        if len(self.ticked) == len(self._check_boxes):
            return "all"
        return ",".join(map(str, self.ticked))
