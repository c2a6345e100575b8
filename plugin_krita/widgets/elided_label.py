"""A line of text with an ellipsis where it has no room; its tip says all of it."""

from typing import Any

from .qt import QtCore, QtGui, QtWidgets


class ElidedLabel(QtWidgets.QLabel):
    """As wide as its place, whatever it says."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self._long = ""
        self.show_text(text)

    def show_text(self, text: str, long: str = "") -> None:
        """Show this; the tip is the same. long: the part that is shortened, the end if it is no part"""
        self._long = long if long in text else ""
        self.setText(text)
        self.setToolTip(text)

    @property
    def seen(self) -> str:
        """What is to be read."""
        metrics, text, room = self.fontMetrics(), self.text(), self.width()
        over = metrics.horizontalAdvance(text) - room
        if self._long and over > 0:
            shorter = metrics.horizontalAdvance(self._long) - over
            text = text.replace(self._long, self._elided(self._long, shorter), 1)
        return self._elided(text, room)

    def _elided(self, text: str, room: int) -> str:
        return str(self.fontMetrics().elidedText(text, QtCore.Qt.TextElideMode.ElideRight, max(0, room)))

    def paintEvent(self, _event: Any) -> None:  # noqa: N802 (Qt's name)
        """Draw what there is room for."""
        painter = QtGui.QPainter(self)
        groups = QtGui.QPalette.ColorGroup
        group = groups.Active if self.isEnabled() else groups.Disabled
        painter.setPen(self.palette().color(group, QtGui.QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), int(QtCore.Qt.AlignmentFlag.AlignVCenter), self.seen)
        painter.end()
