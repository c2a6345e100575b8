"""The welcome page, as ``retouchml.client.welcome_page`` has it, in place of the docker's normal face."""

import re
from collections.abc import Callable
from typing import Any

from retouchml.client import welcome_page, welcome_texts
from retouchml.client.machines_page import Said
from retouchml.client.welcome_buttons import (
    BUTTONS,
    CONNECT,
    HERE,
    INSTALL,
    LATER,
    MACHINE,
    REPAIR,
)
from retouchml.client.welcome_page import Shown, WelcomePage
from retouchml.client.welcome_reason import Reason

from .. import texts
from ..event_loop import EventLoop, guard
from ..shared_page import shared_page
from .keyboard import FocusOrder, give_keys
from .machine_rows import add_machine
from .panels import keep_place
from .qt import QtCore, QtGui, QtWidgets

_text = texts.text
_BUTTON_HEIGHT, _LOG_HEIGHT = 32, 120
_ELSEWHERE = (MACHINE, HERE)


class _OfAllWindows:
    """The page that the dockers of all of Krita's windows show."""

    page: WelcomePage | None = None


def close() -> None:
    """Stop the set-up: Krita exits."""
    if _OfAllWindows.page is not None:
        _OfAllWindows.page.close()


class WelcomeWidget(FocusOrder):
    """What RetouchML is, what will be fetched, a button, and how far it is.

    reason: why it is shown; on_done: called once, when the engine is there
    """

    def __init__(self, loop: EventLoop, reason: Reason, on_done: Callable[[], None]) -> None:
        super().__init__()
        self._reason = reason
        self._loop = loop
        self._on_done = on_done
        self._poll: Any = None
        self._shown: Shown | None = None
        self._is_log_asked = False
        self.setObjectName("welcome")
        title = QtWidgets.QLabel(_text(welcome_texts.TITLE))
        font = title.font()
        font.setBold(True)
        font.setPointSizeF(1.3 * font.pointSizeF())
        title.setFont(font)
        title.setWordWrap(True)
        self._about = QtWidgets.QLabel()
        self._about.setObjectName("about")
        self._about.setWordWrap(True)
        self._state = QtWidgets.QLabel()
        self._state.setObjectName("setup_state")
        self._state.setWordWrap(True)
        self._state.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setObjectName("setup_bar")
        self._bar.setAccessibleName(_text(welcome_texts.TITLE))
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        keep_place(self._bar)
        self._buttons = {name: self._button(name) for name in BUTTONS}
        self._show_log = QtWidgets.QCheckBox(_text(welcome_texts.LOG))
        self._show_log.setObjectName("show_log")
        self._show_log.setToolTip(_text(welcome_texts.LOG_TIP))
        self._show_log.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Maximum, QtWidgets.QSizePolicy.Policy.Preferred
        )
        self._show_log.clicked.connect(guard(lambda *_: self._ask_log()))
        self._log = QtWidgets.QPlainTextEdit()
        self._log.setObjectName("setup_log")
        self._log.setAccessibleName(_text(welcome_texts.LOG_NAME))
        self._log.setReadOnly(True)
        self._log.setTabChangesFocus(True)
        self._log.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont))
        self._log.setMinimumHeight(_LOG_HEIGHT)
        self._log.hide()
        self._place(title)

    def begin(self) -> None:
        """Look what has to be fetched, and follow the set-up from now on: the docker became visible."""
        if self._poll is None:
            _OfAllWindows.page = shared_page(_OfAllWindows.page, self._reason)
            self._poll = self._loop.every(welcome_page.POLL_MS, self._update)
            self._update()

    def _place(self, title: Any) -> None:
        row, second = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for each in (row, second):
            each.setSpacing(6)
        for name, button in self._buttons.items():
            # two rows, for a docker is narrow
            (second if name in _ELSEWHERE else row).addWidget(button, 0 if name in (REPAIR, LATER) else 1)
        inside = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(inside)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(10)
        for part in (title, self._about, self._state, self._bar):
            column.addWidget(part)
        column.addLayout(row)
        column.addLayout(second)
        column.addWidget(self._show_log)
        column.addWidget(self._log, 1)
        column.addStretch(0)
        scroll = self._scroll = QtWidgets.QScrollArea()
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self.parts = (*self._buttons.values(), self._show_log, self._log)
        self.order()

    def _button(self, name: str) -> Any:
        button = QtWidgets.QPushButton()
        button.setObjectName(name)
        button.setMinimumHeight(_BUTTON_HEIGHT)
        if name in (INSTALL, CONNECT):
            font = button.font()
            font.setBold(True)
            button.setFont(font)
        button.clicked.connect(guard(lambda *_: self._press(name)))
        button.hide()
        return button

    def _press(self, name: str) -> None:
        assert _OfAllWindows.page is not None
        _OfAllWindows.page.press(name)
        if name == MACHINE:
            add_machine(self, guard(self._take_machine))
        self._update()

    def _take_machine(self, said: Said) -> None:
        if _OfAllWindows.page is not None:
            _OfAllWindows.page.take_machine(said)
            self._update()

    def _update(self) -> None:
        page = _OfAllWindows.page
        assert page is not None
        shown = page.shown()
        if shown.is_done:
            self._poll.stop()
            self._on_done()
            return
        if self._is_log_asked:  # it has its place by now, which on a low screen may be out of sight
            self._is_log_asked = False
            self._scroll.ensureVisible(0, self._log.geometry().bottom())
        if shown != self._shown:
            self._show(shown)

    def _show(self, shown: Shown) -> None:
        had_focus = any(button.hasFocus() for button in self._buttons.values())
        self._shown = shown
        self._about.setText(_breakable("\n\n".join(shown.about)))
        self._state.setText(_breakable(shown.state))
        self._state.setVisible(bool(shown.state))
        self._bar.setVisible(shown.fraction is not None)
        self._bar.setValue(round(1000 * (shown.fraction or 0)))
        offered = {button.name: button for button in shown.buttons}
        for name, button in self._buttons.items():
            if name in offered and button.text().replace("&", "") != offered[name].title:
                button.setText(offered[name].title)
                button.setToolTip(offered[name].tip)
        # those that come before those that go, so that the focus need not leave the page
        for name in sorted(self._buttons, key=lambda name: name not in offered):
            self._buttons[name].setVisible(name in offered)
        if had_focus and offered:
            self._buttons[next(iter(offered))].setFocus()
        give_keys([*(self._buttons[name] for name in offered), self._show_log], self.window())
        self._update_log()

    def _ask_log(self) -> None:
        self._is_log_asked = self._show_log.isChecked()
        self._update_log()

    def _update_log(self) -> None:
        is_open = self._show_log.isChecked()
        self._log.setVisible(is_open)
        if not is_open or self._shown is None or self._log.toPlainText() == self._shown.log:
            return
        bar = self._log.verticalScrollBar()
        follows = bar.value() == bar.maximum()
        self._log.setPlainText(self._shown.log)
        if follows:
            bar.setValue(bar.maximum())


def _breakable(text: str) -> str:
    """The text with places in it where a path may go on in the next line."""
    return re.sub(r"([/\\])", "\\1\u200b", text)
