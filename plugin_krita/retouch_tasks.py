"""The tasks: find the faces of a layer, show one before and after, put the result on a new layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from retouchml import __version__, coverage, sentences
from retouchml.client import machines_page
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import NoFaceError, UsageError
from retouchml.look import Look
from retouchml.marked_face import marked_face
from retouchml.picture_looks import PictureLooks
from retouchml.progress import Progress
from retouchml.result_history import PastResult
from retouchml.result_record import record
from retouchml.results import Box

from . import layer_pixels, layers, results, texts
from .connection import Connection
from .face_selection import FaceSelection, transfer
from .layers import Added, SourceLayer
from .next_patches import NextPatches
from .photo_store import OpenPhoto, PhotoStore
from .pixel_preview import laid_over, limit_image, screen_image
from .placed_patch import placed
from .png import as_png
from .tasks import Awaitable, TaskGenerator
from .view_box import Room, Viewpoint, surroundings
from .view_state import Image, PlacedImage, Preview

_MOST_SIDE = 1600  # of the preview, in pixels
_FIRST_ROOM = (480, 480)
_THUMBNAIL_SIDE = 112
_CHANGED = 1.7  # times the longer side of a face's box: about the side of what a retouch changes
_STEP, _LEAST_ASKED, _MOST_ASKED = 128, 128, 2048  # of a reduced patch's longest side, in pixels


class RetouchTasks:
    """Makes the tasks that the controller runs.

    device: what the daemon computes on, "" if unknown; added: the result that was added last; is_adding:
    whether one is being added, which cannot be cancelled any more; with_scores: whether previews are followed
    by what score and identity are measured
    """

    def __init__(self, connection: Connection, photos: PhotoStore, progress: Progress) -> None:
        self._connection = connection
        self._photos = photos
        self._progress = progress
        self.device = ""
        self.added: Added | None = None
        self.is_adding = False
        self.with_scores = False
        self.room: Room = _FIRST_ROOM

    def resize_preview(self, room: Room) -> bool:
        """Take the pixels that the preview has; whether that is new."""
        new = (max(1, min(room[0], _MOST_SIDE)), max(1, min(room[1], _MOST_SIDE)))
        old, self.room = self.room, new
        return old != new

    def find_faces(self, source: SourceLayer, look: Look) -> TaskGenerator[None]:
        """Find the faces of a layer and show one of them."""
        photo = yield from self._open(source)
        yield from self.preview(photo, look)

    def mark_face(self, source: SourceLayer, place: Box, look: Look) -> TaskGenerator[None]:
        """Open the layer with a face at a place, which the search has missed; show it, ticked.

        look: of faces without one of their own. Raises UsageError for a face that is known, which is shown
        then, and for a place without room for a face.
        """
        photo = yield from self._open_any(source)
        known, marked = len(photo.session.faces), (*photo.marked, place)
        photo.session.mark(place)
        yield from self._wait(photo.session)
        shown = marked_face(place, [face.box for face in photo.session.faces])
        is_new = shown >= known
        if is_new:
            self._photos.update(source.key, marked=marked)
        photo = yield from self._add(source, photo.format, photo.pixels, photo.session)
        view = Viewpoint()
        self._photos.update(source.key, ticked=photo.ticked | {shown}, shown=shown, view=view, preview=None)
        if is_new and source.selected == place:
            source.document.setSelection(None)  # it would limit the result
        photo = self._photos.get(source.key) or photo
        yield from self.preview(photo, photo.looks_or(look).look(shown))
        if not is_new:
            raise _usage_error(sentences.FACE_KNOWN, "")

    def preview(self, photo: OpenPhoto, look: Look) -> TaskGenerator[None]:
        """Show the face in the preview with this look, at the size at which it is shown."""
        face = photo.session.faces[photo.shown].box
        box = photo.view.box(self.room, face, photo.source.size)
        scale = photo.view.scale_in(self.room, face)
        stride = max(1, int(1 / scale))
        if photo.preview is not None and photo.part == (box, stride):  # as with each move of a slider
            before = photo.preview.before
        else:
            before = yield from screen_image(photo.pixels, photo.format, box, stride)
            self._photos.update(photo.source.key, part=(box, stride))
        shown = Preview(before, None, scale * stride, photo.view.scale is None)
        if photo.preview is None or photo.preview.before != before:
            self._photos.update(photo.source.key, preview=shown)

        def show(patch: WirePatch | None) -> TaskGenerator[None]:
            after = None if patch is None else (yield from self._placed(photo, patch, box, stride))
            self._photos.update(photo.source.key, preview=replace(shown, after=after))

        patch = yield from self._render_preview(photo, look, _asked_side(face, scale), show)
        yield from show(patch)
        yield from self._add_late_faces(photo)
        if self.with_scores:
            yield from self._measure(photo, look)

    def _measure(self, photo: OpenPhoto, look: Look) -> TaskGenerator[None]:
        """Measure what this look does to the shown face, at full size; Beautify then has its patch."""
        face = photo.shown
        if photo.reports.get(face, (None,))[0] == look:
            return
        photo.session.render({face: look}, report=True, shown=face)
        rendered = yield from self._wait(photo.session)
        patch = next((each for each in rendered.patches if each.face == face), None)
        report = next((each for each in rendered.report if each.face == face), None)
        photo.patches[face], photo.reports[face] = (look, patch), (look, report)

    def _add_late_faces(self, photo: OpenPhoto) -> TaskGenerator[None]:
        """Show faces that were found only when all that decides about them had been sent; not ticked."""
        late = photo.session.faces[len(photo.thumbnails) :]
        thumbnails = [*photo.thumbnails]
        for face in late:
            box = surroundings(face.box, photo.source.size)
            stride = _stride(box, _THUMBNAIL_SIDE)
            thumbnails.append((yield from screen_image(photo.pixels, photo.format, box, stride)))
        if late:
            self._photos.update(photo.source.key, thumbnails=tuple(thumbnails))

    @staticmethod
    def _placed(
        photo: OpenPhoto, patch: WirePatch, box: Box, stride: int
    ) -> TaskGenerator[PlacedImage | None]:
        """What is shown of a patch in a box of the layer, of which every stride-th pixel is shown."""
        place = placed(patch, box, stride)
        if place is None:
            return None
        image = yield from screen_image(patch.pixels, patch.picture, place.part, place.stride)
        left, top, width, height = place.covers
        if photo.source.document.selection() is not None:
            corner = round(left), round(top)
            size = max(1, round(width)), max(1, round(height))
            read = photo.source.selection
            image = yield from limit_image(
                image, lambda row: read(corner[0], corner[1] + row, size[0], 1), size
            )
        return PlacedImage(
            image,
            ((left - box[0]) / stride, (top - box[1]) / stride),
            (width / stride, height / stride),
        )

    def beautify(
        self,
        source: SourceLayer,
        look: Look,
        chosen: FaceSelection | None = None,
        *,
        with_mask: bool,
        keep_earlier: bool,
    ) -> TaskGenerator[None]:
        """Put the result above the layer, or in place of an earlier one; ``added`` then tells of it.

        look: of faces without one of their own; chosen: the faces and their looks, None for what is ticked
        by then. Raises UsageError if there is nothing to do.
        """
        self.added, self.is_adding = None, False
        photo = yield from self._open(source)
        boxes = [face.box for face in photo.session.faces]
        chosen = photo.selection if chosen is None else transfer(chosen, boxes)
        if not chosen.ticked:
            raise _usage_error(sentences.NONE_TICKED, texts.NONE_TICKED_ADVICE)
        reached = selected_faces(source, boxes)
        faces = sorted(chosen.ticked if reached is None else chosen.ticked & reached)
        if not faces:
            raise _usage_error(sentences.SELECTION_AWAY, sentences.SELECTION_AWAY_ADVICE)
        looks = (chosen.looks or PictureLooks(look)).looks(faces)
        if all(each.untouched for each in looks.values()):
            raise _usage_error(sentences.NOTHING_CHANGES, sentences.NOTHING_CHANGES_ADVICE)
        rendered = yield from self._render(photo, looks)
        patches = tuple(patch for patch in rendered if patch is not None)
        if not patches:
            raise _usage_error(sentences.UNCHANGED, sentences.UNCHANGED_ADVICE)
        self._progress("write", 0.0, None)
        made = record(source.key, boxes, looks, __version__)
        try:
            self.added = yield from layers.add_result(
                source,
                patches,
                made,
                with_mask=with_mask,
                keep_earlier=keep_earlier,
                on_adding=self._begin_to_add,
            )
            thumbnail = yield from self._thumbnail(photo, boxes[faces[0]], rendered[0])
            results.remember_in_history(source.document, PastResult(made, as_png(thumbnail)))
        finally:
            self.is_adding = False

    def _begin_to_add(self) -> None:
        self.is_adding = True

    @staticmethod
    def _thumbnail(photo: OpenPhoto, face: Box, patch: WirePatch | None) -> TaskGenerator[Image]:
        """A small picture of a retouched face."""
        box = surroundings(face, photo.source.size)
        stride = _stride(box, _THUMBNAIL_SIDE)
        before = yield from screen_image(photo.pixels, photo.format, box, stride)
        place = None if patch is None else placed(patch, box, stride)
        if patch is None or place is None:
            return before
        after = yield from screen_image(patch.pixels, patch.picture, place.part, stride)
        corner = [round((place.covers[axis] - box[axis]) / stride) for axis in (0, 1)]
        return laid_over(before, after, (corner[0], corner[1]))

    def _open(self, source: SourceLayer) -> TaskGenerator[OpenPhoto]:
        """The open photo of a layer, which is sent only if it is new, has changed, or was lost.

        The selection among its faces is kept, also if the user changes it meanwhile.
        Raises NoFaceError, LayerDeleted and the daemon's errors.
        """
        photo = yield from self._open_any(source)
        if not photo.session.faces:
            raise NoFaceError(texts.text(sentences.NO_FACE), texts.text(sentences.MARK_ADVICE))
        return photo

    def _open_any(self, source: SourceLayer) -> TaskGenerator[OpenPhoto]:
        """As ``_open``, also for a layer without faces."""
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
            if photo is not None and (photo.format.width, photo.format.height) != source.size:
                self._photos.update(source.key, marked=())  # they lay elsewhere
            marked = self._photos.selection(source.key).marked
            reconnect = self._connection.reconnect
            session = PhotoSession(
                client,
                format_,
                pixels,
                at=marked,
                scorer=machines_page.scorer(),
                spares=True,
                previews=True,
                reconnect=reconnect,
            )
            photo = yield from self._add(source, format_, pixels, session)
        elif not photo.session.is_open:
            photo = yield from self._add(source, format_, photo.pixels, photo.session)
        return self._photos.get(source.key) or photo

    def _add(
        self, source: SourceLayer, format_: PixelFormat, pixels: bytearray, session: PhotoSession
    ) -> TaskGenerator[OpenPhoto]:
        """Open the session, and add its photo to the store."""
        session.open()
        yield from self._wait(session)
        thumbnails: list[Image] = []
        for face in session.faces:
            box = surroundings(face.box, source.size)
            thumbnails.append((yield from screen_image(pixels, format_, box, _stride(box, _THUMBNAIL_SIDE))))
        boxes = [face.box for face in session.faces]
        old = self._photos.selection(source.key)
        selection = transfer(old, boxes, selected_faces(source, boxes))
        photo = OpenPhoto(
            source,
            format_,
            pixels,
            session,
            tuple(thumbnails),
            selection.ticked,
            selection.shown,
            looks=selection.looks,
            selected=source.selected,
            marked=old.marked,
        )
        self._photos.put(photo)
        self.device = session.device
        return photo

    def _render(self, photo: OpenPhoto, looks: Mapping[int, Look]) -> TaskGenerator[list[WirePatch | None]]:
        """The patch of each of these faces, None if nothing changes; rendered only where its look is new."""
        new = {face: look for face, look in looks.items() if photo.patches.get(face, (None,))[0] != look}
        if new:
            photo.session.render(new, shown=photo.shown)
            rendered = yield from self._wait(photo.session)
            by_face: Mapping[int, WirePatch] = {patch.face: patch for patch in rendered.patches}
            photo.patches.update({face: (look, by_face.get(face)) for face, look in new.items()})
        return [photo.patches[face][1] for face in looks]

    def _render_preview(
        self,
        photo: OpenPhoto,
        look: Look,
        side: int,  # of the reduced patch, 0 for its own size
        show: Callable[[WirePatch | None], TaskGenerator[None]],  # shows what there is before the last patch
    ) -> TaskGenerator[WirePatch | None]:
        """The patch of the shown face for the preview."""
        face = photo.shown
        if photo.patches.get(face, (None,))[0] == look:
            return photo.patches[face][1]
        if photo.previews.get(face, (None, 0))[:2] != (look, side):
            photo.session.render(
                {face: look},
                size="preview" if side else "full",
                preview_side=side or _MOST_ASKED,
                refine=True,
                shown=face,
            )
            coming = NextPatches(photo.session)
            rendered = yield from self._wait(coming)
            while not isinstance(rendered, Rendered):
                yield from show(next((each for each in rendered if each.face == face), None))
                rendered = yield from self._wait(coming)
            patch = next((each for each in rendered.patches if each.face == face), None)
            photo.previews[face] = look, side, patch
            if not side:
                photo.patches[face] = look, patch
        return photo.previews[face][2]

    def _wait(self, awaited: Awaitable) -> TaskGenerator[Any]:
        awaited.on_progress = self._progress
        self._connection.nudge()
        result = yield awaited
        return result


def selected_faces(source: SourceLayer, boxes: Sequence[Box]) -> "frozenset[int] | None":
    """The numbers of the faces that the document's selection means; None if there is no selection."""
    selected = source.selected
    if selected is None:
        return None
    shares = [layer_pixels.selected_share(box, selected, source.selection) for box in boxes]
    return frozenset(coverage.meant(shares))


def _usage_error(sentence: str, advice: str) -> UsageError:
    return UsageError(texts.text(sentence), texts.text(advice))


def _asked_side(face: Box, scale: float) -> int:
    """The longest side of a patch that is not larger than it is shown, in pixels; 0 for its own size."""
    if scale >= 1.0:
        return 0
    shown = _CHANGED * max(face[2:]) * scale
    return min(max(-(-int(shown) // _STEP) * _STEP, _LEAST_ASKED), _MOST_ASKED)


def _stride(box: Box, side: int) -> int:
    """Every how-manieth pixel is shown, so that the box has about ``side`` pixels at its longer side."""
    return max(1, max(box[2:]) // side)
