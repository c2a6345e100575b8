"""Parts of the docker: the task, the notice, the daemon."""

from collections.abc import Callable

from krita import Krita

from retouchml import sentences

from .. import texts
from ..event_loop import guard
from ..view_state import OFF, READY, STARTING, Notice, View
from .qt import QtCore, QtGui, QtWidgets

_SETTINGS_ICON = "configure"
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
        self._stage = QtWidgets.QLabel()
        self._stage.setObjectName("stage")
        self._stage.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred
        )
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
            self._stage.setText(view.task.text)


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
    """The state of the daemon, and buttons to start it and for the settings."""

    def __init__(self, start: Callable[[], None], open_settings: Callable[[], None]) -> None:
        super().__init__()
        self._light = QtWidgets.QLabel()
        self._label = QtWidgets.QLabel()
        self._label.setObjectName("daemon")
        self._start = QtWidgets.QPushButton(_text(texts.START))
        self._start.setObjectName("start")
        self._start.setToolTip(_text(texts.START_TIP))
        self.setToolTip(_text(texts.DAEMON_TIP))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._light)
        row.addWidget(self._label, 1)
        row.addWidget(self._start)
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
        self._start.clicked.connect(guard(lambda *_: start()))

    def show_daemon(self, state: str, device: str) -> None:
        """Show the state, which is ``OFF``, ``STARTING`` or ``READY``."""
        label = _text(texts.DAEMON[state])
        self._label.setText(f"{label} · {device}" if device and state == READY else label)
        self._start.setVisible(state == OFF)
        self._light.setPixmap(_light({READY: "#4caf6d", STARTING: "#e0a83c"}.get(state, "#8a8a8a")))


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
