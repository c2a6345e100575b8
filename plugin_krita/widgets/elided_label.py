"""A line of text that ends with an ellipsis where it has no room; its tip says all of it."""

from typing import Any

from .qt import QtCore, QtGui, QtWidgets


class ElidedLabel(QtWidgets.QLabel):
    """As wide as its place, whatever it says."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Show this; the tip is the same."""
        self.setText(text)
        self.setToolTip(text)

    @property
    def seen(self) -> str:
        """What is to be read."""
        return str(
            self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideRight, self.width())
        )

    def paintEvent(self, _event: Any) -> None:  # noqa: N802 (Qt's name)
        """Draw what there is room for."""
        painter = QtGui.QPainter(self)
        groups = QtGui.QPalette.ColorGroup
        group = groups.Active if self.isEnabled() else groups.Disabled
        painter.setPen(self.palette().color(group, QtGui.QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), int(QtCore.Qt.AlignmentFlag.AlignVCenter), self.seen)
        painter.end()
