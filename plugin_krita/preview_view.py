"""What the preview shows of a face: the user zooms, moves and resizes it. No Qt."""

from collections.abc import Callable

from retouchml.results import Box

from .followed_layer import FollowedLayer
from .photo_store import PhotoStore
from .retouch_tasks import RetouchTasks
from .view_box import Room, Viewpoint

_Change = Callable[[Viewpoint, Room, Box, Room], Viewpoint]


class PreviewView:
    """How the user looks at the followed layer's shown face.

    redraw(even_if_none): called after something changed; even_if_none: also for a preview that is only being
    made
    """

    def __init__(
        self, tasks: RetouchTasks, photos: PhotoStore, layer: FollowedLayer, redraw: Callable[[bool], None]
    ) -> None:
        self._tasks = tasks
        self._photos = photos
        self._layer = layer
        self._redraw = redraw

    def zoom(self, factor: float) -> None:
        """Show the face larger by this factor."""
        self._change(lambda view, room, face, _layer: view.zoomed(factor, room, face))

    def set_scale(self, scale: float | None) -> None:
        """Show so many pixels of the screen for one of the layer; None for the whole face."""
        self._change(lambda view, *_: Viewpoint(scale, view.shift if scale else (0.0, 0.0)))

    def move(self, right: float, down: float) -> None:
        """Move what is shown by so many pixels of the screen."""
        self._change(lambda view, room, face, layer: view.moved((right, down), room, face, layer))

    def resize(self, room: Room) -> None:
        """Take the size at which the preview is shown, in pixels."""
        if self._tasks.resize_preview(room):
            self._redraw(True)

    def _change(self, change: _Change) -> None:
        photo = self._layer.photo
        if photo is None or not photo.session.faces:
            return
        face = photo.session.faces[photo.shown].box
        view = change(photo.view, self._tasks.room, face, photo.source.size)
        if view != photo.view:
            self._photos.update(photo.source.key, view=view)
            self._redraw(False)
