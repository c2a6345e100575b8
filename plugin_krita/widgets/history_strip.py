"""The last results of the document, a thumbnail each; a click brings a look back."""

from collections.abc import Callable

from .. import texts
from ..event_loop import guard
from ..view_state import PastView
from .qt import QtCore, QtGui, QtWidgets

_SIDE = 44


class HistoryStrip(QtWidgets.QWidget):
    """A title and a row of thumbnails. bring_back(place): called for a click, 0 for the newest"""

    def __init__(self, bring_back: Callable[[int], None]) -> None:
        super().__init__()
        self._bring_back = bring_back
        self._past: tuple[PastView, ...] = ()
        self._row = QtWidgets.QHBoxLayout()
        self._row.setSpacing(2)
        title = QtWidgets.QLabel(texts.text(texts.HISTORY))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(title)
        scroll = QtWidgets.QScrollArea()
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)  # the keys are for what is in it
        scroll.setFixedHeight(_SIDE + 10 + scroll.horizontalScrollBar().sizeHint().height())
        inside = QtWidgets.QWidget()
        whole = QtWidgets.QHBoxLayout(inside)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(self._row)
        whole.addStretch(1)
        scroll.setWidget(inside)
        column.addWidget(scroll)

    def show_past(self, past: tuple[PastView, ...]) -> bool:
        """Show these results, or nothing without any. Whether there are new widgets."""
        self.setVisible(bool(past))
        if past == self._past:
            return False
        self._past = past
        while self._row.count():
            item = self._row.takeAt(0)
            item.widget().deleteLater()
        for place, each in enumerate(past):
            self._row.addWidget(self._button(place, each))
        return True

    def _button(self, place: int, past: PastView) -> QtWidgets.QToolButton:
        button = QtWidgets.QToolButton()
        button.setObjectName(f"past_{place}")
        button.setAutoRaise(True)
        button.setIcon(QtGui.QIcon(QtGui.QPixmap.fromImage(QtGui.QImage.fromData(past.picture))))
        button.setIconSize(QtCore.QSize(_SIDE, _SIDE))
        button.setToolTip(f"{past.title}\n{texts.text(texts.HISTORY_TIP)}")
        button.setAccessibleName(f"{texts.text(texts.HISTORY)} {place + 1}: {past.title}")
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(guard(lambda *_: self._bring_back(place)))
        return button
