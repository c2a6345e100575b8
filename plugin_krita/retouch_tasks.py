"""The tasks: find the faces of a layer, show one before and after, put the result on a new layer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from retouchml import __version__, coverage, sentences
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import NoFaceError, UsageError
from retouchml.look import Look
from retouchml.progress import Progress
from retouchml.result_record import record
from retouchml.results import Box

from . import layer_pixels, layers, texts
from .connection import Connection
from .face_selection import transfer
from .layers import Added, SourceLayer
from .next_patches import NextPatches
from .photo_store import OpenPhoto, PhotoStore
from .pixel_preview import limit_image, screen_image
from .tasks import Awaitable, TaskGenerator
from .view_state import Image, Preview

_MARGIN = 0.55  # around a face, as a share of its box's longer side
_LEAST_SIDE, _MOST_SIDE = 240, 1200  # of the preview, in pixels
_FIRST_SIDE = 560
_LEAST_CHANGE = 1.25  # of the size for which the preview is drawn anew
_THUMBNAIL_SIDE = 112


class RetouchTasks:
    """Makes the tasks that the controller runs.

    device: what the daemon computes on, "" if unknown; added: the result that was added last
    """

    def __init__(self, connection: Connection, photos: PhotoStore, progress: Progress) -> None:
        self._connection = connection
        self._photos = photos
        self._progress = progress
        self.device = ""
        self.added: Added | None = None
        self._side = _FIRST_SIDE

    def resize_preview(self, side: int) -> bool:
        """Take the pixels of the preview's shorter side; whether it should be drawn anew."""
        side = min(max(side, _LEAST_SIDE), _MOST_SIDE)
        if self._side / _LEAST_CHANGE < side <= self._side:
            return False
        self._side = side
        return True

    def find_faces(self, source: SourceLayer, look: Look) -> TaskGenerator[None]:
        """Find the faces of a layer and show one of them."""
        photo = yield from self._open(source)
        yield from self.preview(photo, look)

    def preview(self, photo: OpenPhoto, look: Look) -> TaskGenerator[None]:
        """Show the face in the preview with this look."""
        box = _surroundings(photo.session.faces[photo.shown].box, photo.source, photo.zoom)
        stride = _stride(box, self._side)
        before = yield from screen_image(photo.pixels, photo.format, box, stride)
        if photo.preview is None or photo.preview.before != before:
            self._photos.update(photo.source.key, preview=Preview(before))

        def show(patch: WirePatch | None) -> TaskGenerator[None]:
            after, at = None, (0, 0)
            if patch is not None and _overlap(patch.box, box):
                part, at = _visible_part(patch.box, box, stride)
                after = yield from screen_image(patch.pixels, patch.picture, part, stride)
                if photo.source.document.selection() is not None:
                    place = (patch.box[0] + part[0], patch.box[1] + part[1], *part[2:])
                    after = limit_image(after, photo.source.selection(*place), part[2], stride)
            self._photos.update(photo.source.key, preview=Preview(before, after, at))

        (patch,) = yield from self._render(photo, [photo.shown], look, show)
        yield from show(patch)

    def beautify(
        self, source: SourceLayer, look: Look, *, with_mask: bool, keep_earlier: bool
    ) -> TaskGenerator[None]:
        """Put the result above the layer, or in place of an earlier one; ``added`` then tells of it.

        Raises UsageError if there is nothing to do.
        """
        self.added = None
        if look.untouched:
            raise _usage_error(sentences.NOTHING_CHANGES, sentences.NOTHING_CHANGES_ADVICE)
        photo = yield from self._open(source)
        if not photo.ticked:
            raise _usage_error(sentences.NONE_TICKED, texts.NONE_TICKED_ADVICE)
        reached = selected_faces(source, [face.box for face in photo.session.faces])
        faces = sorted(photo.ticked if reached is None else photo.ticked & reached)
        if not faces:
            raise _usage_error(sentences.SELECTION_AWAY, sentences.SELECTION_AWAY_ADVICE)
        rendered = yield from self._render(photo, faces, look)
        patches = tuple(patch for patch in rendered if patch is not None)
        if not patches:
            raise _usage_error(sentences.UNCHANGED, sentences.UNCHANGED_ADVICE)
        self._progress("write", 0.0, None)
        boxes = [face.box for face in photo.session.faces]
        made = record(source.key, boxes, dict.fromkeys(faces, look), __version__)
        self.added = yield from layers.add_result(
            source, patches, made, with_mask=with_mask, keep_earlier=keep_earlier
        )

    def _open(self, source: SourceLayer) -> TaskGenerator[OpenPhoto]:
        """The open photo of a layer, which is sent only if it is new, has changed, or was lost.

        The selection among its faces is kept, also if the user changes it meanwhile.
        Raises NoFaceError, LayerDeleted and the daemon's errors.
        """
        self._progress("read", 0.0, None)
        format_ = source.color_space.on_wire.pixel_format(source.width, source.height)
        photo = self._photos.get(source.key)
        if (
            photo is None
            or photo.format != format_
            or not (yield from layer_pixels.is_unchanged(source, format_, photo.pixels))
        ):
            pixels = yield from layer_pixels.read(source, format_)
            self._progress("connect", 0.0, None)
            client = yield from self._wait(self._connection.open(start=True))
            session = PhotoSession(client, format_, pixels, reconnect=self._connection.reconnect)
            photo = yield from self._add(source, format_, pixels, session)
        elif not photo.session.is_open:
            photo = yield from self._add(source, format_, photo.pixels, photo.session)
        if not photo.session.faces:
            raise NoFaceError(texts.text(sentences.NO_FACE), texts.text(sentences.NO_FACE_ADVICE))
        return self._photos.get(source.key) or photo

    def _add(
        self, source: SourceLayer, format_: PixelFormat, pixels: bytearray, session: PhotoSession
    ) -> TaskGenerator[OpenPhoto]:
        """Open the session, and add its photo to the store."""
        session.open()
        yield from self._wait(session)
        thumbnails: list[Image] = []
        for face in session.faces:
            box = _surroundings(face.box, source)
            thumbnails.append((yield from screen_image(pixels, format_, box, _stride(box, _THUMBNAIL_SIDE))))
        boxes = [face.box for face in session.faces]
        selection = transfer(self._photos.selection(source.key), boxes, selected_faces(source, boxes))
        photo = OpenPhoto(
            source,
            format_,
            pixels,
            session,
            tuple(thumbnails),
            selection.ticked,
            selection.shown,
            selected=source.selected,
        )
        self._photos.put(photo)
        self.device = session.device
        return photo

    def _render(
        self,
        photo: OpenPhoto,
        faces: Sequence[int],
        look: Look,
        show: Callable[[WirePatch | None], TaskGenerator[None]] | None = None,
    ) -> TaskGenerator[Sequence[WirePatch | None]]:
        """The patch of each face, None if nothing changes; rendered only for a face whose look is new.

        show: shows what there is of the shown face before
        """
        looks = {face: look for face in faces if photo.patches.get(face, (None,))[0] != look}
        if looks:
            photo.session.render(looks, refine=show is not None, shown=photo.shown)
            coming = NextPatches(photo.session)
            rendered = yield from self._wait(coming)
            while show is not None and not isinstance(rendered, Rendered):
                yield from show(next((each for each in rendered if each.face == photo.shown), None))
                rendered = yield from self._wait(coming)
            by_face: Mapping[int, WirePatch] = {patch.face: patch for patch in rendered.patches}
            photo.patches.update({face: (look, by_face.get(face)) for face in looks})
        return [photo.patches[face][1] for face in faces]

    def _wait(self, awaited: Awaitable) -> TaskGenerator[Any]:
        awaited.on_progress = self._progress
        self._connection.nudge()
        result = yield awaited
        return result


