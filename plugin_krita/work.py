"""The jobs, as steps: look at a layer, show a face before and after, put the result on a new layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from retouchml.client.answers import WirePatch
from retouchml.errors import NoFaceError, PhotoUnknown, UsageError
from retouchml.look import Look

from . import display, layers, messages, pixels
from .album import Album, Held
from .choice import carried
from .connection import Connection
from .layers import Source
from .pixels import Box
from .state import Image, Preview
from .steps import Awaited, Steps

_MARGIN = 0.55  # of a face's box, around it
_PREVIEW_SIDE = 560
_THUMBNAIL_SIDE = 112

Stage = Callable[[str, "float | None", "float | None"], None]


class Work:
    """Makes the steps of jobs. stage(name, fraction, remaining) is told how they get on."""

    def __init__(self, connection: Connection, album: Album, stage: Stage) -> None:
        self._connection = connection
        self._album = album
        self._stage = stage
        self.edits: tuple[str, ...] = tuple(messages.EDIT_NAMES)
        self.device = ""

    def photo(self, source: Source) -> Steps[Held]:
        """The layer as the daemon holds it; sent only where it is new or has changed.

        What was ticked and shown stays so, also where the user changes it meanwhile.
        Raises NoFaceError, LayerGone and what the daemon answers.
        """
        self._stage("read", None, None)
        format_ = source.color.sent_as.format(source.width, source.height)
        held = self._album.get(source.key)
        if (
            held is not None
            and held.format == format_
            and (yield from pixels.same(source, format_, held.pixels))
        ):
            data = held.pixels
        else:
            held, data = None, (yield from pixels.read(source, format_))
        if held is None or held.client is not self._connection.client:
            self._stage("connect", None, None)
            client = yield from self._wait(self._connection.open(start=True))
            self._stage("send", None, None)
            remote = yield from self._wait(client.open(format_, data))
            held = Held(source, format_, data, remote, client)
            thumbnails: list[Image] = []
            for face in remote.faces:
                box = _around(face.box, source)
                thumbnails.append((yield from _image(data, held, box, _THUMBNAIL_SIDE)))
            choice = carried(self._album.choice(source.key), [face.box for face in remote.faces])
            held = self._album.put(
                replace(held, thumbnails=tuple(thumbnails), chosen=choice.chosen, shown=choice.shown)
            )
            yield from self._learn(client, remote)
        if not held.remote.faces:
            raise NoFaceError(messages.text(messages.NO_FACE), messages.text(messages.NO_FACE_ADVICE))
        return self._album.get(source.key) or held

    def find(self, source: Source, look: Look) -> Steps[None]:
        """Look for faces and show one."""
        held = yield from self.photo(source)
        yield from self.preview(held, look)

    def preview(self, held: Held, look: Look) -> Steps[None]:
        """Show the face in question as it would become."""
        face = held.shown
        box = _around(held.remote.faces[face].box, held.source)
        every = _every(box, _PREVIEW_SIDE)
        before = yield from display.image(held.pixels, held.format, box, every)
        self._album.change(held.source.key, preview=Preview(before))
        (patch,) = yield from self._rendered(held, [face], look)
        after, at = None, (0, 0)
        if patch is not None:
            part, at = _part(patch.box, box, every)
            after = yield from display.image(patch.pixels, patch.picture, part, every)
        self._album.change(held.source.key, preview=Preview(before, after, at))

    def beautify(self, source: Source, look: Look, with_mask: bool) -> Steps[None]:
        """Put the result above the layer. Raises UsageError where there is nothing to do."""
        if look.untouched:
            raise UsageError(
                messages.text(messages.NOTHING_CHANGES), messages.text(messages.NOTHING_CHANGES_ADVICE)
            )
        held = yield from self.photo(source)
        faces = sorted(held.chosen)
        if not faces:
            raise UsageError(messages.text(messages.NONE_CHOSEN), messages.text(messages.NONE_CHOSEN_ADVICE))
        rendered = yield from self._rendered(held, faces, look)
        patches = tuple(patch for patch in rendered if patch is not None)
        if not patches:
            raise UsageError(messages.text(messages.UNCHANGED), messages.text(messages.UNCHANGED_ADVICE))
        self._stage("write", None, None)
        yield from layers.add_result(source, patches, with_mask)

    def _rendered(self, held: Held, faces: Sequence[int], look: Look) -> Steps[Sequence[WirePatch | None]]:
        """The patches of faces, None for one without; rendered anew only where the look is another."""
        missing = {face: look for face in faces if held.patches.get(face, (None,))[0] != look}
        if missing:
            self._stage("wait", None, None)
            try:
                answer = yield from self._wait(held.remote.render(missing))
            except PhotoUnknown:  # the daemon was restarted; the next try sends the layer again
                self._album.drop(held.source.key)
                raise
            by_face: Mapping[int, WirePatch] = {patch.face: patch for patch in answer.patches}
            held.patches.update({face: (look, by_face.get(face)) for face in missing})
        return [held.patches[face][1] for face in faces]

    def _learn(self, client: Any, remote: Any) -> Steps[None]:
        self.device = remote.device
        known = yield from self._wait(client.edits(remote.model))
        self.edits = tuple(str(each["name"]) for each in known)

    def _wait(self, awaited: Awaited) -> Steps[Any]:
        if hasattr(awaited, "on_progress"):
            awaited.on_progress = self._stage
        self._connection.nudge()
        result = yield awaited
        return result


def _around(face: Box, source: Source) -> Box:
    """A rectangle of the layer around a face, with some of its surroundings."""
    x, y, width, height = face
    margin = round(_MARGIN * max(width, height))
    left, top = max(0, x - margin), max(0, y - margin)
    right, bottom = min(source.width, x + width + margin), min(source.height, y + height + margin)
    return left, top, max(1, right - left), max(1, bottom - top)


def _part(patch: Box, box: Box, every: int) -> tuple[Box, tuple[int, int]]:
    """What of a patch lies in a box, in its own pixels, and where that begins in the thinned-out box."""
    x, y = (-(-max(0, patch[axis] - box[axis]) // every) for axis in (0, 1))
    left, top = box[0] + x * every, box[1] + y * every
    right = min(patch[0] + patch[2], box[0] + box[2])
    bottom = min(patch[1] + patch[3], box[1] + box[3])
    return (left - patch[0], top - patch[1], max(1, right - left), max(1, bottom - top)), (x, y)


def _every(box: Box, side: int) -> int:
    return max(1, max(box[2:]) // side)


def _image(data: bytearray, held: Held, box: Box, side: int) -> Steps[Image]:
    return display.image(data, held.format, box, _every(box, side))
