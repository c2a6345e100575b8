"""The settings: device, how long models stay, the cache, the models, the log, and diagnostics to send."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from gi.repository import Gdk, Gimp, GLib, Gtk

from plugin_gimp.texts import _, with_mnemonics
from retouchml import __version__, paths, settings
from retouchml.client import maintenance
from retouchml.client.placed_commands import explain
from retouchml.errors import RetouchError
from retouchml.system.failures import unexpected
from retouchml.system.file_names import SETTINGS

_DEVICES = ("auto", "cpu", "cuda", "mps")
_MINUTES = 10.0
_MOST_MINUTES = 10_000
_LOG_LINES = "200"
_WIDTH, _HEIGHT = 640, 420


def run(parent: Gtk.Window) -> None:
    """Show the settings until they are closed."""
    page = _Settings(parent)
    page.dialog.run()
    page.close()


class _Settings:
    def __init__(self, parent: Gtk.Window) -> None:
        self._closed = False
        self._busy = False
        self.dialog = Gtk.Dialog(title=_("Settings of RetouchML"), transient_for=parent, modal=True)
        self.dialog.set_default_size(_WIDTH, _HEIGHT)
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._buttons: list[Gtk.Button] = []
        area = self.dialog.get_content_area()
        area.set_spacing(8)
        area.set_border_width(12)
        area.pack_start(self._build_values(), False, False, 0)
        area.pack_start(self._build_commands(), False, False, 0)
        self._text = Gtk.TextView(editable=False, monospace=True, wrap_mode=Gtk.WrapMode.WORD_CHAR)
        self._text.get_accessible().set_name(_("What the last command said"))
        scroll = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scroll.add(self._text)
        area.pack_start(scroll, True, True, 0)
        area.show_all()
        self._show_cache()
        self._run(["models", "list"])

    def close(self) -> None:
        """Close the window; a command that runs ends by itself."""
        self._closed = True
        self.dialog.destroy()

    def _build_values(self) -> Gtk.Grid:
        stored, warnings = settings.load(paths.config_dir() / SETTINGS)
        titles = [_("Device"), _("Minutes that models stay loaded (-1: for ever)"), _("Known faces")]
        labels = with_mnemonics(titles, [_("_Close")])
        device = Gtk.ComboBoxText(hexpand=True)
        for name in dict.fromkeys((*_DEVICES, stored.device)):
            device.append(name, name)
        device.set_active_id(stored.device)
        device.connect("changed", lambda combo: self._store("device", combo.get_active_id()))
        minutes = Gtk.SpinButton.new_with_range(-1, _MOST_MINUTES, 1)
        minutes.set_value(_MINUTES if stored.keep_alive is None else stored.keep_alive)
        minutes.connect("value-changed", lambda spin: self._store("keep_alive", spin.get_value()))
        self._cache = Gtk.Label(xalign=0.0)
        clear = Gtk.Button(label=_("Clear"))
        clear.set_tooltip_text(_("A photograph that was open before then takes as long as a new one"))
        clear.connect("clicked", lambda _button: self._clear())
        cache = Gtk.Box(spacing=8)
        cache.pack_start(self._cache, True, True, 0)
        cache.pack_start(clear, False, False, 0)
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        for row, (label, widget) in enumerate(zip(labels, (device, minutes, cache), strict=True)):
            title = Gtk.Label(label=label, use_underline=True, xalign=0.0)
            title.set_mnemonic_widget(clear if widget is cache else widget)
            grid.attach(title, 0, row, 1, 1)
            grid.attach(widget, 1, row, 1, 1)
        versions = _("RetouchML {version} in GIMP {gimp}").format(version=__version__, gimp=Gimp.version())
        self._note = Gtk.Label(label="\n".join((versions, *warnings)), xalign=0.0, wrap=True)
        grid.attach(self._note, 0, 3, 2, 1)
        return grid

    def _build_commands(self) -> Gtk.FlowBox:
        commands: list[tuple[str, Callable[[], None]]] = [
            (_("Models"), lambda: self._run(["models", "list"])),
            (_("Fetch missing models"), lambda: self._run(["models", "fetch"])),
            (_("Verify models"), lambda: self._run(["models", "verify"])),
            (_("State"), lambda: self._run(["daemon", "status"])),
            (_("Restart the background program"), lambda: self._run(["daemon", "restart"])),
            (_("Log"), lambda: self._run(["daemon", "logs", "-n", _LOG_LINES])),
            (_("Copy diagnostics"), lambda: self._run(maintenance.DIAGNOSTICS, copies=True)),
        ]
        box = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, max_children_per_line=4)
        for label, action in commands:
            button = Gtk.Button(label=label)
            button.connect("clicked", lambda _button, action: action(), action)
            self._buttons.append(button)
            child = Gtk.FlowBoxChild(can_focus=False)  # the focus is the button's
            child.add(button)
            box.add(child)
        return box

    def _store(self, name: str, value: Any) -> None:
        try:
            settings.store(paths.config_dir() / SETTINGS, name, value)
        except RetouchError as error:
            self._note.set_text(explain(error))
            return
        self._note.set_text(_("Kept. The background program uses it after a restart."))

    def _clear(self) -> None:
        maintenance.clear_cache()
        self._show_cache()

    def _show_cache(self) -> None:
        self._cache.set_text(GLib.format_size(maintenance.cache_bytes()))

    def _run(self, arguments: "Sequence[str]", *, copies: bool = False) -> None:
        """Run a command in a thread and show what it says; copies: also put that into the clipboard."""
        if self._busy:
            return
        self._busy = True
        self._show(_("At work…"))

        def work() -> None:
            try:
                text = maintenance.run(arguments).text
            except RetouchError as error:
                text = explain(error)
            except Exception as error:
                text = unexpected(error, _)
            GLib.idle_add(self._done, text, copies)

        threading.Thread(target=work, daemon=True, name="retouchml-settings").start()

    def _done(self, text: str, copies: bool) -> bool:
        if not self._closed:
            self._busy = False
            self._show(text)
            if copies:
                self._copy(text)
        return False

    def _show(self, text: str) -> None:
        for button in self._buttons:
            button.set_sensitive(not self._busy)
        self._text.get_buffer().set_text(text)

    def _copy(self, text: str) -> None:
        clipboard = Gtk.Clipboard.get_default(Gdk.Display.get_default())
        block = f"RetouchML {__version__}, GIMP {Gimp.version()}\n{text}\n"
        clipboard.set_text(block, -1)
        clipboard.store()
        self._note.set_text(_("The diagnostics are in the clipboard."))
