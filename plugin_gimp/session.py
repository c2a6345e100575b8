"""Talks to the daemon in a thread of its own, so that the dialog never waits.

What happens comes to the dialog as events, in GLib's main loop.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gi.repository import Gimp, GLib

from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.client import Call, Client, RemotePhoto
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DaemonError, DaemonGone, PhotoUnknown, RetouchError, Superseded
from retouchml.look import Look
from retouchml.results import Face

_TURN_SECONDS = 0.04  # how long a wish may wait while the thread listens to the daemon


@dataclass(frozen=True)
class Events:
    """What the dialog is told. ``patches``: of which wish, whether they are full, and the patches."""

    progress: "Callable[[str, float, float | None], None]"
    faces: "Callable[[tuple[Face, ...]], None]"
    patches: "Callable[[Mapping[int, Look], bool, tuple[WirePatch, ...]], None]"
    failed: "Callable[[RetouchError], None]"


class Session:
    """One photo at the daemon, from the dialog's opening to its end."""

    def __init__(self, picture: PixelFormat, pixels: bytes, events: Events) -> None:
        self._picture = picture
        self._pixels = pixels
        self._events = events
        self._wishes: queue.SimpleQueue[Mapping[int, Look] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._lost: Mapping[int, Look] | None = None  # to be begun again, since the daemon was lost
        self._thread = threading.Thread(target=self._run, daemon=True, name="retouchml-session")
        self._thread.start()

    def render(self, looks: "Mapping[int, Look]") -> None:
        """Wish for these looks; an older wish is dropped. Without looks: only try the daemon again."""
        self._wishes.put(looks)

    def close(self, seconds: float = 2.0) -> None:
        """End it: the daemon stops what it does for this photo."""
        self._over.set()
        self._wishes.put(None)
        self._thread.join(seconds)

    def _tell(self, event: "Callable[..., None]", *facts: Any) -> None:
        def deliver() -> bool:
            if not self._over.is_set():
                event(*facts)
            return False

        GLib.idle_add(deliver)

    def _run(self) -> None:
        try:
            with Client(start=True, name=f"GIMP {Gimp.version()}") as client:
                while (photo := self._opened(client)) is None:
                    self._wishes.get()  # the next one is another try
                    if self._over.is_set():
                        return
                self._tell(self._events.faces, photo.faces)
                self._listen(client, photo)
        except RetouchError as error:
            self._tell(self._events.failed, error)
        except Exception as error:
            self._tell(self._events.failed, RetouchError(f"This should not have happened ({error!r})."))

    def _opened(self, client: Client) -> "RemotePhoto | None":
        """The photo, or None where the daemon failed, or the dialog has ended meanwhile."""
        try:
            self._tell(self._events.progress, "connect", 0.0, None)
            opening = client.open(self._picture, self._pixels)
            opening.on_progress = self._on_progress
            return opening.result() if self._follow(client, opening) else None
        except DaemonError as error:
            self._tell(self._events.failed, error)
            return None

    def _follow(self, client: Client, call: "Call[Any]") -> bool:
        """Until the call ends; whether it did before the dialog."""
        while not call.done and not self._over.is_set():
            client.process(_TURN_SECONDS)
        return call.done

    def _listen(self, client: Client, photo: RemotePhoto) -> None:
        while not self._over.is_set():
            lost, self._lost = self._lost, None
            wish = self._newest_wish() or lost
            if wish is not None:
                self._try(photo, wish, reopen=lost is not None)
            client.process(_TURN_SECONDS)

    def _try(self, photo: RemotePhoto, looks: "Mapping[int, Look]", reopen: bool) -> None:
        """Begin with these looks. What stands against it is told, and the next wish may be granted."""
        try:
            if reopen:
                photo.reopen()
            # once: a picture may be what ends the daemon
            self._start(photo, looks, again=not reopen)
        except RetouchError as error:
            self._tell(self._events.failed, error)

    def _newest_wish(self) -> "Mapping[int, Look] | None":
        newest = None
        while not self._wishes.empty():
            newest = self._wishes.get()
        return newest

    def _start(self, photo: RemotePhoto, looks: "Mapping[int, Look]", again: bool) -> None:
        call = photo.render(looks, size="both")
        call.on_progress = self._on_progress
        call.on_preview = lambda result: self._tell(self._events.patches, looks, False, result.patches)
        call.on_done = lambda ended: self._finish(looks, ended, again)

    def _finish(self, looks: "Mapping[int, Look]", call: "Call[Rendered]", again: bool) -> None:
        error = call.error
        if error is None:
            self._tell(self._events.patches, looks, True, call.result().patches)
        elif isinstance(error, (PhotoUnknown, DaemonGone)) and again:
            self._lost = looks  # the daemon was restarted, or will be
        elif not isinstance(error, Superseded):
            self._tell(self._events.failed, error)

    def _on_progress(self, stage: str, fraction: float, left: "float | None") -> None:
        self._tell(self._events.progress, stage, fraction, left)
