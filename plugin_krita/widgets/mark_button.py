"""The tile beside the faces for one that was missed."""

from typing import Any

from retouchml import sentences

from .. import texts
from ..event_loop import guard
from .qt import QtCore, QtGui, QtWidgets

_SIZE = (70, 66)
_PADDING = 3
_FAINT = 110  # opacity of the frame, of 255


class MarkButton(QtWidgets.QAbstractButton):
    """Says "There is a face here", in as many lines as that takes."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("mark")
        self.setText(texts.text(sentences.FACE_HERE))
        self.setToolTip(texts.text(sentences.MARK_TIP))
        self.setAccessibleName(texts.text(sentences.FACE_HERE))
        self.setAccessibleDescription(texts.text(sentences.MARK_TIP))
        self.setFixedSize(*_SIZE)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw the frame and the text."""
        guard(self._paint)()

    def _paint(self) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        role, groups = QtGui.QPalette.ColorRole, QtGui.QPalette.ColorGroup
        group = groups.Active if self.isEnabled() else groups.Disabled
        frame = QtCore.QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        is_framed = self.hasFocus() or self.isDown()
        color = self.palette().color(group, role.Highlight if is_framed else role.WindowText)
        styles = QtCore.Qt.PenStyle
        if not is_framed:
            color.setAlpha(_FAINT)
        pen = QtGui.QPen(color, 1.2, styles.SolidLine if is_framed else styles.DashLine)
        painter.setPen(pen)
        if self.underMouse() and self.isEnabled():
            painter.setBrush(self.palette().color(group, role.Midlight))
        painter.drawRoundedRect(frame, 4, 4)
        painter.setFont(self._fitting_font())
        painter.setPen(self.palette().color(group, role.WindowText))
        painter.drawText(self._room(), self._flags(), self.text())
        painter.end()

    def _room(self) -> QtCore.QRect:
        return self.rect().adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)

    def _flags(self) -> int:
        return (
            int(QtCore.Qt.AlignmentFlag.AlignCenter)
            | int(QtCore.Qt.TextFlag.TextWordWrap)
            | int(QtCore.Qt.TextFlag.TextShowMnemonic)
        )

    def _fitting_font(self) -> Any:
        """The largest font, down to six points, in which the text fits."""
        font = QtGui.QFont(self.font())
        while font.pointSizeF() > 6.0:
            place = QtGui.QFontMetrics(font).boundingRect(self._room(), self._flags(), self.text())
            if self._room().contains(place):
                break
            font.setPointSizeF(font.pointSizeF() - 0.5)
        return font
