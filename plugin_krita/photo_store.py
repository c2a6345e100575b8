"""The layers that are open at the daemon: their pixels, faces, and what was rendered of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from retouchml import score_words
from retouchml.client import machines_page
from retouchml.client.answers import WirePatch
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.look import Look
from retouchml.picture_looks import PictureLooks
from retouchml.result_record import match
from retouchml.results import Box, FaceReport

from .face_selection import FaceSelection, transfer
from .view_box import Viewpoint
from .view_state import FaceView, Image, Preview

if TYPE_CHECKING:
    from .layers import SourceLayer

_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class OpenPhoto:
    """A layer that is open at the daemon.

    session: keeps it open at the daemon; thumbnails: one a face; ticked, shown: as in ``FaceSelection``;
    looks: of the faces, None if none was chosen; patches: the newest patch of each face, None if nothing
    changed, with its look; previews: likewise, with the longest side in pixels; reports: likewise, what was
    measured; part: the box and the stride of what the preview shows before; selected: where the picture's
    selection lay when the ticks last followed it; view: how the preview looks at the shown face; marked: as
    in ``FaceSelection``
    """

    source: "SourceLayer"
    format: PixelFormat
    pixels: bytearray = field(repr=False)
    session: PhotoSession = field(repr=False)
    thumbnails: tuple[Image, ...] = ()
    ticked: frozenset[int] = frozenset()
    shown: int = 0
    looks: PictureLooks | None = None
    patches: dict[int, tuple[Look, WirePatch | None]] = field(default_factory=dict)
    previews: dict[int, tuple[Look, int, WirePatch | None]] = field(default_factory=dict)
    reports: dict[int, tuple[Look, FaceReport | None]] = field(default_factory=dict)
    preview: Preview | None = None
    part: tuple[Box, int] | None = None
    selected: Box | None = None
    view: Viewpoint = field(default_factory=Viewpoint)
    marked: tuple[Box, ...] = ()

    @property
    def selection(self) -> FaceSelection:
        """What is ticked and shown, with the boxes and the looks of the faces."""
        boxes = tuple(face.box for face in self.session.faces)
        return FaceSelection(boxes, self.ticked, self.shown, looks=self.looks, marked=self.marked)

    @property
    def face_views(self) -> tuple[FaceView, ...]:
        """What is shown of the faces."""
        notes = {number: face.quality.notes for number, face in enumerate(self.session.faces)}
        return tuple(
            FaceView(number, thumbnail, number in self.ticked, number == self.shown, notes.get(number, ()))
            for number, thumbnail in enumerate(self.thumbnails)
        )

    def score(self, look: Look, *, is_awaited: bool) -> str:
        """How the shown face is rated, and how far this look takes it from itself, in words.

        is_awaited: whether what is not known yet is being measured
        """
        if self.shown >= len(self.session.faces):
            return ""
        known = self.reports.get(self.shown)
        report = known[1] if known is not None and known[0] == look else None
        awaits = is_awaited and (known is None or known[0] != look)
        return score_words.line(self.session.faces[self.shown], report, is_awaited=awaits)

    def looks_or(self, look: Look) -> PictureLooks:
        """The looks of the faces; one for all if none was chosen."""
        return PictureLooks(look) if self.looks is None else self.looks


class PhotoStore:
    """Open photos by the key of their layer, the newest last; beyond a limit of bytes the oldest are closed.

    The selection among a layer's faces is kept as long as the layer exists.
    """

    def __init__(self) -> None:
        self._photos: dict[str, OpenPhoto] = {}
        self._selections: dict[str, tuple[SourceLayer, FaceSelection]] = {}  # of photos that were closed

    def __iter__(self) -> Iterator[OpenPhoto]:
        return iter(list(self._photos.values()))

    def get(self, key: str) -> OpenPhoto | None:
        """The open photo of a layer."""
        return self._photos.get(key)

    def selection(self, key: str) -> FaceSelection:
        """The last selection among a layer's faces, even if its photo was closed."""
        photo = self._photos.get(key)
        if photo is not None:
            return photo.selection
        return self._selections[key][1] if key in self._selections else FaceSelection()

    def select(self, source: "SourceLayer", selection: FaceSelection) -> None:
        """Tick and show these faces of a layer, now or once its faces are known."""
        photo = self._photos.get(source.key)
        if photo is None:
            self._selections[source.key] = source, selection
        else:
            boxes = [face.box for face in photo.session.faces]
            if len(match(selection.marked, boxes)) < len(selection.marked):  # it has to be opened with these
                self.close(source.key)
                self._selections[source.key] = source, selection
                return
            new = transfer(selection, boxes)
            is_shown = photo.shown == new.shown
            preview = photo.preview if is_shown else None
            looks = new.looks or photo.looks
            self.update(source.key, ticked=new.ticked, shown=new.shown, looks=looks, preview=preview)

    def put(self, photo: OpenPhoto) -> OpenPhoto:
        """Add a photo in place of the layer's older one, which is closed."""
        older = self._photos.pop(photo.source.key, None)
        if older is not None and older.session is not photo.session:
            older.session.close()
        self._selections.pop(photo.source.key, None)
        self._photos[photo.source.key] = photo
        while len(self._photos) > 1 and sum(len(each.pixels) for each in self) > _MAX_BYTES:
            self.close(next(iter(self._photos)))
        return photo

    def update(self, key: str, **changes: Any) -> None:
        """Replace fields of a photo, if it is open."""
        photo = self._photos.get(key)
        if photo is not None:
            self._photos[key] = replace(photo, **changes)

    def follow_settings(self) -> None:
        """Let strength follow the taste that the settings name now."""
        for photo in self:
            photo.session.set_scorer(machines_page.scorer())

    def close(self, key: str) -> None:
        """Close a photo, here and at the daemon; its selection is kept."""
        photo = self._photos.pop(key, None)
        if photo is not None:
            self._selections[key] = photo.source, photo.selection
            photo.session.close()

    def close_deleted(self) -> None:
        """Close the photos of layers that do not exist any more, and forget their selections."""
        for photo in self:
            if not photo.source.exists:
                self.close(photo.source.key)
        for key, (source, _) in list(self._selections.items()):
            if not source.exists:
                del self._selections[key]
