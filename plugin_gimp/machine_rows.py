"""The settings' part that says which machine does the work, as ``retouchml.client.machines_page`` has it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gi.repository import Gtk

from plugin_gimp import editor
from plugin_gimp.texts import _, with_mnemonics
from retouchml.client import machines_page, settings_page
from retouchml.client.machines_page import Invitation, Said
from retouchml.client.placed_commands import explain
from retouchml.errors import RetouchError

LABELS = (
    machines_page.TITLE,
    machines_page.ADD,
    machines_page.TEST,
    machines_page.FORGET,
    machines_page.FALLBACK_TITLE,
)
"""What needs a key of its own, in the order of ``MachineRows``' labels."""
_WARNING = "dialog-warning"
_LONGEST_LINE = 64  # characters

InThread = Callable[[Callable[[], Said], Callable[[Said], None]], None]
"""Called with work for a thread, and what gets its outcome in the main loop."""


class MachineRows(Gtk.Box):
    """The choice of the machine, its buttons, and how it answers."""

    def __init__(self, window: Gtk.Window, labels: Sequence[str], in_thread: InThread) -> None:
        """labels: ``LABELS`` with their keys, that of the title for ``title``."""
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        title, add, test, forget, fallback = labels
        self._window = window
        self._in_thread = in_thread
        self._is_filling = False
        self._asked = ""  # the machine whose answer is awaited
        self._combo = Gtk.ComboBoxText(hexpand=True)
        self._combo.get_accessible().set_name(_(machines_page.TITLE))
        self._combo.connect("changed", lambda _combo: self._choose())
        self.title = Gtk.Label(label=title, use_underline=True, xalign=0.0, yalign=0.0, margin_top=6)
        self.title.set_mnemonic_widget(self._combo)
        line = Gtk.Box(spacing=6)
        line.pack_start(self._combo, True, True, 0)
        self._add = _button(add, machines_page.ADD_TIP, self._ask_for_file)
        self._test = _button(test, machines_page.TEST_TIP, self._ask_machine)
        self._forget = _button(forget, machines_page.FORGET_TIP, self._forget_machine)
        for button in (self._add, self._test, self._forget):
            line.pack_start(button, False, False, 0)
        self._fallback = Gtk.CheckButton(label=fallback, use_underline=True)
        self._fallback.set_active(settings_page.load()[0].remote_fallback)
        self._fallback.connect("toggled", lambda _button: self._keep_fallback())
        self._sign = Gtk.Image.new_from_icon_name(_WARNING, Gtk.IconSize.BUTTON)
        self._sign.set_no_show_all(True)
        self._said = Gtk.Label(xalign=0.0, wrap=True, selectable=True, can_focus=False)
        self._said.set_width_chars(_LONGEST_LINE)
        self._said.set_max_width_chars(_LONGEST_LINE)
        said = Gtk.Box(spacing=8)
        said.pack_start(self._sign, False, False, 0)
        said.pack_start(self._said, True, True, 0)
        for row in (line, self._fallback, said):
            self.pack_start(row, False, False, 0)
        self._fill()
        self._ask_machine()

    def _fill(self) -> None:
        """Show the machines there are, and the one in use."""
        choice = machines_page.choice(settings_page.load()[0])
        self._is_filling = True
        self._combo.remove_all()
        for value, title in choice.values:
            self._combo.append(value, title)
        self._combo.set_active_id(choice.value)
        self._is_filling = False
        for widget in (self._test, self._forget, self._fallback):
            widget.set_sensitive(bool(choice.value))

    @property
    def _chosen(self) -> str:
        return self._combo.get_active_id() or ""

    def _choose(self) -> None:
        if self._is_filling:
            return
        self._show(machines_page.use(self._chosen))
        self._fill()
        self._ask_machine()

    def _keep_fallback(self) -> None:
        self._show(machines_page.fall_back(falls_back=self._fallback.get_active()))

    def _ask_machine(self) -> None:
        """Ask the chosen machine whether it answers, unless it is this one."""
        name = self._asked = self._chosen
        if not name:
            return
        self._show(Said(machines_page.testing(name)))

        def show(said: Said) -> None:
            if self._asked == name:
                self._show(said)

        asks = editor.name()  # here, for a thread must not call GIMP
        self._in_thread(lambda: machines_page.test(name, asks), show)

    def _forget_machine(self) -> None:
        self._asked = ""
        said = machines_page.forget(self._chosen)
        self._fill()
        self._show(said)

    def _ask_for_file(self) -> None:
        said = add_machine(self._window)
        if said is not None:
            self._fill()
            self._show(said)
            if not said.is_error:
                self._ask_machine()

    def _show(self, said: Said) -> None:
        self._said.set_text(said.sentence)
        self._sign.set_visible(said.is_error)


