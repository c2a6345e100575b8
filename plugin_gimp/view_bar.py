"""The row below the preview: how before and after are shown, and the zoom."""

from gi.repository import GimpUi, Gtk

from plugin_gimp.preview import Mode, Preview
from plugin_gimp.texts import _

_MODES = {
    Mode.SPLIT: _("Split"),
    Mode.SIDE_BY_SIDE: _("Side by side"),
    Mode.ONE: _("Single"),
}
_TIPS = {
    Mode.SPLIT: _("Drag the line, or move it with Left and Right"),
    Mode.SIDE_BY_SIDE: _("Before on the left, after on the right"),
    Mode.ONE: _("Space changes between before and after"),
}


class ViewBar(Gtk.Box):
    """Buttons for what the preview's keys do."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self._preview = preview
        self._buttons: dict[Mode, Gtk.RadioButton] = {}
        group = Gtk.Box()
        group.get_style_context().add_class("linked")
        for mode, label in _MODES.items():
            button = Gtk.RadioButton(label=label, group=next(iter(self._buttons.values()), None))
            button.set_mode(False)  # drawn as a button
            button.set_tooltip_text(_TIPS[mode])
            button.connect("toggled", self._toggled, mode)
            self._buttons[mode] = button
            group.add(button)
        self.pack_start(group, False, False, 0)
        self._scale = Gtk.Label(width_chars=6, xalign=1.0, margin_start=6)
        zooms = (
            (GimpUi.ICON_ZOOM_FIT_BEST, _("Fit the face into the preview (0)"), preview.show_whole),
            (GimpUi.ICON_ZOOM_ORIGINAL, _("Show the photograph's own pixels (1)"), preview.show_own_pixels),
            (GimpUi.ICON_ZOOM_IN, _("Enlarge (+)"), preview.zoom_in),
            (GimpUi.ICON_ZOOM_OUT, _("Reduce (-)"), preview.zoom_out),
        )
        for icon, tip, action in zooms:
            zoom = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.MENU)
            zoom.set_relief(Gtk.ReliefStyle.NONE)
            zoom.set_tooltip_text(tip)
            zoom.get_accessible().set_name(tip)
            zoom.connect("clicked", lambda _button, action: action(), action)
            self.pack_end(zoom, False, False, 0)
        self.pack_end(self._scale, False, False, 0)
        preview.on_view = self._show
        self._show()

    def _toggled(self, button: Gtk.RadioButton, mode: Mode) -> None:
        if button.get_active():
            self._preview.set_mode(mode)

    def _show(self) -> None:
        self._buttons[self._preview.mode].set_active(True)
        self._scale.set_text(_("{percent} %").format(percent=self._preview.hundredths))
