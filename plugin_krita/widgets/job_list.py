"""The jobs that wait, a line each, with a button that takes it out of the queue."""

from collections.abc import Callable

from retouchml import sentences

from .. import texts
from ..event_loop import guard
from .elided_label import ElidedLabel
from .qt import QtCore, QtWidgets


class JobList(QtWidgets.QWidget):
    """cancel(number): called for the button of a job"""

    def __init__(self, cancel: Callable[[int], None]) -> None:
        super().__init__()
        self._cancel = cancel
        self._jobs: tuple[tuple[int, str], ...] = ()
        self._lines: list[QtWidgets.QWidget] = []
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)

    def show_jobs(self, jobs: tuple[tuple[int, str], ...]) -> bool:
        """Show these jobs: the number and the layer of each. Whether there are new widgets."""
        self.setVisible(bool(jobs))
        if jobs == self._jobs:
            return False
        self._jobs = jobs
        for line in self._lines:
            self._column.removeWidget(line)
            line.deleteLater()
        self._lines = [self._line(number, title) for number, title in jobs]
        for line in self._lines:
            self._column.addWidget(line)
        return True

    def _line(self, number: int, title: str) -> QtWidgets.QWidget:
        line = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        label = ElidedLabel(texts.text(sentences.JOB_WAITING).format(layer=title))
        button = QtWidgets.QToolButton()
        button.setObjectName(f"cancel_job_{number}")
        button.setIcon(button.style().standardIcon(QtWidgets.QStyle.StandardPixmap.SP_DialogCancelButton))
        button.setAutoRaise(True)
        button.setToolTip(texts.text(sentences.CANCEL))
        button.setAccessibleName(f"{texts.text(sentences.CANCEL)}: {title}")
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(guard(lambda *_: self._cancel(number)))
        row.addWidget(label, 1)
        row.addWidget(button)
        return line
