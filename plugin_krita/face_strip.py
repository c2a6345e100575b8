"""Thumbnails of the faces: a click shows one in the preview, its tick chooses it."""

from collections.abc import Callable
from typing import Any

from . import messages
from .loop import guard
from .previewing import picture
from .qt import QtCore, QtGui, QtWidgets
from .state import Face

_SIDE = 56
_TICK = 18


class FaceButton(QtWidgets.QAbstractButton):
    """One face. Space ticks it, a click beside the tick shows it."""

    def __init__(self, face: Face, choose: Callable[[int, bool], None], show: Callable[[int], None]) -> None:
        super().__init__()
        self._face = face
        self._choose = choose
        self._show = show
        self._pixmap = QtGui.QPixmap.fromImage(picture(face.picture))
        self.setObjectName(f"face_{face.index}")
        self.setFixedSize(_SIDE, _SIDE)
        self.setToolTip(messages.text(messages.FACE_TIP).format(face.index + 1))
        self.setAccessibleName(messages.text(messages.FACES) + f" {face.index + 1}")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)

    def show_face(self, face: Face) -> None:
        """The same face, otherwise chosen or shown."""
        self._face = face
        self.update()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """On the tick, or beside it."""
        guard(self._press)(event)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Space ticks, Enter shows."""
        keys = QtCore.Qt.Key
        if event.key() == keys.Key_Space:
            guard(self._choose)(self._face.index, not self._face.chosen)
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            guard(self._show)(self._face.index)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw."""
        guard(self._paint)()

    def _press(self, event: Any) -> None:
        corner = QtCore.QRect(_SIDE - _TICK - 4, _SIDE - _TICK - 4, _TICK + 4, _TICK + 4)
        if corner.contains(event.pos()):
            self._choose(self._face.index, not self._face.chosen)
        else:
            self._show(self._face.index)

    def _paint(self) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHints(
            QtGui.QPainter.RenderHint.Antialiasing | QtGui.QPainter.RenderHint.SmoothPixmapTransform
        )
        role = QtGui.QPalette.ColorRole
        whole = QtCore.QRectF(self.rect()).adjusted(2, 2, -2, -2)
        path = QtGui.QPainterPath()
        path.addRoundedRect(whole, 4, 4)
        painter.save()
        painter.setClipPath(path)
        painter.setOpacity(1.0 if self._face.chosen else 0.45)
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
        tick = QtCore.QRectF(_SIDE - _TICK - 3, _SIDE - _TICK - 3, _TICK - 2, _TICK - 2)
        painter.setPen(QtGui.QPen(QtGui.QColor(255, 255, 255, 220), 1.2))
        painter.setBrush(accent if self._face.chosen else QtGui.QColor(0, 0, 0, 110))
        painter.drawEllipse(tick)
        if self._face.chosen:
            x, y = tick.center().x(), tick.center().y()
            painter.setPen(QtGui.QPen(self.palette().color(role.HighlightedText), 1.8))
            points = [QtCore.QPointF(x - 3.5, y), QtCore.QPointF(x - 1, y + 3), QtCore.QPointF(x + 4, y - 3)]
            painter.drawPolyline(QtGui.QPolygonF(points))
        painter.end()


class FaceStrip(QtWidgets.QScrollArea):
    """All faces in a row that scrolls sideways."""

    def __init__(self, choose: Callable[[int, bool], None], show: Callable[[int], None]) -> None:
        super().__init__()
        self._choose, self._show = choose, show
        self._faces: tuple[Face, ...] = ()
        self._buttons: list[FaceButton] = []
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill(())

    def show_faces(self, faces: tuple[Face, ...]) -> None:
        """Others, or the same ones otherwise chosen."""
        if faces == self._faces:
            return
        if [face.picture for face in faces] != [face.picture for face in self._faces]:
            self._fill(faces)
        for button, face in zip(self._buttons, faces, strict=True):
            button.show_face(face)
        self._faces = faces

    def _fill(self, faces: tuple[Face, ...]) -> None:
        row = QtWidgets.QWidget()
        layout = QtWidgets.QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._buttons = [FaceButton(face, self._choose, self._show) for face in faces]
        for button in self._buttons:
            layout.addWidget(button)
        layout.addStretch(1)
        self.setWidget(row)
        bar = self.horizontalScrollBar().sizeHint().height() if len(faces) > 4 else 0
        self.setFixedHeight(_SIDE + bar)
