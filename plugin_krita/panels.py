"""Parts of the docker that are more than one widget."""

from collections.abc import Callable, Mapping
from typing import Any

from . import messages
from .loop import guard
from .qt import QtCore, QtGui, QtWidgets
from .sliders import SliderRow
from .state import OFF, READY, STARTING, Notice, View

_text = messages.text


class Adjustments(QtWidgets.QWidget):
    """The manual edits, folded away until they are wanted; moved(edits) tells of all of them."""

    def __init__(self, moved: Callable[[Mapping[str, float]], None]) -> None:
        super().__init__()
        self._moved = moved
        self._names: tuple[str, ...] = ()
        self._rows: dict[str, SliderRow] = {}
        self._edits: Mapping[str, float] = {}
        self._fold = QtWidgets.QToolButton()
        self._fold.setObjectName("fold")
        self._fold.setText(_text(messages.EDITS))
        self._fold.setCheckable(True)
        self._fold.setAutoRaise(True)
        self._fold.setArrowType(QtCore.Qt.ArrowType.RightArrow)
        self._fold.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._reset = QtWidgets.QToolButton()
        self._reset.setObjectName("reset")
        self._reset.setText(_text(messages.EDITS_RESET))
        self._reset.setToolTip(_text(messages.EDITS_RESET_TIP))
        self._reset.setAutoRaise(True)
        self._inside = QtWidgets.QWidget()
        self._column = QtWidgets.QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 2, 0, 2)
        self._column.setSpacing(4)
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self._fold)
        head.addStretch(1)
        head.addWidget(self._reset)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(head)
        whole.addWidget(self._inside)
        self._inside.setVisible(False)
        self._fold.toggled.connect(guard(self._unfold))
        self._reset.clicked.connect(guard(lambda *_: self._moved({})))

    def show_edits(self, names: tuple[str, ...], edits: Mapping[str, float]) -> None:
        """These sliders, at these values."""
        self._edits = edits
        if names != self._names:
            self._fill(names)
        for name, row in self._rows.items():
            row.show_value(edits.get(name, 0.0))
        self._reset.setVisible(any(edits.values()))

    def _fill(self, names: tuple[str, ...]) -> None:
        for row in self._rows.values():
            self._column.removeWidget(row)
            row.deleteLater()
        self._names = names
        self._rows = {name: self._row(name) for name in names}
        for row in self._rows.values():
            self._column.addWidget(row)

    def _row(self, name: str) -> SliderRow:
        label = _text(messages.EDIT_NAMES.get(name, name))
        tip = _text(messages.EDIT_TIPS.get(name, ""))
        return SliderRow(label, tip, -1.0, 0.0, lambda value: self._moved({**self._edits, name: value}), name)

    def _unfold(self, unfolded: Any) -> None:
        arrows = QtCore.Qt.ArrowType
        self._fold.setArrowType(arrows.DownArrow if unfolded else arrows.RightArrow)
        self._inside.setVisible(bool(unfolded))


class Work(QtWidgets.QWidget):
    """Beautify, or while a job runs, its progress and Cancel."""

    def __init__(self, beautify: Callable[[], None], cancel: Callable[[], None]) -> None:
        super().__init__()
        self._beautify = QtWidgets.QPushButton(_text(messages.BEAUTIFY))
        self._beautify.setObjectName("beautify")
        self._beautify.setToolTip(_text(messages.BEAUTIFY_TIP))
        font = self._beautify.font()
        font.setBold(True)
        self._beautify.setFont(font)
        self._beautify.setMinimumHeight(32)
        self._cancel = QtWidgets.QPushButton(_text(messages.CANCEL))
        self._cancel.setObjectName("cancel")
        self._cancel.setMinimumHeight(32)
        self._bar = QtWidgets.QProgressBar()
        self._bar.setObjectName("progress")
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
            policy = part.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # nothing jumps as a job begins
            part.setSizePolicy(policy)
        self._beautify.clicked.connect(guard(lambda *_: beautify()))
        self._cancel.clicked.connect(guard(lambda *_: cancel()))

    def show_job(self, view: View) -> None:
        """How far it is."""
        job = view.job
        self._beautify.setEnabled(view.can_work)
        self._cancel.setVisible(view.is_busy)
        self._stage.setVisible(job is not None)
        self._bar.setVisible(job is not None)
        if job is None:
            return
        known = job.fraction is not None
        self._bar.setRange(0, 1000 if known else 0)
        self._bar.setValue(round(1000 * job.fraction) if job.fraction is not None else 0)
        said = _text(messages.STAGES.get(job.stage, job.stage))
        if job.remaining is not None and job.remaining >= 1:
            said = messages.text(messages.REMAINING).format(said, round(job.remaining))
        self._stage.setText(said)


class NoticeLine(QtWidgets.QFrame):
    """One sentence and what to do next."""

    def __init__(self) -> None:
        super().__init__()
        self._icon = QtWidgets.QLabel()
        self._words = QtWidgets.QLabel()
        self._words.setObjectName("notice")
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._icon, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)

    def show_notice(self, notice: Notice | None) -> None:
        """Another one, or none."""
        self.setVisible(notice is not None)
        if notice is None:
            return
        kinds = QtWidgets.QStyle.StandardPixmap
        kind = kinds.SP_MessageBoxWarning if notice.is_error else kinds.SP_DialogApplyButton
        self._icon.setPixmap(self.style().standardIcon(kind).pixmap(16, 16))
        self._words.setText(f"{notice.sentence} {notice.advice}".strip())


class DaemonLine(QtWidgets.QWidget):
    """How the background program is, and a button to start it."""

    def __init__(self, start: Callable[[], None]) -> None:
        super().__init__()
        self._state = OFF
        self._light = QtWidgets.QLabel()
        self._words = QtWidgets.QLabel()
        self._words.setObjectName("daemon")
        self._start = QtWidgets.QPushButton(_text(messages.START))
        self._start.setObjectName("start")
        self._start.setToolTip(_text(messages.START_TIP))
        self.setToolTip(_text(messages.DAEMON_TIP))
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._light)
        row.addWidget(self._words, 1)
        row.addWidget(self._start)
        self._start.clicked.connect(guard(lambda *_: start()))

    def show_daemon(self, state: str, device: str) -> None:
        """One of ``OFF``, ``STARTING``, ``READY``."""
        self._state = state
        said = _text(messages.DAEMON[state])
        self._words.setText(f"{said} · {device}" if device and state == READY else said)
        self._start.setVisible(state == OFF)
        self._light.setPixmap(_light({READY: "#4caf6d", STARTING: "#e0a83c"}.get(state, "#8a8a8a")))


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
