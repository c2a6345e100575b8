"""Draws the preview's two pictures in their places, with the line and the captions."""

from dataclasses import dataclass

from retouchml import sentences

from .. import texts
from ..view_state import Image, Preview
from .qt import QtCore, QtGui

SPLIT, SIDE_BY_SIDE, ONE = "split", "side by side", "one"
VIEWS = (SPLIT, SIDE_BY_SIDE, ONE)
"""With a line between before and after, both beside each other, or one of them at a time."""
_HANDLE = 9
_GAP = 3
_BACKDROP = 96  # neutral grey, which does not distort the colours beside it


def to_qimage(image: Image) -> QtGui.QImage:
    """The image as Qt draws it; a copy, which keeps its bytes alive."""
    view = QtGui.QImage(
        image.pixels, image.width, image.height, 4 * image.width, QtGui.QImage.Format.Format_ARGB32
    )
    return view.copy()


def to_pixmaps(preview: Preview) -> tuple[QtGui.QPixmap, QtGui.QPixmap | None]:
    """The pictures before and after; None for the one after while there is none."""
    image = to_qimage(preview.before)
    before = QtGui.QPixmap.fromImage(image)
    if preview.after is None:
        return before, None
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
    place = QtCore.QRectF(*preview.after.at, *preview.after.size)
    painter.drawImage(place, to_qimage(preview.after.image))
    painter.end()
    return before, QtGui.QPixmap.fromImage(image)


def rooms(room: QtCore.QRectF, view: str) -> list[QtCore.QRectF]:
    """The places of the pictures: two where they are side by side, below each other in a tall room."""
    if view != SIDE_BY_SIDE:
        return [room]
    if room.width() >= room.height():
        width = (room.width() - _GAP) / 2
        return [
            QtCore.QRectF(room.left(), room.top(), width, room.height()),
            QtCore.QRectF(room.right() - width, room.top(), width, room.height()),
        ]
    height = (room.height() - _GAP) / 2
    return [
        QtCore.QRectF(room.left(), room.top(), room.width(), height),
        QtCore.QRectF(room.left(), room.bottom() - height, room.width(), height),
    ]


def paint_frame(
    painter: QtGui.QPainter, rect: QtCore.QRect, palette: QtGui.QPalette, is_filled: bool
) -> None:
    """Draw what is behind the pictures."""
    painter.setRenderHints(
        QtGui.QPainter.RenderHint.Antialiasing | QtGui.QPainter.RenderHint.SmoothPixmapTransform
    )
    path = QtGui.QPainterPath()
    path.addRoundedRect(QtCore.QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    grey = QtGui.QColor(_BACKDROP, _BACKDROP, _BACKDROP)
    painter.fillPath(path, grey if is_filled else palette.color(QtGui.QPalette.ColorRole.Base))
    painter.setPen(palette.color(QtGui.QPalette.ColorRole.Mid))
    painter.drawPath(path)


def paint_focus(painter: QtGui.QPainter, rect: QtCore.QRect, palette: QtGui.QPalette) -> None:
    """Draw the frame of a preview that has the focus of the keyboard."""
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(QtGui.QPen(palette.color(QtGui.QPalette.ColorRole.Highlight), 2.0))
    painter.drawRoundedRect(QtCore.QRectF(rect).adjusted(1, 1, -1, -1), 4, 4)


@dataclass(frozen=True)
class Pictures:
    """The pictures before and after. scale: pixels of the screen for one of theirs."""

    before: QtGui.QPixmap
    after: QtGui.QPixmap | None
    scale: float

    def area(self, room: QtCore.QRectF) -> QtCore.QRectF:
        """Where a picture lies in its room: in the middle, at its scale, as far as there is room."""
        size = QtCore.QSizeF(self.before.size()) * self.scale
        if size.width() > room.width() + 1 or size.height() > room.height() + 1:
            size.scale(room.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        area = QtCore.QRectF(QtCore.QPointF(0, 0), size)
        area.moveCenter(room.center())
        return area

    def paint(
        self,
        painter: QtGui.QPainter,
        places: list[QtCore.QRectF],
        view: str,
        split: float,  # where the line is, as a share of the width
        shows_after: bool,  # in a view of one picture, and in which order two come
    ) -> None:
        """Draw the pictures in one of ``VIEWS``."""
        after = self.after or self.before
        if view == SPLIT:
            self._paint_split(painter, self.area(places[0]), split)
        elif view == ONE:
            area = self.area(places[0])
            _draw(painter, area, after if shows_after else self.before)
            _paint_caption(painter, area, sentences.AFTER if shows_after else sentences.BEFORE)
        else:
            pictures = [(self.before, sentences.BEFORE), (after, sentences.AFTER)]
            for place, (picture, caption) in zip(
                places, pictures if shows_after else pictures[::-1], strict=True
            ):
                area = self.area(place)
                _draw(painter, area, picture)
                _paint_caption(painter, area, caption)

    def _paint_split(self, painter: QtGui.QPainter, area: QtCore.QRectF, split: float) -> None:
        _draw(painter, area, self.before)
        if self.after is None:
            return
        x = area.left() + split * area.width()
        painter.save()
        painter.setClipRect(QtCore.QRectF(x, area.top(), area.right() - x, area.height()))
        _draw(painter, area, self.after)
        painter.restore()
        _paint_line(painter, area, x)
        left, right = QtCore.QRectF(area), QtCore.QRectF(area)
        left.setRight(x)
        right.setLeft(x)
        _paint_caption(painter, left, sentences.BEFORE)
        _paint_caption(painter, right, sentences.AFTER, is_right=True)


def _draw(painter: QtGui.QPainter, area: QtCore.QRectF, picture: QtGui.QPixmap) -> None:
    painter.drawPixmap(area, picture, QtCore.QRectF(picture.rect()))


def _paint_line(painter: QtGui.QPainter, area: QtCore.QRectF, x: float) -> None:
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


def _paint_caption(
    painter: QtGui.QPainter, area: QtCore.QRectF, caption: str, *, is_right: bool = False
) -> None:
    """Write a caption into a corner of an area, unless the area is too narrow for it."""
    label = texts.text(caption)
    font = painter.font()
    font.setPointSizeF(max(7.0, QtGui.QFont().pointSizeF() - 1))
    painter.setFont(font)
    metrics = QtGui.QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(label) + 10, metrics.height() + 2
    if width + 6 > area.width():
        return
    plate = QtCore.QRectF(area.left() + 6, area.top() + 6, width, height)
    if is_right:
        plate.moveRight(area.right() - 6)
    path = QtGui.QPainterPath()
    path.addRoundedRect(plate, 3, 3)
    painter.fillPath(path, QtGui.QColor(0, 0, 0, 120))
    painter.setPen(QtGui.QColor(255, 255, 255))
    painter.drawText(plate, QtCore.Qt.AlignmentFlag.AlignCenter, label)
