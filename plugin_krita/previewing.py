"""The picture of a face before and after, with a handle between the two."""

from typing import Any

from . import messages
from .loop import guard
from .qt import QtCore, QtGui, QtWidgets
from .state import Image, Preview

_MARGIN = 6
_HANDLE = 9
_TALLEST = 340
_SCROLL_BAR = 32  # more than one is wide
_BACKDROP = 96  # neutral, so that it does not colour the judgement


def picture(image: Image) -> QtGui.QImage:
    """As Qt draws it; the bytes are kept alive by a copy."""
    whole = QtGui.QImage(
        image.pixels, image.width, image.height, 4 * image.width, QtGui.QImage.Format.Format_ARGB32
    )
    return whole.copy()


class PreviewWidget(QtWidgets.QWidget):
    """Left of the handle lies the photograph, right of it the result. Drag, or press the arrow keys."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("preview")
        self._preview: Preview | None = None
        self._before: QtGui.QPixmap | None = None
        self._after: QtGui.QPixmap | None = None
        self._split = 0.5
        self._fitted = 0
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setAccessibleName(messages.text(messages.BEFORE) + " / " + messages.text(messages.AFTER))

    def show_preview(self, preview: Preview | None) -> None:
        """Another one, or none."""
        if preview is self._preview:
            return
        self._preview = preview
        self._before = self._after = None
        self.setCursor(QtCore.Qt.CursorShape.SplitHCursor if preview else QtCore.Qt.CursorShape.ArrowCursor)
        if preview is not None:
            before = picture(preview.before)
            self._before = QtGui.QPixmap.fromImage(before)
            if preview.after is not None:
                painter = QtGui.QPainter(before)
                painter.drawImage(QtCore.QPoint(*preview.at), picture(preview.after))
                painter.end()
                self._after = QtGui.QPixmap.fromImage(before)
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 (Qt's name)
        """As tall as wide, within reason."""
        return QtCore.QSize(240, min(_TALLEST, max(140, self.width())))

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Keep the height in step with the width.

        Not for a little: a taller preview may bring the scroll bar, which makes it narrower, thus lower,
        which takes the scroll bar away, and so on without an end.
        """
        super().resizeEvent(event)
        if abs(self.width() - self._fitted) > _SCROLL_BAR:
            self._fitted = self.width()
            self.setFixedHeight(min(_TALLEST, max(140, self._fitted)))

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Take the handle."""
        guard(self._drag)(event)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802
        """Move the handle."""
        guard(self._drag)(event)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Left and right move the handle, Home and End show one picture alone."""
        key, keys = event.key(), QtCore.Qt.Key
        targets = {
            keys.Key_Left: self._split - 0.05,
            keys.Key_Right: self._split + 0.05,
            keys.Key_Home: 0.0,
            keys.Key_End: 1.0,
        }
        if key in targets:
            self._move(targets[key])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw."""
        guard(self._paint)()

    def _paint(self) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHints(
            QtGui.QPainter.RenderHint.Antialiasing | QtGui.QPainter.RenderHint.SmoothPixmapTransform
        )
        frame = QtCore.QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        backdrop = QtGui.QPainterPath()
        backdrop.addRoundedRect(frame, 4, 4)
        if self._before is None:
            painter.fillPath(backdrop, self.palette().color(QtGui.QPalette.ColorRole.Base))
        else:
            painter.fillPath(backdrop, QtGui.QColor(_BACKDROP, _BACKDROP, _BACKDROP))
            self._paint_pictures(painter)
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.Mid))
        painter.drawPath(backdrop)
        painter.end()

    def _paint_pictures(self, painter: QtGui.QPainter) -> None:
        area = self._area()
        if self._before is None:
            return
        painter.drawPixmap(area, self._before, QtCore.QRectF(self._before.rect()))
        if self._after is None:
            return
        x = area.left() + self._split * area.width()
        painter.save()
        painter.setClipRect(QtCore.QRectF(x, area.top(), area.right() - x, area.height()))
        painter.drawPixmap(area, self._after, QtCore.QRectF(self._after.rect()))
        painter.restore()
        white, shadow = QtGui.QColor(255, 255, 255, 230), QtGui.QColor(0, 0, 0, 90)
        for color, width in ((shadow, 3.0), (white, 1.4)):
            painter.setPen(QtGui.QPen(color, width))
            painter.drawLine(QtCore.QPointF(x, area.top()), QtCore.QPointF(x, area.bottom()))
        painter.setPen(QtGui.QPen(shadow, 1.0))
        painter.setBrush(white)
        painter.drawEllipse(QtCore.QPointF(x, area.center().y()), _HANDLE, _HANDLE)
        painter.setPen(QtGui.QPen(QtGui.QColor(60, 60, 60), 1.6))
        for side in (-1, 1):
            tip = QtCore.QPointF(x + side * 5.5, area.center().y())
            for up in (-3, 3):
                painter.drawLine(tip, QtCore.QPointF(x + side * 2.5, area.center().y() + up))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        self._paint_words(painter, area, x)

    def _paint_words(self, painter: QtGui.QPainter, area: QtCore.QRectF, x: float) -> None:
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        metrics = QtGui.QFontMetricsF(font)
        for word, is_left in ((messages.BEFORE, True), (messages.AFTER, False)):
            said = messages.text(word)
            width, height = metrics.horizontalAdvance(said) + 10, metrics.height() + 2
            left = area.left() + 6 if is_left else area.right() - width - 6
            if (is_left and left + width > x) or (not is_left and left < x):
                continue
            plate = QtCore.QRectF(left, area.top() + 6, width, height)
            path = QtGui.QPainterPath()
            path.addRoundedRect(plate, 3, 3)
            painter.fillPath(path, QtGui.QColor(0, 0, 0, 120))
            painter.setPen(QtGui.QColor(255, 255, 255))
            painter.drawText(plate, QtCore.Qt.AlignmentFlag.AlignCenter, said)

    def _area(self) -> QtCore.QRectF:
        room = QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1)
        assert self._before is not None
        size = QtCore.QSizeF(self._before.size())
        size.scale(room.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        area = QtCore.QRectF(QtCore.QPointF(0, 0), size)
        area.moveCenter(room.center())
        return area

    def _drag(self, event: Any) -> None:
        if self._before is not None:
            area = self._area()
            self._move((event.pos().x() - area.left()) / max(1.0, area.width()))

    def _move(self, split: float) -> None:
        self._split = min(1.0, max(0.0, split))
        self.update()
