"""Parts of the docker: the task, the score, the notice, the daemon."""

from collections.abc import Callable
from typing import Any

from krita import Krita

from retouchml import score_words, sentences

from .. import texts
from ..event_loop import guard
from ..view_state import OFF, READY, STARTING, Notice, View
from .elided_label import ElidedLabel
from .qt import QtCore, QtGui, QtWidgets

_SETTINGS_ICON = "configure"
_AMBER = "#e0a83c"
_PALE = 0.75
_SMALL = 0.9  # times the ordinary size of letters
_text = texts.text


class TaskPanel(QtWidgets.QWidget):
    """The Beautify button; while a task runs, its progress and the Cancel button."""

    def __init__(self, beautify: Callable[[], None], cancel: Callable[[], None]) -> None:
        super().__init__()
        self._beautify = QtWidgets.QPushButton(_text(sentences.BEAUTIFY))
        self._beautify.setObjectName("beautify")
        self._beautify.setToolTip(_text(texts.BEAUTIFY_TIP))
        font = self._beautify.font()
        font.setBold(True)
        self._beautify.setFont(font)
        self._beautify.setMinimumHeight(32)
        self._cancel = QtWidgets.QPushButton(_text(sentences.CANCEL))
        self._cancel.setObjectName("cancel")
        self._cancel.setMinimumHeight(32)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setObjectName("progress")
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._stage = ElidedLabel()
        self._stage.setObjectName("stage")
        both = QtWidgets.QHBoxLayout()
        both.setSpacing(6)
        both.addWidget(self._beautify, 1)
        both.addWidget(self._cancel)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self._stage)
        whole.addWidget(self._bar)
        whole.addLayout(both)
        for part in (self._stage, self._bar):
            keep_place(part)
        self._beautify.clicked.connect(guard(lambda *_: beautify()))
        self._cancel.clicked.connect(guard(lambda *_: cancel()))

    def show_task(self, view: View) -> None:
        """Show the task under way, or none."""
        self._beautify.setEnabled(view.can_start)
        self._cancel.setVisible(view.is_busy)
        self._stage.setVisible(view.task is not None)
        self._bar.setVisible(view.task is not None)
        if view.task is not None:
            self._bar.setValue(round(1000 * view.task.fraction))
            self._stage.show_text(view.task.text, view.task.stage_text)


class ResultLine(QtWidgets.QWidget):
    """Says that the active layer is a result, and offers to edit it again."""

    def __init__(self, edit_again: Callable[[], None]) -> None:
        super().__init__()
        label = QtWidgets.QLabel(_text(texts.IS_RESULT))
        label.setWordWrap(True)
        button = QtWidgets.QPushButton(_text(texts.EDIT_AGAIN))
        button.setObjectName("edit_again")
        button.setToolTip(_text(texts.EDIT_AGAIN_TIP))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label, 1)
        row.addWidget(button)
        button.clicked.connect(guard(lambda *_: edit_again()))


class ScoreLine(QtWidgets.QLabel):
    """How the shown face is rated, and how far the retouch takes it from itself: small and pale.

    It is as high as its rows: a splitter would not ask how high that is at its width.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("score")
        self.setToolTip(_text(score_words.TIP))
        self.setWordWrap(True)
        font = self.font()
        font.setPointSizeF(_SMALL * font.pointSizeF())
        self.setFont(font)
        # the palettes of Krita's themes have no colour that is pale and still read with ease
        pale = QtWidgets.QGraphicsOpacityEffect(self)
        pale.setOpacity(_PALE)
        self.setGraphicsEffect(pale)

    def show_words(self, words: str) -> None:
        """Show this; "" for nothing."""
        self.setText(words)
        self.setVisible(bool(words))
        self._fit()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Take as many rows as the text needs at this width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setMinimumHeight(self.heightForWidth(self.width()) if self.text() else 0)


class NoticeLine(QtWidgets.QFrame):
    """A sentence for the user and what to do next."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = QtWidgets.QLabel()
        self._label = QtWidgets.QLabel()
        self._label.setObjectName("notice")
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._icon, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._label, 1)

    def show_notice(self, notice: Notice | None) -> None:
        """Show this notice, or none."""
        self.setVisible(notice is not None)
        if notice is None:
            return
        kinds = QtWidgets.QStyle.StandardPixmap
        kind = kinds.SP_MessageBoxWarning if notice.is_error else kinds.SP_DialogApplyButton
        self._icon.setPixmap(self.style().standardIcon(kind).pixmap(16, 16))
        self._label.setText(f"{notice.sentence} {notice.advice}".strip())


class DaemonLine(QtWidgets.QWidget):
    """The state of the daemon, and buttons to start or reach it and for the settings."""

    def __init__(self, start: Callable[[], None], open_settings: Callable[[], None]) -> None:
        super().__init__()
        self._light = QtWidgets.QLabel()
        self._label = ElidedLabel()
        self._label.setObjectName("daemon")
        self._start = _daemon_button("start", texts.START, texts.START_TIP, start)
        self._connect = _daemon_button("connect", texts.CONNECT, texts.CONNECT_TIP, start)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._light)
        row.addWidget(self._label, 1)
        row.addWidget(self._start)
        row.addWidget(self._connect)
        settings = QtWidgets.QToolButton()  # which keeps the line as high as with the other button
        settings.setObjectName("settings")
        settings.setIcon(Krita.instance().icon(_SETTINGS_ICON))
        settings.setAutoRaise(True)
        settings.setMinimumHeight(self._start.sizeHint().height())
        settings.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        settings.setAccessibleName(_text(texts.SETTINGS))
        settings.setToolTip(f"{_text(texts.SETTINGS)}\n{_text(texts.SETTINGS_TIP)}")
        settings.clicked.connect(guard(lambda *_: open_settings()))
        row.addWidget(settings)

    def show_daemon(self, view: View) -> None:
        """Show the machine that does the work, its state, which is ``OFF``, ``STARTING`` or ``READY``."""
        state, name = view.daemon, view.remote
        is_ready = state == READY
        label = _text(texts.REMOTE[state]).format(name=name) if name else _text(texts.DAEMON[state])
        tip = _text(texts.REMOTE_TIP).format(name=name) if name else _text(texts.DAEMON_TIP)
        if view.instead:
            label, tip = _text(texts.INSTEAD).format(name=name), view.instead
        self._label.show_text(f"{label} · {view.device}" if view.device and is_ready else label)
        self._label.setToolTip(f"{self._label.text()}\n{tip}")
        self.setToolTip(tip)
        self._start.setVisible(state == OFF and not name)
        self._connect.setVisible(state == OFF and bool(name))
        colors = {READY: _AMBER if view.instead else "#4caf6d", STARTING: _AMBER}
        self._light.setPixmap(_light(colors.get(state, "#8a8a8a")))


def _daemon_button(name: str, label: str, tip: str, press: Callable[[], None]) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(_text(label))
    button.setObjectName(name)
    button.setToolTip(_text(tip))
    button.clicked.connect(guard(lambda *_: press()))
    return button


def keep_place(widget: QtWidgets.QWidget) -> None:
    """Let a widget keep its place while it is hidden: no button moves away from the mouse."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def _light(color: str) -> QtGui.QPixmap:
    pixmap = QtGui.QPixmap(10, 10)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(color))
    painter.drawEllipse(1, 1, 8, 8)
    painter.end()
    return pixmap
