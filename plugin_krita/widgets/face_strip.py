"""Thumbnails of the faces: a click shows one in the preview, its tick says that it is retouched."""

from collections.abc import Callable
from typing import Any

from retouchml import sentences

from .. import texts
from ..event_loop import guard
from ..view_state import FaceView
from .preview_painting import to_qimage
from .qt import QtCore, QtGui, QtWidgets

_SIDE, _CAPTION = 52, 14
_TICK_SIDE = 18


class FaceButton(QtWidgets.QAbstractButton):
    """The thumbnail of a face. Space ticks it, a click beside the tick shows it."""

    def __init__(
        self, face: FaceView, tick: Callable[[int, bool], None], show: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._face = face
        self._tick = tick
        self._show = show
        self._pixmap = QtGui.QPixmap.fromImage(to_qimage(face.thumbnail))
        self.setObjectName(f"face_{face.number}")
        self.setFixedSize(_SIDE, _SIDE + _CAPTION)
        notes = [texts.text(note) for note in face.notes]
        self._name = name = texts.text(sentences.FACE).format(number=face.number + 1)
        self.setToolTip("\n".join((name, texts.text(texts.FACE_TIP), *notes)))
        self.setAccessibleName(name)
        self.setAccessibleDescription("; ".join(notes))
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)

    def show_face(self, face: FaceView) -> None:
        """Show the same face with another state."""
        self._face = face
        self.update()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Tick the face, or show it if the click was beside the tick."""
        guard(self._press)(event)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Tick the face with Space, show it with Enter."""
        keys = QtCore.Qt.Key
        if event.key() == keys.Key_Space:
            guard(self._tick)(self._face.number, not self._face.ticked)
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            guard(self._show)(self._face.number)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw the thumbnail, its frame and its tick."""
        guard(self._paint)()

    def _press(self, event: Any) -> None:
        corner = QtCore.QRect(_SIDE - _TICK_SIDE - 4, _SIDE - _TICK_SIDE - 4, _TICK_SIDE + 4, _TICK_SIDE + 4)
        if corner.contains(event.pos()):
            self._tick(self._face.number, not self._face.ticked)
        else:
            self._show(self._face.number)

    def _paint(self) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHints(
            QtGui.QPainter.RenderHint.Antialiasing | QtGui.QPainter.RenderHint.SmoothPixmapTransform
        )
        role = QtGui.QPalette.ColorRole
        whole = QtCore.QRectF(0, 0, _SIDE, _SIDE).adjusted(2, 2, -2, -2)
        path = QtGui.QPainterPath()
        path.addRoundedRect(whole, 4, 4)
        painter.save()
        painter.setClipPath(path)
        painter.setOpacity(1.0 if self._face.ticked else 0.45)
        size = QtCore.QSizeF(self._pixmap.size())
        size.scale(whole.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        area = QtCore.QRectF(QtCore.QPointF(0, 0), size)
        area.moveCenter(whole.center())
        painter.drawPixmap(area, self._pixmap, QtCore.QRectF(self._pixmap.rect()))
        painter.restore()
        accent = self.palette().color(role.Highlight)
        framed = self._face.shown or self.hasFocus()
        painter.setPen(
            QtGui.QPen(accent if framed else self.palette().color(role.Mid), 2.4 if framed else 1.0)
        )
        painter.drawPath(path)
        tick = QtCore.QRectF(_SIDE - _TICK_SIDE - 3, _SIDE - _TICK_SIDE - 3, _TICK_SIDE - 2, _TICK_SIDE - 2)
        painter.setPen(QtGui.QPen(QtGui.QColor(255, 255, 255, 220), 1.2))
        painter.setBrush(accent if self._face.ticked else QtGui.QColor(0, 0, 0, 110))
        painter.drawEllipse(tick)
        if self._face.ticked:
            x, y = tick.center().x(), tick.center().y()
            painter.setPen(QtGui.QPen(self.palette().color(role.HighlightedText), 1.8))
            points = [QtCore.QPointF(x - 3.5, y), QtCore.QPointF(x - 1, y + 3), QtCore.QPointF(x + 4, y - 3)]
            painter.drawPolyline(QtGui.QPolygonF(points))
        if self._face.notes:
            self._paint_mark(painter)
        self._paint_name(painter)
        painter.end()

    @property
    def name_font(self) -> Any:
        """The small font of the face's name."""
        font = QtGui.QFont(self.font())
        font.setPointSizeF(max(6.0, font.pointSizeF() - 2))
        return font

    def _paint_name(self, painter: Any) -> None:
        painter.setFont(self.name_font)
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        metrics = QtGui.QFontMetrics(self.name_font)
        name = metrics.elidedText(self._name, QtCore.Qt.TextElideMode.ElideRight, _SIDE)
        place = QtCore.QRectF(0, _SIDE - 1, _SIDE, _CAPTION)
        painter.drawText(place, int(QtCore.Qt.AlignmentFlag.AlignCenter), name)

    def _paint_mark(self, painter: Any) -> None:
        """An exclamation mark: the tip says what is held back."""
        mark = QtCore.QRectF(5, 5, _TICK_SIDE - 4, _TICK_SIDE - 4)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(0, 0, 0, 150))
        painter.drawEllipse(mark)
        painter.setPen(QtGui.QPen(QtGui.QColor(255, 205, 80)))
        painter.drawText(mark, int(QtCore.Qt.AlignmentFlag.AlignCenter), "!")


class FaceStrip(QtWidgets.QScrollArea):
    """The thumbnails in a row that scrolls sideways, and behind them the tile for a face that was missed."""

    def __init__(
        self, tick: Callable[[int, bool], None], show: Callable[[int], None], mark: QtWidgets.QWidget
    ) -> None:
        super().__init__()
        self._mark = mark
        self._tick, self._show = tick, show
        self._faces: tuple[FaceView, ...] = ()
        self._buttons: list[FaceButton] = []
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)  # the keys are for what is in it
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill(())

    def show_faces(self, faces: tuple[FaceView, ...]) -> bool:
        """Show these faces; the widgets stay if the thumbnails are the same. Whether there are new ones."""
        if faces == self._faces:
            return False
        is_new = [face.thumbnail for face in faces] != [face.thumbnail for face in self._faces]
        if is_new:
            self._fill(faces)
        for button, face in zip(self._buttons, faces, strict=True):
            button.show_face(face)
        self._faces = faces
        return is_new

    def _fill(self, faces: tuple[FaceView, ...]) -> None:
        row = QtWidgets.QWidget()
        layout = QtWidgets.QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._buttons = [FaceButton(face, self._tick, self._show) for face in faces]
        for button in self._buttons:
            layout.addWidget(button)
        layout.addWidget(self._mark)
        layout.addStretch(1)
        self.setWidget(row)
        bar = self.horizontalScrollBar().sizeHint().height() if len(faces) > 1 else 0
        self.setFixedHeight(_SIDE + _CAPTION + bar)
