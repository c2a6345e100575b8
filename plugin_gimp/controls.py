"""The dialog's sliders and face thumbnails: widgets that hold values and call back when these change."""

from collections.abc import Callable, Sequence

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import GdkPixbuf, Gtk  # noqa: E402 (after its version)

from plugin_gimp.texts import _, capitalized, face_title  # noqa: E402
from retouchml import sentences  # noqa: E402
from retouchml.sliders import Slider  # noqa: E402

_STEP, _PAGE = 5, 10  # hundredths
_SCALE_WIDTH, _DIGITS = 130, 4


class SliderRow:
    """A row of a grid: the label, the scale, its number to type, and a button that unsets the slider.

    People see hundredths, as in Krita: 50 is the value 0.5. title: the label; on_change: called with the
    value, or with None for unset, when the user changes it
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
        self._adjustment = Gtk.Adjustment(
            lower=100 * slider.low, upper=100 * slider.high, step_increment=_STEP, page_increment=_PAGE
        )
        scale = Gtk.Scale(
            orientation=Gtk.Orientation.HORIZONTAL,
            adjustment=self._adjustment,
            draw_value=False,
            hexpand=True,
        )
        scale.set_digits(0)
        scale.set_size_request(_SCALE_WIDTH, -1)
        if slider.low < slider.default:
            scale.add_mark(100 * slider.default, Gtk.PositionType.BOTTOM, None)
        self._number = Gtk.SpinButton(adjustment=self._adjustment, numeric=True, width_chars=_DIGITS)
        title.set_mnemonic_widget(scale)
        help_ = f"{capitalized(_(slider.help))}."
        name = title.get_text()
        for widget in (scale, self._number):
            widget.get_accessible().set_name(name)
            widget.set_tooltip_text(help_)
        button = Gtk.Button.new_from_icon_name("edit-undo-symbolic", Gtk.IconSize.MENU)
        button.set_relief(Gtk.ReliefStyle.NONE)
        reset = _(sentences.RESET) if slider.full is None else _("Let it follow the strength")
        button.set_tooltip_text(reset)
        button.get_accessible().set_name(f"{name}: {reset}")
        button.connect("clicked", lambda _button: on_change(None))
        self._handler = self._adjustment.connect(
            "value-changed", lambda adjustment: on_change(round(float(adjustment.get_value())) / 100)
        )
        for column, widget in enumerate((title, scale, self._number, button)):
            grid.attach(widget, column, row, 1, 1)

    def show_value(self, value: float) -> None:
        """Show a value that was set elsewhere."""
        with self._adjustment.handler_block(self._handler):
            self._adjustment.set_value(round(100 * value))

    def take_typed(self) -> None:
        """Take a number that was typed and not confirmed yet."""
        self._number.update()


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
        for label, ticked in ((_(sentences.EVERY_FACE), True), (_(sentences.NOT_ANY_FACE), False)):
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
            tip = "\n".join((name, *map(_, held_back)))
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
