"""The presets of the dialog: the choice, and a menu that saves, renames and deletes the user's own."""

from collections.abc import Callable

from gi.repository import GimpUi, Gtk

from plugin_gimp import texts
from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.client.placed_commands import explain
from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.presets import library
from retouchml.presets.preset_file import LONGEST_TITLE, Preset

_OWN_VALUES = "-"  # the row for any other look; no preset can be called so


class PresetMenu(Gtk.Box):
    """Shows which preset a look is; ``on_choose`` is called with the look of one that the user chose."""

    def __init__(self, label: str, on_choose: "Callable[[Look], None]") -> None:
        """label: with an underscore before its mnemonic."""
        super().__init__(spacing=6)
        self._on_choose = on_choose
        self._presets: tuple[Preset, ...] = ()
        self._look = Look()
        self._combo = Gtk.ComboBoxText(hexpand=True)
        self._combo.set_tooltip_text(_("A look with a name, which sets all sliders"))
        self._handler = self._combo.connect("changed", lambda _combo: self._choose())
        title = Gtk.Label(label=label, use_underline=True, xalign=0.0)
        title.set_mnemonic_widget(self._combo)
        self._combo.get_accessible().set_name(_(sentences.PRESET))
        self.pack_start(title, False, False, 0)
        self.pack_start(self._combo, True, True, 0)
        self.pack_start(self._build_menu(), False, False, 0)
        self._read()

    def show_look(self, look: Look) -> None:
        """Show the preset that is this look, or that there is none."""
        self._look = look
        chosen = library.name_of(look, self._presets)
        with self._combo.handler_block(self._handler):
            self._combo.set_active_id(chosen or _OWN_VALUES)
        for item in self._of_own:
            item.set_sensitive(self._own is not None)

    def _build_menu(self) -> Gtk.MenuButton:
        menu = Gtk.Menu()
        items = [
            (_(sentences.SAVE_AS), self._save),
            (_(sentences.RENAME), self._rename),
            (_(sentences.DELETE), self._delete),
        ]
        entries = []
        for label, action in items:
            item = Gtk.MenuItem(label=label)
            item.connect("activate", lambda _item, action: action(), action)
            menu.append(item)
            entries.append(item)
        self._of_own = entries[1:]
        menu.show_all()
        button = Gtk.MenuButton(popup=menu)
        button.add(Gtk.Image.new_from_icon_name(GimpUi.ICON_DOCUMENT_SAVE, Gtk.IconSize.MENU))
        tip = _("Save this look as a preset, rename or delete one of your own")
        button.set_tooltip_text(tip)
        button.get_accessible().set_name(tip)
        return button

    @property
    def _own(self) -> "Preset | None":
        """The preset that is chosen, if it is the user's own."""
        name = self._combo.get_active_id()
        return next((each for each in self._presets if each.is_own and each.name == name), None)

    def _read(self) -> None:
        self._presets, _problems = library.presets()
        with self._combo.handler_block(self._handler):
            self._combo.remove_all()
            for preset in self._presets:
                self._combo.append(preset.name, texts.preset_title(preset))
            self._combo.append(_OWN_VALUES, _(sentences.OWN_VALUES))
        self.show_look(self._look)

    def _choose(self) -> None:
        name = self._combo.get_active_id()
        chosen = next((preset for preset in self._presets if preset.name == name), None)
        if chosen is not None:
            self._on_choose(chosen.look)
        else:
            self.show_look(self._look)

    def _save(self) -> None:
        title = self._ask_title(_(sentences.SAVE_AS), "")
        if title is None:
            return
        exists = library.with_title(title) is not None
        if not exists or self._confirms(_(sentences.REPLACE_PRESET).format(title=title)):
            self._do(lambda: library.save_titled(title, self._look))

    def _rename(self) -> None:
        own = self._own
        title = self._ask_title(_(sentences.RENAME), own.title) if own is not None else None
        if own is not None and title is not None:
            name = own.name
            self._do(lambda: library.rename(name, title))

    def _delete(self) -> None:
        own = self._own
        if own is not None and self._confirms(_(sentences.DELETE_PRESET).format(title=own.title)):
            name = own.name
            self._do(lambda: library.delete(name))

    def _do(self, change: "Callable[[], object]") -> None:
        try:
            change()
        except UsageError as error:
            self._run(self._message(Gtk.MessageType.ERROR, explain(error), Gtk.ButtonsType.CLOSE))
        self._read()

    def _ask_title(self, heading: str, title: str) -> "str | None":
        """The title that the user types; None if there is none."""
        dialog = self._message(Gtk.MessageType.OTHER, _(sentences.PRESET_NAME), Gtk.ButtonsType.OK_CANCEL)
        dialog.set_title(heading.rstrip("…"))
        dialog.set_default_response(Gtk.ResponseType.OK)
        entry = Gtk.Entry(text=title, activates_default=True, max_length=LONGEST_TITLE)
        entry.get_accessible().set_name(_(sentences.PRESET_NAME))
        dialog.get_message_area().add(entry)
        dialog.show_all()
        answer = self._run(dialog, lambda: entry.get_text().strip())
        return answer or None

    def _confirms(self, question: str) -> bool:
        dialog = self._message(Gtk.MessageType.QUESTION, question, Gtk.ButtonsType.OK_CANCEL)
        return self._run(dialog, lambda: "yes") == "yes"

    def _message(self, kind: Gtk.MessageType, text: str, buttons: Gtk.ButtonsType) -> Gtk.MessageDialog:
        return Gtk.MessageDialog(
            transient_for=self.get_toplevel(), modal=True, message_type=kind, text=text, buttons=buttons
        )

    def _run(self, dialog: Gtk.MessageDialog, answer: "Callable[[], str]" = str) -> str:
        """Run a dialog; the answer if the user agreed, else nothing."""
        agreed = dialog.run() == Gtk.ResponseType.OK
        result = answer() if agreed else ""
        dialog.destroy()
        return result
