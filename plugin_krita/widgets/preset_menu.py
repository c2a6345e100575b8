"""The presets as a menu: a click takes one; the user's own are saved, renamed and deleted there."""

from collections.abc import Callable
from functools import partial
from typing import Any

from retouchml import sentences
from retouchml.errors import RetouchError
from retouchml.look import Look
from retouchml.presets import library
from retouchml.presets.preset_file import Preset

from .. import texts
from ..event_loop import guard
from ..past_views import preset_title
from .qt import QtCore, QtWidgets

_text = texts.text


class PresetMenu(QtWidgets.QToolButton):
    """A button with the title of the preset that is shown, and the menu of all.

    on_change(look): called when the user takes a preset; on_error(error): called where one cannot be kept
    """

    def __init__(self, on_change: Callable[[Look], None], on_error: Callable[[RetouchError], None]) -> None:
        super().__init__()
        self._on_change, self._on_error = on_change, on_error
        self._look = Look()
        self._presets: tuple[Preset, ...] = ()
        self._menu = QtWidgets.QMenu(self)
        self._menu.setObjectName("preset_menu")
        self._menu.aboutToShow.connect(guard(self._fill))
        self.setObjectName("preset")
        self.setMenu(self._menu)
        self.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setToolTip(_text(texts.PRESET_TIP))
        self.read()

    def read(self) -> None:
        """Read the presets again: the command line may have saved one."""
        self._presets, _problems = library.presets()
        self.show_look(self._look)

    def show_look(self, look: Look) -> None:
        """Show the preset that is this look, or that there is none."""
        self._look = look
        shown = self._shown
        title = _text(sentences.OWN_VALUES) if shown is None else preset_title(shown)
        self.setText(title)
        self.setAccessibleName(f"{_text(sentences.PRESET)}: {title}")

    @property
    def _shown(self) -> Preset | None:
        return next((preset for preset in self._presets if preset.look == self._look), None)

    def _fill(self) -> None:
        self._presets, _problems = library.presets()
        self._menu.clear()
        shown = self._shown
        for preset in self._presets:
            action = self._add(preset_title(preset), partial(self._on_change, preset.look))
            action.setCheckable(True)
            action.setChecked(preset is shown)
            action.setToolTip(preset.help)
        self._menu.addSeparator()
        self._add(_text(sentences.SAVE_AS), self._save)
        changes: list[tuple[str, Callable[[Preset], None]]] = [
            (sentences.RENAME, self._rename),
            (sentences.DELETE, self._delete),
        ]
        for title, function in changes:
            if shown is not None and shown.is_own:
                self._add(_text(title), partial(function, shown))
            else:
                self._menu.addAction(_text(title)).setEnabled(False)

    def _add(self, title: str, function: Callable[[], None]) -> Any:
        action = self._menu.addAction(title.replace("&", "&&"))
        action.triggered.connect(guard(lambda *_: function()))
        return action

    def _save(self) -> None:
        look = self._look

        def save(title: str) -> None:
            if library.with_title(title) is None:
                library.save_titled(title, look)
            else:
                question = _text(sentences.REPLACE_PRESET).format(title=title.strip())
                self._ask(question, lambda: library.save_titled(title, look))

        self._ask_title("", save)

    def _rename(self, preset: Preset) -> None:
        self._ask_title(preset.title, lambda title: library.rename(preset.name, title))

    def _delete(self, preset: Preset) -> None:
        question = _text(sentences.DELETE_PRESET).format(title=preset.title)
        self._ask(question, lambda: library.delete(preset.name))

    def _ask_title(self, title: str, function: Callable[[str], object]) -> None:
        dialog = QtWidgets.QInputDialog(self)
        dialog.setObjectName("preset_title")
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(texts.TITLE)
        dialog.setLabelText(_text(sentences.PRESET_NAME))
        dialog.setTextValue(title)
        dialog.textValueSelected.connect(guard(lambda chosen: self._do(lambda: function(chosen))))
        dialog.open()

    def _ask(self, question: str, function: Callable[[], object]) -> None:
        buttons = QtWidgets.QMessageBox.StandardButton
        box = QtWidgets.QMessageBox(self)
        box.setObjectName("preset_question")
        box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(texts.TITLE)
        box.setText(question)
        box.setStandardButtons(buttons.Yes | buttons.Cancel)

        def answer(button: Any) -> None:
            if box.standardButton(button) == buttons.Yes:
                self._do(function)

        box.buttonClicked.connect(guard(answer))
        box.open()

    def _do(self, function: Callable[[], object]) -> None:
        try:
            function()
        except RetouchError as error:
            self._on_error(error)
        self.read()
