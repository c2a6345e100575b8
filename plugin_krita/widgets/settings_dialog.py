"""The settings, as ``retouchml.client.settings_page`` has them: values to choose, and commands."""

from collections.abc import Callable, Sequence
from typing import Any

from krita import Krita

from retouchml.client import maintenance, settings_page
from retouchml.client.settings_page import Choice, Command
from retouchml.mnemonics import with_keys

from .. import texts
from ..event_loop import EventLoop, guard
from ..in_thread import InThread
from .qt import QtCore, QtGui, QtWidgets

_text = texts.text
_WIDTH, _HEIGHT = 640, 460
_IN_A_ROW = 3


class SettingsDialog(QtWidgets.QDialog):
    """A window of its own beside Krita's, which stays usable."""

    def __init__(self, parent: QtWidgets.QWidget, loop: EventLoop) -> None:
        super().__init__(parent)
        self._threads = InThread(loop)
        self._is_busy = False
        self._buttons: list[Any] = []
        self.setObjectName("retouchml_settings")
        self.setWindowTitle(_text(settings_page.TITLE))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_WIDTH, _HEIGHT)
        close = QtWidgets.QPushButton(_text(texts.CLOSE))
        close.setObjectName("close")
        close.setAutoDefault(False)
        close.clicked.connect(guard(lambda *_: self.close()))
        self._note = QtWidgets.QLabel()
        self._note.setObjectName("note")
        self._note.setWordWrap(True)
        self._note.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self._said = QtWidgets.QPlainTextEdit()
        self._said.setObjectName("said")
        self._said.setReadOnly(True)
        self._said.setTabChangesFocus(True)
        self._said.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont))
        self._said.setAccessibleName(_text(settings_page.OUTPUT))
        whole = QtWidgets.QVBoxLayout(self)
        whole.addLayout(self._values())
        whole.addWidget(self._note)
        whole.addLayout(self._commands())
        whole.addWidget(self._said, 1)
        whole.addWidget(close, 0, QtCore.Qt.AlignmentFlag.AlignRight)
        self._give_keys(close)
        self._show_cache()
        self._run(settings_page.MODELS, self._done)
        self._threads.run(lambda: settings_page.version_trouble("krita"), self._add_note)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Close the window; a command that runs ends by itself."""
        self._threads.close()
        super().closeEvent(event)

    def _values(self) -> Any:
        stored, warnings = settings_page.load()
        self._note.setText("\n".join((settings_page.versions(_editor()), *warnings)))
        minutes = QtWidgets.QSpinBox()
        minutes.setObjectName("keep_alive")
        minutes.setRange(settings_page.LEAST_MINUTES, settings_page.MOST_MINUTES)
        minutes.setKeyboardTracking(False)
        minutes.setValue(round(settings_page.minutes(stored)))
        minutes.valueChanged.connect(guard(lambda value: self._keep("keep_alive", int(value))))
        self._cache = QtWidgets.QLabel()
        self._cache.setObjectName("cache")
        self._clear = QtWidgets.QPushButton(_text(settings_page.CLEAR))
        self._clear.setObjectName("clear")
        self._clear.setAutoDefault(False)
        self._clear.setToolTip(_text(settings_page.CLEAR_TIP))
        self._clear.clicked.connect(guard(lambda *_: self._clear_cache()))
        cache = QtWidgets.QHBoxLayout()
        cache.addWidget(self._cache, 1)
        cache.addWidget(self._clear)
        form = QtWidgets.QFormLayout()
        self._labels: list[tuple[Any, Any]] = []
        choices = settings_page.choices(stored)
        rows: list[tuple[str, Any, Any]] = [
            (choice.title, box, box) for choice in choices for box in (self._box(choice),)
        ]
        rows += [(settings_page.MINUTES, minutes, minutes), (settings_page.CACHE, cache, self._clear)]
        for title, row, buddy in rows:
            label = QtWidgets.QLabel(_text(title))
            label.setBuddy(buddy)
            buddy.setAccessibleName(_text(title))
            form.addRow(label, row)
            self._labels.append((label, buddy))
        return form

    def _box(self, choice: Choice) -> Any:
        box = QtWidgets.QComboBox()
        box.setObjectName(choice.name)
        for value, title in choice.values:
            box.addItem(title, value)
        box.setCurrentIndex(box.findData(choice.value))
        box.activated.connect(guard(lambda *_: self._keep(choice.name, str(box.currentData()))))
        return box

    def _commands(self) -> Any:
        grid = QtWidgets.QGridLayout()
        for number, command in enumerate(settings_page.COMMANDS):
            button = QtWidgets.QPushButton(_text(command.title))
            button.setObjectName("copy" if command.copies else "_".join(command.arguments[:2]))
            button.setAutoDefault(False)
            button.clicked.connect(guard(lambda *_, command=command: self._press(command)))
            grid.addWidget(button, *divmod(number, _IN_A_ROW))
            self._buttons.append(button)
        return grid

    def _give_keys(self, close: Any) -> None:
        """Give every control a key of its own."""
        named = [close, *(label for label, _buddy in self._labels), *self._buttons]
        for widget, label in zip(named, with_keys([each.text() for each in named], mark="&"), strict=True):
            widget.setText(label)

    def _keep(self, name: str, value: "str | int") -> None:
        self._note.setText(settings_page.keep(name, value))

    def _clear_cache(self) -> None:
        maintenance.clear_cache()
        self._show_cache()

    def _show_cache(self) -> None:
        self._cache.setText(QtCore.QLocale().formattedDataSize(maintenance.cache_bytes()))

    def _press(self, command: Command) -> None:
        self._run(command.arguments, self._copied if command.copies else self._done)

    def _run(self, arguments: Sequence[str], done: Callable[[str], None]) -> None:
        """Run a command in a thread, one at a time."""
        if self._is_busy:
            return
        self._is_busy = True
        self._show(_text(settings_page.AT_WORK))
        self._threads.run(lambda: settings_page.run(arguments), done)

    def _done(self, said: str) -> None:
        self._is_busy = False
        self._show(said)

    def _copied(self, said: str) -> None:
        self._done(said)
        QtWidgets.QApplication.clipboard().setText(settings_page.diagnostics(said, _editor()))
        self._note.setText(_text(settings_page.COPIED))

    def _add_note(self, sentence: str) -> None:
        if sentence:
            self._note.setText(f"{self._note.text()}\n{sentence}")

    def _show(self, said: str) -> None:
        for button in self._buttons:
            button.setEnabled(not self._is_busy)
        self._said.setPlainText(said)


def _editor() -> str:
    return f"Krita {Krita.instance().version()}"
