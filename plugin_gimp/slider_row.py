"""A slider of the dialog: GIMP's own spin scale, and a button that unsets it."""

from collections.abc import Callable

from gi.repository import GimpUi, Gtk

from plugin_gimp.texts import _, capitalized
from retouchml import sentences
from retouchml.sliders import Slider

_STEP, _PAGE = 1, 10  # hundredths
_WIDTH = 250


class SliderRow(Gtk.Box):
    """The spin scale has its label inside; its number can be typed.

    People see hundredths, as in Krita: 50 is the value 0.5. label: with an underscore before its mnemonic;
    on_change: called with the value, or with None for unset, when the user changes it; on_release: after the
    pointer let it go
    """

    def __init__(
        self,
        slider: Slider,
        label: str,
        on_change: "Callable[[float | None], None]",
        on_release: "Callable[[], None]",
    ) -> None:
        super().__init__(spacing=2)
        self._adjustment = Gtk.Adjustment(
            lower=100 * slider.low, upper=100 * slider.high, step_increment=_STEP, page_increment=_PAGE
        )
        self._scale = GimpUi.SpinScale.new(self._adjustment, label, 0)
        self._scale.set_size_request(_WIDTH, -1)
        self._scale.connect("button-release-event", lambda _scale, _event: on_release())
        name = _(slider.title)
        self._scale.get_accessible().set_name(name)
        self._scale.set_tooltip_text(f"{capitalized(_(slider.help))}.")
        reset = _(sentences.RESET) if slider.full is None else _("Let it follow the strength")
        self._unset = Gtk.Button.new_from_icon_name(GimpUi.ICON_RESET, Gtk.IconSize.MENU)
        self._unset.set_relief(Gtk.ReliefStyle.NONE)
        self._unset.set_tooltip_text(reset)
        self._unset.get_accessible().set_name(f"{name}: {reset}")
        self._unset.connect("clicked", lambda _button: on_change(None))
        self._handler = self._adjustment.connect(
            "value-changed", lambda adjustment: on_change(round(float(adjustment.get_value())) / 100)
        )
        self.pack_start(self._scale, True, True, 0)
        self.pack_start(self._unset, False, False, 0)

    def show_value(self, value: float, *, is_set: bool) -> None:
        """Show a value that was set elsewhere; the button works while the slider is set."""
        with self._adjustment.handler_block(self._handler):
            self._adjustment.set_value(round(100 * value))
        self._unset.set_sensitive(is_set)

    def take_typed(self) -> None:
        """Take a number that was typed and not confirmed yet."""
        self._scale.update()
