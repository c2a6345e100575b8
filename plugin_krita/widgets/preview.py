"""The picture of a face before and after, with a handle between the two."""

from collections.abc import Callable
from typing import Any

from retouchml import sentences

from .. import texts
from ..event_loop import guard
from ..view_state import Image, Preview
from .qt import QtCore, QtGui, QtWidgets

_MARGIN = 6
_HANDLE = 9
_LEAST_HEIGHT = 84
_ZOOM_STEP = 1.25
_BACKDROP = 96  # neutral grey, which does not distort the colours beside it


def to_qimage(image: Image) -> QtGui.QImage:
    """The image as Qt draws it; a copy, which keeps its bytes alive."""
    view = QtGui.QImage(
        image.pixels, image.width, image.height, 4 * image.width, QtGui.QImage.Format.Format_ARGB32
    )
    return view.copy()


class PreviewWidget(QtWidgets.QWidget):
    """A face: left of the handle before, right of it after; as large as its place allows.

    The mouse and the arrow keys move the handle, Space changes between before and after, the wheel, plus and
    minus zoom, 0 shows the whole face. zoom: called with the factor, None for the whole face; resized: called
    with the pixels of the shorter side
    """

    def __init__(self, zoom: "Callable[[float | None], None]", resized: "Callable[[int], None]") -> None:
        super().__init__()
        self._zoom, self._resized = zoom, resized
        self.setObjectName("preview")
        self._preview: Preview | None = None
        self._before: QtGui.QPixmap | None = None
        self._after: QtGui.QPixmap | None = None
        self._split = 0.5
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setAccessibleName(texts.text(sentences.BEFORE) + " / " + texts.text(sentences.AFTER))

    def show_preview(self, preview: Preview | None) -> None:
        """Show this preview, or none."""
        if preview is self._preview:
            return
        self._preview = preview
        self._before = self._after = None
        self.setCursor(QtCore.Qt.CursorShape.SplitHCursor if preview else QtCore.Qt.CursorShape.ArrowCursor)
        if preview is not None:
            before = to_qimage(preview.before)
            self._before = QtGui.QPixmap.fromImage(before)
            if preview.after is not None:
                painter = QtGui.QPainter(before)
                painter.drawImage(QtCore.QPoint(*preview.at), to_qimage(preview.after))
                painter.end()
                self._after = QtGui.QPixmap.fromImage(before)
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 (Qt's name)
        """The size that Qt asks for: as tall as wide."""
        return QtCore.QSize(240, max(_LEAST_HEIGHT, self.width()))

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Ask for as many pixels as there is room for."""
        super().resizeEvent(event)
        guard(self._resized)(round(min(self.width(), self.height()) * self.devicePixelRatioF()))

    def wheelEvent(self, event: Any) -> None:  # noqa: N802
        """Zoom."""
        guard(self._zoom)(1 / _ZOOM_STEP if event.angleDelta().y() > 0 else _ZOOM_STEP)
        event.accept()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Move the handle to the mouse."""
        guard(self._drag)(event)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802
        """Move the handle with the mouse."""
        guard(self._drag)(event)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Move the handle with the arrow keys; Home and End show one picture only, Space the other one."""
        key, keys = event.key(), QtCore.Qt.Key
        targets = {
            keys.Key_Left: self._split - 0.05,
            keys.Key_Right: self._split + 0.05,
            keys.Key_Home: 0.0,
            keys.Key_End: 1.0,
            keys.Key_Space: 0.0 if self._split > 0.5 else 1.0,
        }
        zooms = {
            keys.Key_Plus: 1 / _ZOOM_STEP,
            keys.Key_Equal: 1 / _ZOOM_STEP,
            keys.Key_Minus: _ZOOM_STEP,
            keys.Key_0: None,
        }
        if key in targets:
            self._move(targets[key])
        elif key in zooms:
            guard(self._zoom)(zooms[key])
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw both pictures and the handle."""
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
        self._paint_captions(painter, area, x)

    def _paint_captions(self, painter: QtGui.QPainter, area: QtCore.QRectF, x: float) -> None:
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        painter.setFont(font)
        metrics = QtGui.QFontMetricsF(font)
        for caption, is_left in ((sentences.BEFORE, True), (sentences.AFTER, False)):
            label = texts.text(caption)
            width, height = metrics.horizontalAdvance(label) + 10, metrics.height() + 2
            left = area.left() + 6 if is_left else area.right() - width - 6
            if (is_left and left + width > x) or (not is_left and left < x):
                continue
            plate = QtCore.QRectF(left, area.top() + 6, width, height)
            path = QtGui.QPainterPath()
            path.addRoundedRect(plate, 3, 3)
            painter.fillPath(path, QtGui.QColor(0, 0, 0, 120))
            painter.setPen(QtGui.QColor(255, 255, 255))
            painter.drawText(plate, QtCore.Qt.AlignmentFlag.AlignCenter, label)

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
