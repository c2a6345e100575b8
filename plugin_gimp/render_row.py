"""The choice of whose pixels show the sliders of expression."""

from collections.abc import Callable

from gi.repository import Gtk

from plugin_gimp.texts import _, capitalized
from retouchml import sentences
from retouchml.look import RenderName, render_named


class RenderRow(Gtk.Box):
    """Shows a look's way to render; ``on_change`` is called with the one that the user chose."""

    def __init__(self, label: str, on_change: "Callable[[RenderName], None]") -> None:
        """label: with an underscore before its mnemonic."""
        super().__init__(spacing=6)
        self._combo = Gtk.ComboBoxText(hexpand=True)
        for name, title in sentences.RENDERS.items():
            self._combo.append(name, _(title))
        self._combo.set_tooltip_text(f"{capitalized(_(sentences.RENDER_HELP))}.")
        self._combo.get_accessible().set_name(_(sentences.RENDER))
        # the wheel scrolls past it: it would begin to tune a generator
        self._combo.connect("scroll-event", lambda combo, _event: combo.stop_emission_by_name("scroll-event"))
        self._handler = self._combo.connect(
            "changed", lambda combo: on_change(render_named(combo.get_active_id()))
        )
        title = Gtk.Label(label=label, use_underline=True, xalign=0.0)
        title.set_mnemonic_widget(self._combo)
        self.pack_start(title, False, False, 0)
        self.pack_start(self._combo, True, True, 0)

    def show_render(self, name: RenderName) -> None:
        """Show this way to render, without a call of ``on_change``."""
        with self._combo.handler_block(self._handler):
            self._combo.set_active_id(name)
