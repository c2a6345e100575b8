"""The settings, as ``retouchml.client.settings_page`` has them: values to choose, and commands."""

import threading
from collections.abc import Callable
from typing import TypeVar

from gi.repository import Gdk, GLib, Gtk

from plugin_gimp import editor, machine_rows, welcome
from plugin_gimp.machine_rows import MachineRows
from plugin_gimp.texts import _, with_mnemonics
from retouchml.client import machines_page, maintenance, settings_commands, settings_page, welcome_reason
from retouchml.client.settings_commands import Command
from retouchml.client.settings_page import Choice, Comparison

_WIDTH, _HEIGHT = 640, 420
_Said = TypeVar("_Said")
_PLUG_IN = "gimp"  # as the set-up names it


def run(parent: Gtk.Window) -> bool:
    """Show the settings until they are closed; whether another machine works since, or another taste."""
    before = machines_page.in_use()
    page = _Settings(parent)
    page.dialog.run()
    page.close()
    return machines_page.in_use() != before


class _Settings:
    def __init__(self, parent: Gtk.Window) -> None:
        self._closed = False
        self._busy = False
        self.dialog = Gtk.Dialog(title=_(settings_page.TITLE), transient_for=parent, modal=True)
        self.dialog.set_default_size(_WIDTH, _HEIGHT)
        self.dialog.add_button(_("_Close"), Gtk.ResponseType.CLOSE)
        self._buttons: list[Gtk.Button] = []
        area = self.dialog.get_content_area()
        area.set_spacing(8)
        area.set_border_width(12)
        area.pack_start(self._build_values(), False, False, 0)
        area.pack_start(self._build_commands(), False, False, 0)
        self._text = Gtk.TextView(editable=False, monospace=True, wrap_mode=Gtk.WrapMode.WORD_CHAR)
        self._text.get_accessible().set_name(_(settings_page.OUTPUT))
        scroll = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scroll.add(self._text)
        area.pack_start(scroll, True, True, 0)
        area.show_all()
        self._in_thread(_cache_size, self._show_cache)  # a network's folder takes its time
        if not machines_page.is_alone():
            self._work(lambda: settings_page.run(settings_commands.MODELS), self._done)
        self._in_thread(lambda: settings_page.compare(_PLUG_IN), self._show_comparison)

    def close(self) -> None:
        """Close the window; a command that runs ends by itself."""
        self._closed = True
        self.dialog.destroy()

    def _build_values(self) -> Gtk.Grid:
        stored, warnings = settings_page.load()
        choices = settings_page.choices(stored)
        titles = [_(choice.title) for choice in choices]
        titles += [_(settings_page.MINUTES), _(settings_page.CACHE)]
        commands = [_(command.title) for command in settings_commands.COMMANDS]
        commands += [_(settings_page.UPDATE), _(settings_commands.SET_UP_AGAIN), _(settings_page.SCORES)]
        others = [_(label) for label in machine_rows.LABELS]
        labels = with_mnemonics([*titles, *commands, *others], [_("_Close")])
        *self._command_labels, update, self._again_label, scores = labels[len(titles) : -len(others)]
        self._machines = MachineRows(self.dialog, labels[-len(others) :], self._in_thread)
        labels = labels[: len(titles)]
        minutes = Gtk.SpinButton.new_with_range(settings_page.LEAST_MINUTES, settings_page.MOST_MINUTES, 1)
        minutes.set_value(settings_page.minutes(stored))
        minutes.connect("value-changed", lambda spin: self._keep("keep_alive", spin.get_value()))
        self._cache = Gtk.Label(xalign=0.0)
        self._clear = clear = Gtk.Button(label=_(settings_page.CLEAR))
        clear.set_tooltip_text(_(settings_page.CLEAR_TIP))
        clear.connect("clicked", lambda _button: self._clear_cache())
        cache = Gtk.Box(spacing=8)
        cache.pack_start(self._cache, True, True, 0)
        cache.pack_start(clear, False, False, 0)
        shows_scores = Gtk.CheckButton(label=scores, use_underline=True, active=stored.scores)
        shows_scores.set_tooltip_text(_(settings_page.SCORES_TIP))
        shows_scores.connect("toggled", lambda tick: self._keep("scores", tick.get_active()))
        widgets = [*(self._combo(choice) for choice in choices), minutes, cache]
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        grid.attach(self._machines.title, 0, 0, 1, 1)
        grid.attach(self._machines, 1, 0, 2, 1)
        scorer = next(row for row, choice in enumerate(choices, 1) if choice.name == "scorer")
        for row, (label, widget) in enumerate(zip(labels, widgets, strict=True), 1):
            title = Gtk.Label(label=label, use_underline=True, xalign=0.0)
            target = clear if widget is cache else widget
            title.set_mnemonic_widget(target)
            target.get_accessible().set_name(titles[row - 1])
            grid.attach(title, 0, row, 1, 1)
            grid.attach(widget, 1, row, 1 if row == scorer else 2, 1)
        grid.attach(shows_scores, 2, scorer, 1, 1)
        clear.get_accessible().set_name(f"{_(settings_page.CLEAR)}: {_(settings_page.CACHE)}")
        versions = settings_page.versions(editor.name())
        self._note = Gtk.Label(label="\n".join((versions, *warnings)), xalign=0.0, wrap=True)
        grid.attach(self._note, 0, len(widgets) + 1, 3, 1)
        self._update = Gtk.Button(label=update, use_underline=True, halign=Gtk.Align.START, no_show_all=True)
        self._update.connect("clicked", lambda _button: self._update_plug_in())
        grid.attach(self._update, 0, len(widgets) + 2, 3, 1)
        return grid

    def _build_commands(self) -> Gtk.FlowBox:
        box = Gtk.FlowBox(selection_mode=Gtk.SelectionMode.NONE, max_children_per_line=4)
        for command, label in zip(settings_commands.COMMANDS, self._command_labels, strict=True):
            button = Gtk.Button(label=label, use_underline=True)
            button.connect("clicked", lambda _button, command: self._press(command), command)
            self._buttons.append(button)
        again = Gtk.Button(label=self._again_label, use_underline=True)
        again.set_tooltip_text(_(settings_commands.SET_UP_AGAIN_TIP))
        again.connect("clicked", lambda _button: self._set_up_again())
        self._buttons.append(again)
        for button in self._buttons:
            child = Gtk.FlowBoxChild(can_focus=False)  # the focus is the button's
            child.add(button)
            box.add(child)
        return box

    def _combo(self, choice: Choice) -> Gtk.ComboBoxText:
        combo = Gtk.ComboBoxText(hexpand=True)
        for value, title in choice.values:
            combo.append(value, title)
        combo.set_active_id(choice.value)
        combo.connect("changed", lambda combo: self._keep(choice.name, combo.get_active_id()))
        return combo

    def _keep(self, name: str, value: "str | float") -> None:
        self._note.set_text(settings_page.keep(name, value))

    def _clear_cache(self) -> None:
        self._clear.set_sensitive(False)

        def work() -> str:
            maintenance.clear_cache()
            return _cache_size()

        self._in_thread(work, self._show_cache)

    def _show_cache(self, size: str) -> None:
        self._clear.set_sensitive(True)
        self._cache.set_text(size)

    def _set_up_again(self) -> None:
        """A zip's plug-in has a page for it; else the project's own installer does it."""
        if welcome_reason.is_possible():
            welcome.set_up_again(self.dialog)
        else:
            self._work(settings_page.repair, self._done)

    def _press(self, command: Command) -> None:
        done = self._copied if command.copies else self._done
        self._work(lambda: settings_page.run(command.arguments), done)

    def _work(self, work: "Callable[[], str]", done: "Callable[[str], None]") -> None:
        """Let a thread work, one at a time."""
        if self._busy:
            return
        self._busy = True
        self._show(_(settings_page.AT_WORK))
        self._in_thread(work, done)

    def _in_thread(self, work: "Callable[[], _Said]", done: "Callable[[_Said], None]") -> None:
        """Let a thread work; ``done`` gets what it says, unless the window was closed."""

        def deliver(said: _Said) -> bool:
            if not self._closed:
                done(said)
            return False

        threading.Thread(
            target=lambda: GLib.idle_add(deliver, work()), daemon=True, name="retouchml-settings"
        ).start()

    def _done(self, said: str) -> None:
        self._busy = False
        self._show(said)

    def _copied(self, said: str) -> None:
        self._done(said)
        clipboard = Gtk.Clipboard.get_default(Gdk.Display.get_default())
        clipboard.set_text(settings_page.diagnostics(said, editor.name()), -1)
        clipboard.store()
        self._note.set_text(_(settings_page.COPIED))

    def _show_comparison(self, comparison: Comparison) -> None:
        """Say that the plug-in and the project differ, and offer what mends it."""
        sentence = comparison.trouble if comparison.is_older else comparison.sentence
        if sentence:
            self._note.set_text(f"{self._note.get_text()}\n{sentence}")
        self._update.set_visible(comparison.is_older)

    def _update_plug_in(self) -> None:
        if self._busy:
            return
        self._busy = True
        self._update.set_sensitive(False)
        self._show(_(settings_page.AT_WORK))
        self._in_thread(lambda: settings_page.update(_PLUG_IN), self._show_updated)

    def _show_updated(self, answer: "tuple[bool, str]") -> None:
        is_updated, said = answer
        self._done(said)
        self._note.set_text(_(settings_page.UPDATED if is_updated else settings_page.NOT_UPDATED))
        self._update.set_visible(not is_updated)
        self._update.set_sensitive(True)

    def _show(self, text: str) -> None:
        for button in self._buttons:
            button.set_sensitive(not self._busy)
        self._text.get_buffer().set_text(text)


def _cache_size() -> str:
    return str(GLib.format_size(maintenance.cache_bytes()))
