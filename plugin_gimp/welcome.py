"""The welcome page: what a plug-in that came as a zip shows until the engine is there.

What it says and does is ``retouchml.client.welcome_page``'s; here are its widgets.
"""

from gi.repository import GimpUi, GLib, Gtk, Pango

from plugin_gimp import machine_rows
from plugin_gimp.texts import _
from retouchml.client import welcome_page, welcome_reason, welcome_texts
from retouchml.client.welcome_buttons import BUTTONS, MACHINE
from retouchml.client.welcome_page import Shown, WelcomePage
from retouchml.client.welcome_reason import Reason
from retouchml.errors import Cancelled

_LONGEST_LINE = 64  # characters
_LOG_HEIGHT = 180
_BORDER = 18
_WARNING = "dialog-warning"


def show_if_wanted() -> None:
    """Show the page until there is an engine of this version. Raises Cancelled if it is closed before."""
    reason = welcome_reason.find()
    if reason is None:
        return
    GimpUi.init("retouchml")
    if not _show(reason):
        raise Cancelled("")


def set_up_again(parent: Gtk.Window) -> None:
    """Show the page because somebody asked for it, until it is closed."""
    _show(welcome_reason.asked(), parent)


def _show(reason: Reason, parent: "Gtk.Window | None" = None) -> bool:
    """Show the page; whether it came to its end."""
    page = _Page(WelcomePage.of_this_user(reason), parent)
    try:
        return page.run()
    finally:
        page.close()


class _Page:
    """The page's window. It asks how far the set-up is, and never waits for it while it is seen."""

    def __init__(self, page: WelcomePage, parent: "Gtk.Window | None") -> None:
        self._page = page
        self._is_done = False
        self._shown: Shown | None = None
        self.dialog = GimpUi.Dialog(title=_(welcome_texts.TITLE), role="retouchml-welcome")
        if parent is not None:
            self.dialog.set_transient_for(parent)
            self.dialog.set_modal(True)
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self.dialog.connect("response", lambda _dialog, _response: Gtk.main_quit())
        self._about = Gtk.Label(xalign=0.0, wrap=True, selectable=True, can_focus=False)
        self._sign = Gtk.Image.new_from_icon_name(_WARNING, Gtk.IconSize.BUTTON)
        self._sign.set_no_show_all(True)
        self._state = Gtk.Label(xalign=0.0, wrap=True, selectable=True, can_focus=False)
        self._bar = Gtk.ProgressBar(no_show_all=True)
        self._buttons = {name: self._button(name) for name in reversed(BUTTONS)}
        area = self.dialog.get_content_area()
        area.set_spacing(12)
        area.set_border_width(_BORDER)
        for label in (self._about, self._state):
            label.set_width_chars(_LONGEST_LINE)  # by which GTK finds the height
            label.set_max_width_chars(_LONGEST_LINE)
            label.set_line_wrap_mode(Pango.WrapMode.WORD_CHAR)  # a path may be long
        state = Gtk.Box(spacing=8)
        state.pack_start(self._sign, False, False, 0)
        state.pack_start(self._state, True, True, 0)
        buttons = Gtk.Box(spacing=8, halign=Gtk.Align.END)
        for button in self._buttons.values():
            buttons.add(button)
        for widget in (self._about, state, self._bar, buttons):
            area.pack_start(widget, False, False, 0)
        area.pack_start(self._build_log(), True, True, 0)
        area.show_all()
        self._show(page.shown())
        self._timer = GLib.timeout_add(welcome_page.POLL_MS, self._update)

    def run(self) -> bool:
        """Show it until it is closed, or the engine is there; whether it is."""
        self.dialog.show()
        Gtk.main()
        return self._is_done

    def close(self) -> None:
        """Close the window, then stop the set-up if it is at work: the next one goes on."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        self.dialog.destroy()
        while Gtk.events_pending():
            Gtk.main_iteration()
        self._page.close()

    def _button(self, name: str) -> Gtk.Button:
        button = Gtk.Button(no_show_all=True, can_default=True)
        button.connect("clicked", lambda _button: self._press(name))
        return button

    def _build_log(self) -> Gtk.Expander:
        self._log = Gtk.TextView(editable=False, monospace=True, wrap_mode=Gtk.WrapMode.WORD_CHAR)
        self._log.get_accessible().set_name(_(welcome_texts.LOG_NAME))
        scroll = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN, min_content_height=_LOG_HEIGHT)
        scroll.add(self._log)
        fold = Gtk.Expander(label=_(welcome_texts.LOG), resize_toplevel=True)
        fold.set_tooltip_text(_(welcome_texts.LOG_TIP))
        fold.add(scroll)
        return fold

    def _press(self, name: str) -> None:
        self._page.press(name)
        if name == MACHINE and (said := machine_rows.add_machine(self.dialog)) is not None:
            self._page.take_machine(said)
        self._show(self._page.shown())

    def _update(self) -> bool:
        shown = self._page.shown()
        if shown != self._shown:
            self._show(shown)
        self._is_done = shown.is_done
        if self._is_done:
            self._timer = 0
            Gtk.main_quit()
        return not self._is_done

    def _show(self, shown: Shown) -> None:
        is_new_log = self._shown is None or shown.log != self._shown.log
        self._shown = shown
        self._about.set_text("\n\n".join(shown.about))
        self._state.set_text(shown.state)
        self._state.set_visible(bool(shown.state))
        self._sign.set_visible(shown.is_error)
        self._bar.set_visible(shown.fraction is not None)
        if shown.fraction is not None:
            self._bar.set_fraction(shown.fraction)
        offered = {button.name: button for button in shown.buttons}
        for name, button in self._buttons.items():
            button.set_visible(name in offered)
            if name in offered:
                button.set_label(offered[name].title)
                button.set_tooltip_text(offered[name].tip)
        first = self._buttons[shown.buttons[0].name] if shown.buttons else None
        if first is not None and first is not self.dialog.get_default_widget():
            first.grab_default()
            first.grab_focus()
        if is_new_log:
            self._log.get_buffer().set_text(shown.log)
            self._log.scroll_to_mark(self._log.get_buffer().get_insert(), 0.0, False, 0.0, 1.0)
