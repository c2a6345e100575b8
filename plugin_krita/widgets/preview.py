"""The picture of a face before and after: with a line between the two, side by side, or one at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import texts
from ..event_loop import guard
from ..view_box import Room
from ..view_state import Preview
from . import preview_painting
from .preview_painting import SPLIT, VIEWS, Pictures, to_pixmaps
from .qt import QtCore, QtGui, QtWidgets

_LEAST_HEIGHT, _LEAST_CROWDED = 84, 64
_ZOOM_STEP, _LINE_STEP, _PAN_STEP = 1.25, 0.05, 40.0
_GRIP = 14  # pixels beside the line where the mouse takes hold of it


@dataclass(frozen=True)
class PreviewActions:
    """What the preview asks for.

    zoom: show everything larger by a factor; set_scale: so many pixels of the screen for one of the picture,
    None for the whole face; move: what is shown, right and down, in pixels of the screen; resized: to a room
    """

    zoom: Callable[[float], None]
    set_scale: Callable[[float | None], None]
    move: Callable[[float, float], None]
    resized: Callable[[Room], None]


class PreviewWidget(QtWidgets.QWidget):
    """A face before and after, as large as its place allows; ``on_view`` is called after the view changed.

    Mouse: the line is dragged; with the middle button, beside the line of an enlarged picture, or where there
    is no line, the picture; the wheel zooms. Keys: the arrows move the line, with Shift or without a line the
    picture; Space changes between before and after, V the view; plus and minus zoom, 0 shows the whole face,
    1 the picture's own pixels.
    """

    def __init__(self, actions: PreviewActions) -> None:
        super().__init__()
        self._actions = actions
        self.on_view: Callable[[str], None] = lambda _view: None
        self.view = SPLIT
        self._preview: Preview | None = None
        self._pictures: Pictures | None = None
        self._split = 0.5
        self._shows_after = True
        self._panned_from: Any = None
        self._keys = self._bindings()
        self.setObjectName("preview")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding)
        self.set_crowded(False)
        self.setMouseTracking(True)
        self.setAccessibleName(texts.text(texts.PREVIEW))
        self.setAccessibleDescription(texts.text(texts.PREVIEW_KEYS))

    def show_preview(self, preview: Preview | None) -> None:
        """Show this preview, or none."""
        if preview is self._preview:
            return
        self._preview = preview
        self._pictures = None
        if preview is not None:
            before, after = to_pixmaps(preview)
            self._pictures = Pictures(before, after, preview.scale / self.devicePixelRatioF())
        self.update()

    def set_crowded(self, is_crowded: bool) -> None:
        """Let it become lower than it should be, for what comes beside it."""
        self.setMinimumHeight(_LEAST_CROWDED if is_crowded else _LEAST_HEIGHT)

    def set_view(self, view: str) -> None:
        """Show the two pictures in one of ``VIEWS``."""
        self.view = view
        self.on_view(view)
        self._ask_for_room()
        self.update()

    def change_view(self) -> None:
        """Show them in the next of ``VIEWS``."""
        self.set_view(VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)])

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 (Qt's name)
        """The size that Qt asks for: as tall as wide."""
        return QtCore.QSize(240, max(_LEAST_HEIGHT, self.width()))

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Ask for as many pixels as there is room for."""
        super().resizeEvent(event)
        guard(self._ask_for_room)()

    def wheelEvent(self, event: Any) -> None:  # noqa: N802
        """Zoom."""
        guard(self._actions.zoom)(_ZOOM_STEP if event.angleDelta().y() > 0 else 1 / _ZOOM_STEP)
        event.accept()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Take hold of the line or of the picture."""
        guard(self._press)(event)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802
        """Move what the mouse took hold of."""
        guard(self._drag)(event)

    def mouseReleaseEvent(self, _event: Any) -> None:  # noqa: N802
        """Let it go."""
        self._panned_from = None

    def event(self, event: Any) -> bool:
        """Keep the keys of the preview from Krita's own shortcuts while it has the focus."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride and self._binding(event) is not None:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        """Do what the key stands for."""
        function = self._binding(event)
        if function is None:
            super().keyPressEvent(event)
        else:
            guard(function)()

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw both pictures."""
        guard(self._paint)()

    def _bindings(self) -> dict[Any, Callable[[], None]]:
        keys, actions = QtCore.Qt.Key, self._actions
        return {
            keys.Key_Home: lambda: self._move_line(0.0),
            keys.Key_End: lambda: self._move_line(1.0),
            keys.Key_Space: self._toggle,
            keys.Key_V: self.change_view,
            keys.Key_Plus: lambda: actions.zoom(_ZOOM_STEP),
            keys.Key_Equal: lambda: actions.zoom(_ZOOM_STEP),
            keys.Key_Minus: lambda: actions.zoom(1 / _ZOOM_STEP),
            keys.Key_0: lambda: actions.set_scale(None),
            keys.Key_1: lambda: actions.set_scale(1.0),
        }

    def _binding(self, event: Any) -> Callable[[], None] | None:
        """What a key does, with the modifiers that it has; None for a key that is not the preview's."""
        keys, modifiers = QtCore.Qt.Key, QtCore.Qt.KeyboardModifier
        if event.modifiers() & (modifiers.ControlModifier | modifiers.AltModifier):
            return None
        arrows = {
            keys.Key_Left: (-1, 0),
            keys.Key_Right: (1, 0),
            keys.Key_Up: (0, -1),
            keys.Key_Down: (0, 1),
        }
        if event.key() not in arrows:
            return self._keys.get(event.key())
        right, down = arrows[event.key()]
        if self.view == SPLIT and not event.modifiers() & modifiers.ShiftModifier:
            return (lambda: self._move_line(self._split + right * _LINE_STEP)) if right else None
        return lambda: self._actions.move(-right * _PAN_STEP, -down * _PAN_STEP)

    def _paint(self) -> None:
        painter = QtGui.QPainter(self)
        preview_painting.paint_frame(painter, self.rect(), self.palette(), self._pictures is not None)
        if self._pictures is not None:
            self._pictures.paint(painter, self._rooms(), self.view, self._split, self._shows_after)
        if self.hasFocus():
            preview_painting.paint_focus(painter, self.rect(), self.palette())
        painter.end()

    def _rooms(self) -> list[QtCore.QRectF]:
        """The place of each picture."""
        return preview_painting.rooms(QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1), self.view)

    def _ask_for_room(self) -> None:
        room, ratio = self._rooms()[0], self.devicePixelRatioF()
        self._actions.resized((round(room.width() * ratio), round(room.height() * ratio)))

    def _toggle(self) -> None:
        if self.view == SPLIT:
            self._move_line(0.0 if self._split > 0.5 else 1.0)
        else:
            self._shows_after = not self._shows_after
            self.update()

    def _line(self) -> float:
        """Where the line is, in pixels from the left."""
        assert self._pictures is not None
        area = self._pictures.area(self._rooms()[0])
        return float(area.left() + self._split * area.width())

    def _press(self, event: Any) -> None:
        self._panned_from = None
        if self._preview is None:
            return
        is_left = event.button() == QtCore.Qt.MouseButton.LeftButton
        is_on_line = self.view == SPLIT and (
            self._preview.is_whole or abs(event.pos().x() - self._line()) < _GRIP
        )
        if is_left and is_on_line:
            self._move_line_to(event)
        elif is_left or event.button() == QtCore.Qt.MouseButton.MiddleButton:
            self._panned_from = event.pos()

    def _drag(self, event: Any) -> None:
        if self._preview is None:
            return
        if self._panned_from is not None:
            way, ratio = event.pos() - self._panned_from, self.devicePixelRatioF()
            self._panned_from = event.pos()
            self._actions.move(way.x() * ratio, way.y() * ratio)
        elif event.buttons() & QtCore.Qt.MouseButton.LeftButton and self.view == SPLIT:
            self._move_line_to(event)
        is_on_line = self.view == SPLIT and abs(event.pos().x() - self._line()) < _GRIP
        shapes = QtCore.Qt.CursorShape
        self.setCursor(
            shapes.SplitHCursor if is_on_line or self._is_line_anywhere() else shapes.OpenHandCursor
        )

    def _is_line_anywhere(self) -> bool:
        return self.view == SPLIT and self._preview is not None and self._preview.is_whole

    def _move_line_to(self, event: Any) -> None:
        assert self._pictures is not None
        area = self._pictures.area(self._rooms()[0])
        self._move_line((event.pos().x() - area.left()) / max(1.0, area.width()))

    def _move_line(self, split: float) -> None:
        self._split = min(1.0, max(0.0, split))
        self.update()