def add_machine(window: Gtk.Window) -> "Said | None":
    """Let the user choose an invitation file, and keep it; None if they chose none."""
    chooser = Gtk.FileChooserNative.new(
        _(machines_page.ADD).rstrip("…"), window, Gtk.FileChooserAction.OPEN, None, None
    )
    files = Gtk.FileFilter()
    files.set_name(_(machines_page.INVITATION_FILES))
    files.add_pattern("*.json")
    chooser.add_filter(files)
    chosen = chooser.get_filename() if chooser.run() == Gtk.ResponseType.ACCEPT else None
    chooser.destroy()
    if chosen is None:
        return None
    try:
        invitation = machines_page.read(Path(chosen))
    except RetouchError as error:
        return Said(explain(error), is_error=True)
    return _ask_for_name(window, invitation)


def _ask_for_name(window: Gtk.Window, invitation: Invitation) -> "Said | None":
    """Let the user change the name and the address until both can be kept."""
    title = _(machines_page.ADD).rstrip("…")
    dialog = Gtk.Dialog(title=title, transient_for=window, modal=True, resizable=False)
    cancel, add = _("_Cancel"), _("_Add")
    dialog.add_button(cancel, Gtk.ResponseType.CANCEL)
    dialog.add_button(add, Gtk.ResponseType.OK)
    dialog.set_default_response(Gtk.ResponseType.OK)
    grid = Gtk.Grid(row_spacing=6, column_spacing=12, border_width=12)
    titles = [_(machines_page.NAME), _(machines_page.ADDRESS)]
    fields = [
        Gtk.Entry(text=text, activates_default=True, hexpand=True, width_chars=32)
        for text in (invitation.name, invitation.address)
    ]
    fields[1].set_tooltip_text(_(machines_page.ADDRESS_TIP))
    for row, (label, field) in enumerate(zip(with_mnemonics(titles, (cancel, add)), fields, strict=True)):
        name = Gtk.Label(label=label, use_underline=True, xalign=0.0, mnemonic_widget=field)
        field.get_accessible().set_name(titles[row])
        grid.attach(name, 0, row, 1, 1)
        grid.attach(field, 1, row, 1, 1)
    trouble = Gtk.Label(xalign=0.0, wrap=True, max_width_chars=_LONGEST_LINE, no_show_all=True)
    grid.attach(trouble, 0, 2, 2, 1)
    dialog.get_content_area().add(grid)
    dialog.show_all()
    fields[0 if invitation.address else 1].grab_focus()
    said = None
    while dialog.run() == Gtk.ResponseType.OK:
        name, address = (field.get_text() for field in fields)
        said = machines_page.add(Invitation(invitation.file, name, address))
        if not said.is_error:
            break
        trouble.set_text(said.sentence)
        trouble.show()
        said = None
    dialog.destroy()
    return said


def _button(label: str, tip: str, press: "Callable[[], None]") -> Gtk.Button:
    button = Gtk.Button(label=label, use_underline=True)
    button.set_tooltip_text(_(tip))
    button.connect("clicked", lambda _button: press())
    return button
