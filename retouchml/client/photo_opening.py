"""Brings one photograph to the daemon, step by step, and keeps what the daemon has of it.

A ``PhotoSession`` connects, says when the next step is due, and takes its errors.
"""

from collections.abc import Callable, Sequence

from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.face_numbers import FaceNumbers
from retouchml.client.remote_photo import RemotePhoto
from retouchml.client.sparing_upload import Packing, SparingUpload
from retouchml.errors import RetouchError, UsageError
from retouchml.progress import Progress
from retouchml.results import Box

PACKING_SECONDS = 0.01
"""Between two looks whether a thread has packed what is sent next."""


class PhotoOpening:
    """One photograph on its way to the daemon.

    photo: None while the daemon has nothing of it; numbers: its faces, under the numbers that they keep
    """

    def __init__(
        self,
        upload: SparingUpload,
        at: Sequence[Box],
        *,
        report: Progress,
        on_opened: Callable[[RemotePhoto], None],
        on_next: Callable[[], None],
        on_error: Callable[[RetouchError], None],
    ) -> None:
        """at: places of faces that the search may miss; report: called with progress, as the daemon sends it.

        on_opened: the faces are known, also again, after more was sent; on_next: the next step is due, soon
        or at once; on_error: a step failed
        """
        self.photo: RemotePhoto | None = None
        self.numbers = FaceNumbers()
        self._upload, self._at = upload, tuple(at)
        self._known = len(self._at)  # how many of these the daemon has taken, or were given from the start
        self._report, self._on_opened, self._on_next, self._on_error = report, on_opened, on_next, on_error
        self._packing: Packing | None = None
        self._call: Call[RemotePhoto] | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether something is being packed or sent."""
        return self._packing is not None or self._call is not None

    @property
    def is_sketch(self) -> bool:
        """Whether the daemon has the photograph halved alone."""
        return self._upload.is_sketch

    @property
    def tells_faces(self) -> bool:
        """Whether the daemon has enough of the photograph to tell its faces."""
        return self.photo is not None and self._upload.is_enough(self.photo.faces)

    def begin(self, client: Client) -> None:
        """Send the photograph, or first a sketch of it. Raises as ``Client.open``."""
        packing = self._upload.begin(client, self._at)
        if packing is None:
            self._report("send", 0.0, None)
            self._await(self._upload.send(client, None, None, self._at), client)
        else:
            self._pack(packing, client)

    def go_on(self, client: Client) -> None:
        """Send what the daemon lacks."""
        self._pack(self._upload.more(), client)

    def mark(self, place: Box) -> None:
        """A place of one more face, for the next beginning."""
        self._at = (*self._at, place)

    def forget_refused(self, error: RetouchError) -> None:
        """Forget a marked place without room for a face, which an error is about."""
        if self.photo is None and isinstance(error, UsageError) and len(self._at) > self._known:
            self._at = self._at[:-1]

    def stop(self) -> "Call[RemotePhoto] | None":
        """Pack and send no more; the call that was cancelled, if there was one."""
        packing, self._packing = self._packing, None
        if packing is not None:
            packing.stop()
        call, self._call = self._call, None
        if call is not None:
            call.on_progress = None
            call.cancel()
        return call

    def close(self) -> None:
        """Let the daemon forget the photograph."""
        photo, self.photo = self.photo, None
        if photo is not None:
            photo.close()

    def _pack(self, packing: Packing, client: Client) -> None:
        self._report("send", 0.0, None)
        self._packing = packing
        client.after(PACKING_SECONDS, lambda: self._send_packed(packing, client))

    def _send_packed(self, packing: Packing, client: Client) -> None:
        """Send what was packed, as soon as it is."""
        if packing is not self._packing:
            return
        if not client.is_connected:
            self.stop()
            self._on_next()  # which connects
        elif not packing.done:
            client.after(PACKING_SECONDS, lambda: self._send_packed(packing, client))
        else:
            self._packing = None
            if not self._upload.adds(packing):
                self.close()  # the sketch, before all pixels come: the daemon would count both
            try:
                self._await(self._upload.send(client, packing, self.photo, self._at), client)
            except RetouchError as error:
                self._on_error(error)

    def _await(self, call: Call[RemotePhoto], client: Client) -> None:
        self._call = call
        call.on_progress = self._report
        call.on_done = lambda ended: self._on_photo(ended, client)

    def _on_photo(self, call: Call[RemotePhoto], client: Client) -> None:
        if call is not self._call:  # cancelled, but the answer was under way
            if call.error is None:
                call.result().close()
            return
        self._call = None
        if call.error is not None:
            self._on_error(call.error)
            return
        before, photo = self.photo, call.result()
        self.photo = photo
        if before is not None:
            before.close()
        self._upload.opened(photo)
        if not self._upload.is_enough(photo.faces):
            client.after(0.0, self._on_next)
            return
        self._known = len(self._at)
        self.numbers = self.numbers.with_faces(photo.faces)
        self._on_opened(photo)