def selected_faces(source: SourceLayer, boxes: Sequence[Box]) -> "frozenset[int] | None":
    """The numbers of the faces that the document's selection means; None if there is no selection."""
    if source.document.selection() is None:
        return None
    return frozenset(coverage.meant([coverage.share(source.selection(*box)) for box in boxes]))


def _usage_error(sentence: str, advice: str) -> UsageError:
    return UsageError(texts.text(sentence), texts.text(advice))


def _surroundings(face: Box, source: SourceLayer, zoom: float = 1.0) -> Box:
    """The rectangle of the layer with a face and a margin, and its part in the middle for a zoom below 1."""
    x, y, width, height = face
    margin = _MARGIN * max(width, height)
    half_width, half_height = (zoom * (side / 2 + margin) for side in (width, height))
    left, top = max(0, round(x + width / 2 - half_width)), max(0, round(y + height / 2 - half_height))
    right = min(source.width, round(x + width / 2 + half_width))
    bottom = min(source.height, round(y + height / 2 + half_height))
    return left, top, max(1, right - left), max(1, bottom - top)


def _overlap(one: Box, other: Box) -> bool:
    return all(
        max(one[axis], other[axis]) < min(one[axis] + one[axis + 2], other[axis] + other[axis + 2])
        for axis in (0, 1)
    )


def _visible_part(patch: Box, box: Box, stride: int) -> tuple[Box, tuple[int, int]]:
    """The part of a patch in a box, in the patch's own pixels, and its place in the thinned-out box."""
    x, y = (-(-max(0, patch[axis] - box[axis]) // stride) for axis in (0, 1))
    left, top = box[0] + x * stride, box[1] + y * stride
    right = min(patch[0] + patch[2], box[0] + box[2])
    bottom = min(patch[1] + patch[3], box[1] + box[3])
    return (left - patch[0], top - patch[1], max(1, right - left), max(1, bottom - top)), (x, y)


def _stride(box: Box, side: int) -> int:
    """Every how-manieth pixel is shown, so that the box has about ``side`` pixels at its longer side."""
    return max(1, max(box[2:]) // side)
