"""How a photo session uploads its photograph: at once, or over a network no more than is needed by then.

First comes a sketch, the whole photograph halved, in which the daemon looks for faces, and of which a first
preview is made; then the windows whose own pixels decide about the faces, as the daemon's answer says. The
result is the same to the bit as of all pixels. All of them are sent where no face was found, and wherever
the daemon lacks more (``pipeline.reach`` says which those are).
"""

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypedDict

from retouchml.client import photo_parts
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.remote_photo import RemotePhoto
from retouchml.errors import RetouchError
from retouchml.results import Box, Face
from retouchml.system.failures import unexpected

_LARGE = 1 << 20  # bytes of a photo; a smaller one is sent as it is
_LOW = 10  # of nice(2)
_OFF_CENTRE = 0.2  # of a place's sides; a face whose middle is nearer to its middle is seen there


class Names(TypedDict):
    """Of the model, the device and the scorer, as ``Client.open`` takes them."""

    model: str
    device: str
    scorer: str


class Packing:
    """Parts of a photograph that a thread packs, so that no event loop waits for it."""

    def __init__(
        self,
        parts: Sequence[Part],
        picture: PixelFormat,
        pixels: "bytes | bytearray | memoryview",
        *,
        is_urgent: bool = True,
    ) -> None:
        """is_urgent: whether somebody waits for it; else it leaves the processor to whoever is at work."""
        self.parts: tuple[Part, ...] = ()
        self.content = b""
        self.error: RetouchError | None = None
        self._stopped = threading.Event()
        self._is_urgent = is_urgent
        self._thread = threading.Thread(
            target=self._pack, args=(parts, picture, pixels), daemon=True, name="retouchml-packing"
        )
        try:
            self._thread.start()
        except RuntimeError as error:  # the system allows no more threads
            self.error = RetouchError(unexpected(error), "Try again.")

    @property
    def done(self) -> bool:
        """Whether ``parts``, which know their sizes now, and ``content`` are there."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Stop soon: the result is not needed."""
        self._stopped.set()

    def _pack(
        self, parts: Sequence[Part], picture: PixelFormat, pixels: "bytes | bytearray | memoryview"
    ) -> None:
        if not self._is_urgent and sys.platform == "linux":  # where a thread has a priority of its own
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOW)
        sized, contents = [], []
        try:
            for part in parts:
                pieces = []
                for piece in photo_parts.packed(part, picture, pixels):
                    if self._stopped.is_set():
                        return
                    pieces.append(piece)
                contents += pieces
                sized.append(replace(part, size=sum(map(len, pieces))))
            self.content = b"".join(contents)
        except RetouchError as error:  # this is a thread: the session raises it
            self.error = error
        except Exception as error:
            self.error = RetouchError(unexpected(error), "Try again.")
        self.parts = tuple(sized)


class SparingUpload:
    """What is sent of one photograph, and what the daemon has of it.

    is_sketch: whether it has the photograph halved alone; was_spared: whether it came in parts, so that its
    faces are to be compared with those known before
    """

    def __init__(
        self,
        picture: PixelFormat,
        pixels: "bytes | bytearray | memoryview",
        icc: bytes,
        names: Names,
        *,
        spares: bool,
        previews: bool,
    ) -> None:
        """previews: whether faces may be told of a sketch already, so that a preview of it comes soon"""
        self.is_sketch = self.was_spared = False
        self._picture, self._pixels, self._icc, self._names = picture, pixels, icc, names
        self._spares, self._previews = spares, previews
        self._needs: tuple[Box, ...] = ()
        self._sent: tuple[Part, ...] = ()
        self._sending: tuple[Part, ...] = ()

    def begin(self, client: Client, at: Sequence[Box]) -> "Packing | None":
        """What is sent first, being packed; None for the pixels as they are, which ``send`` sends.

        at: places of faces that the search may miss
        """
        self.is_sketch, self._sent, self._needs = False, (), ()
        self.was_spared = self._spares and client.takes_parts and self._picture.size >= _LARGE
        if not self.was_spared:
            return None
        sketch = None if at or self._icc else photo_parts.sketch(self._picture)
        return self._packing((sketch or photo_parts.whole(self._picture),))

    def more(self) -> Packing:
        """What is sent next, being packed: the windows that the daemon lacks, or all pixels."""
        whole = (photo_parts.whole(self._picture),)
        if not self.is_sketch or not self._needs:
            return self._packing(whole)
        windows = photo_parts.windows(self._needs, self._picture, self._sent[0].reduced)
        return self._packing(windows, is_urgent=not self._previews)  # one of the sketch is made meanwhile

    def adds(self, packing: Packing) -> bool:
        """Whether what was packed adds to what the daemon has, and is not all of the photograph."""
        return bool(packing.parts) and packing.parts[0].box != photo_parts.whole(self._picture).box

    def send(
        self, client: Client, packing: "Packing | None", base: "RemotePhoto | None", at: Sequence[Box]
    ) -> Call[RemotePhoto]:
        """Open the photograph with what was packed. base: the photo that it adds to. Raises as
        ``Client.open``."""
        if packing is None:
            return client.open(self._picture, memoryview(self._pixels), icc=self._icc, at=at, **self._names)
        if packing.error is not None:
            raise packing.error
        picture = replace(self._picture, stride=0)  # in parts, rows have no gap
        adds = self.adds(packing)
        name = base.name if adds and base is not None else ""
        self._sending = (*self._sent, *packing.parts) if adds else packing.parts
        content = memoryview(packing.content)
        return client.open(
            picture, content, icc=self._icc, at=at, parts=packing.parts, base=name, **self._names
        )

    def opened(self, photo: RemotePhoto) -> None:
        """Note what the daemon has now, and what it lacks."""
        self._sent, self._needs = self._sending, photo.needs
        self.is_sketch = bool(self._sent) and all(part.reduced > 1 for part in self._sent)
        self._sending = ()

    def is_enough(self, faces: Sequence[Face]) -> bool:
        """Whether these faces can be told: of a sketch, those that are there without any doubt."""
        if self.is_sketch and not self._previews:
            return False
        if not self.is_sketch:
            return not self._needs or photo_parts.whole(self._picture).box in photo_parts.exact_boxes(
                self._sent
            )
        return bool(faces) and all(any(_shows(box, face.box) for face in faces) for box in self._needs)

    def _packing(self, parts: Sequence[Part], *, is_urgent: bool = True) -> Packing:
        return Packing(parts, self._picture, self._pixels, is_urgent=is_urgent)


def _shows(place: Box, face: Box) -> bool:
    """Whether a place is looked at for this face, not for one beside it: their middles are close."""
    return all(
        abs(place[axis] + place[axis + 2] / 2 - face[axis] - face[axis + 2] / 2)
        <= _OFF_CENTRE * place[axis + 2]
        for axis in (0, 1)
    )
