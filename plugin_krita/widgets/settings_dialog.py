"""The settings, as ``retouchml.client.settings_page`` has them: values to choose, and commands."""

from collections.abc import Callable
from typing import Any

from krita import Krita

from retouchml.client import machines_page, maintenance, settings_commands, settings_page, welcome_reason
from retouchml.client.settings_commands import Command
from retouchml.client.settings_page import Choice, Comparison
from retouchml.mnemonics import with_keys

from .. import texts
from ..event_loop import EventLoop, guard
from ..in_thread import InThread
from .machine_rows import MachineRows
from .qt import QtCore, QtGui, QtWidgets

_text = texts.text
_WIDTH, _HEIGHT = 680, 560
_IN_A_ROW = 3
_PLUG_IN = "krita"  # as the set-up names it


class SettingsDialog(QtWidgets.QDialog):
    """A window of its own beside Krita's, which stays usable.

    on_machine: called when another machine does the work, or by another taste; on_scores: when scores are to
    be shown, or not; on_set_up: lets the docker show the page that sets RetouchML up
    """

    def __init__(
        self,
        parent: QtWidgets.QWidget,
        loop: EventLoop,
        *,
        on_machine: Callable[[], None],
        on_scores: Callable[[bool], None],
        on_set_up: Callable[[], None],
    ) -> None:
        super().__init__(parent)
        self._on_scores, self._on_set_up, self._on_machine = on_scores, on_set_up, on_machine
        self._threads = InThread(loop)
        self._machines = MachineRows(self, self._threads, on_machine)
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
        self._update = QtWidgets.QPushButton(_text(settings_page.UPDATE))
        self._update.setObjectName("update")
        self._update.setAutoDefault(False)
        self._update.clicked.connect(guard(lambda *_: self._update_plug_in()))
        self._update.hide()
        whole.addWidget(self._update, 0, QtCore.Qt.AlignmentFlag.AlignLeft)
        whole.addLayout(self._commands())
        whole.addWidget(self._said, 1)
        whole.addWidget(close, 0, QtCore.Qt.AlignmentFlag.AlignRight)
        self._give_keys(close)
        self._show_cache()
        if not machines_page.is_alone():
            self._work(lambda: settings_page.run(settings_commands.MODELS), self._done)
        self._threads.run(lambda: settings_page.compare(_PLUG_IN), self._show_comparison)

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
        title = QtWidgets.QLabel(_text(machines_page.TITLE))
        title.setBuddy(self._machines.box)
        form.addRow(title, self._machines)
        self._labels: list[tuple[Any, Any]] = [(title, self._machines.box)]
        choices = settings_page.choices(stored)
        self._scores = QtWidgets.QCheckBox(_text(settings_page.SCORES))
        self._scores.setObjectName("scores")
        self._scores.setToolTip(_text(settings_page.SCORES_TIP))
        self._scores.setChecked(stored.scores)
        self._scores.clicked.connect(guard(lambda on: self._show_scores(bool(on))))
        rows: list[tuple[str, Any, Any]] = []
        for choice in choices:
            box = self._box(choice)
            row = box
            if choice.name == "scorer":
                row = QtWidgets.QHBoxLayout()
                row.addWidget(box, 1)
                row.addWidget(self._scores)
            rows.append((choice.title, row, box))
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
        for number, command in enumerate(settings_commands.COMMANDS):
            button = QtWidgets.QPushButton(_text(command.title))
            button.setObjectName("copy" if command.copies else "_".join(command.arguments[:2]))
            button.setAutoDefault(False)
            button.clicked.connect(guard(lambda *_, command=command: self._press(command)))
            grid.addWidget(button, *divmod(number, _IN_A_ROW))
            self._buttons.append(button)
        again = QtWidgets.QPushButton(_text(settings_commands.SET_UP_AGAIN))
        again.setObjectName("set_up_again")
        again.setToolTip(_text(settings_commands.SET_UP_AGAIN_TIP))
        again.setAutoDefault(False)
        again.clicked.connect(guard(lambda *_: self._set_up_again()))
        grid.addWidget(again, *divmod(len(self._buttons), _IN_A_ROW))
        self._buttons.append(again)
        return grid

    def _set_up_again(self) -> None:
        """A zip's plug-in has a page for it, in the docker; else the project's own installer does it."""
        if welcome_reason.is_possible():
            self.close()
            self._on_set_up()
        else:
            self._work(settings_page.repair, self._done)

    def _give_keys(self, close: Any) -> None:
        """Give every control a key of its own."""
        labels = (label for label, _buddy in self._labels)
        named = [close, *labels, *self._buttons, *self._machines.buttons, self._update, self._scores]
        for widget, label in zip(named, with_keys([each.text() for each in named], mark="&"), strict=True):
            widget.setText(label)

    def _show_scores(self, shown: bool) -> None:
        self._keep("scores", shown)
        self._on_scores(settings_page.shows_scores())

    def _keep(self, name: str, value: "str | int") -> None:
        before = machines_page.scorer()
        self._note.setText(settings_page.keep(name, value))
        if machines_page.scorer() != before:
            self._on_machine()

    def _clear_cache(self) -> None:
        maintenance.clear_cache()
        self._show_cache()

    def _show_cache(self) -> None:
        self._cache.setText(QtCore.QLocale().formattedDataSize(maintenance.cache_bytes()))

    def _press(self, command: Command) -> None:
        done = self._copied if command.copies else self._done
        self._work(lambda: settings_page.run(command.arguments), done)

    def _work(self, work: Callable[[], str], done: Callable[[str], None]) -> None:
        """Let a thread work, one at a time."""
        if self._is_busy:
            return
        self._is_busy = True
        self._show(_text(settings_page.AT_WORK))
        self._threads.run(work, done)

    def _done(self, said: str) -> None:
        self._is_busy = False
        self._show(said)

    def _copied(self, said: str) -> None:
        self._done(said)
        QtWidgets.QApplication.clipboard().setText(settings_page.diagnostics(said, _editor()))
        self._note.setText(_text(settings_page.COPIED))

    def _show_comparison(self, comparison: Comparison) -> None:
        """Say that the plug-in and the project differ, and offer what mends it."""
        sentence = comparison.trouble if comparison.is_older else comparison.sentence
        if sentence:
            self._note.setText(f"{self._note.text()}\n{sentence}")
        self._update.setVisible(comparison.is_older)

    def _update_plug_in(self) -> None:
        if self._is_busy:
            return
        self._is_busy = True
        self._update.setEnabled(False)
        self._show(_text(settings_page.AT_WORK))
        self._threads.run(lambda: settings_page.update(_PLUG_IN), self._show_updated)

    def _show_updated(self, answer: tuple[bool, str]) -> None:
        is_updated, said = answer
        self._done(said)
        self._note.setText(_text(settings_page.UPDATED if is_updated else settings_page.NOT_UPDATED))
        self._update.setVisible(not is_updated)
        self._update.setEnabled(True)

    def _show(self, said: str) -> None:
        for button in self._buttons:
            button.setEnabled(not self._is_busy)
        self._said.setPlainText(said)


def _editor() -> str:
    return f"Krita {Krita.instance().version()}"
