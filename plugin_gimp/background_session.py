"""The dialog's photo at the daemon, in a thread of its own, so that the dialog never waits.

Events are delivered to the dialog in GLib's main loop.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gi.repository import Gimp, GLib

from plugin_gimp.texts import _
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.client import Client
from retouchml.client.photo_session import Looks, PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import RetouchError
from retouchml.progress import Progress
from retouchml.results import Box, Face
from retouchml.system.failures import unexpected

_TURN_SECONDS = 0.015  # how long a request may wait while the thread waits for the daemon


@dataclass(frozen=True)
class Events:
    """The dialog's callbacks.

    progress: see ``retouchml.progress``; faces: called when they are known, and after each mark; patches:
    called with the looks that were requested, whether the patches are final and of full size, and the
    patches; failed: the work failed
    """

    progress: Progress
    faces: "Callable[[tuple[Face, ...]], None]"
    patches: "Callable[[Looks, bool, tuple[WirePatch, ...]], None]"
    failed: "Callable[[RetouchError], None]"


class BackgroundSession:
    """A ``PhotoSession`` in a thread, which opens the photo at once."""

    def __init__(
        self, picture: PixelFormat, pixels: bytes, events: Events, places: Sequence[Box] = ()
    ) -> None:
        """places: of faces that the search misses."""
        self._picture = picture
        self._places = tuple(places)
        self._pixels = pixels
        self._events = events
        # looks and the face that is shown; None: open the photo; a box: there is a face
        self._requests: queue.SimpleQueue[tuple[Looks, int] | Box | None] = queue.SimpleQueue()
        self._told: tuple[Face, ...] | None = None  # the faces that the dialog knows
        self._is_marking = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="retouchml-session")
        self.open()
        self._thread.start()

    def open(self) -> None:
        """Open the photo; to be called again after it failed."""
        self._requests.put(None)

    def mark(self, place: Box) -> None:
        """Say that there is a face at a place of the layer; ``faces`` is called again."""
        self._requests.put(place)

    def render(self, looks: Looks, shown: int) -> None:
        """Render these looks, that of the face ``shown`` first; an older request is dropped."""
        self._requests.put((looks, shown))

    def close(self, seconds: float = 2.0) -> None:
        """Stop the thread and the daemon's work for this photo; waits so many seconds at most."""
        self._closed.set()
        self._thread.join(seconds)

    def _deliver(self, event: "Callable[..., None]", *arguments: Any) -> None:
        def call() -> bool:
            if not self._closed.is_set():
                event(*arguments)
            return False

        GLib.idle_add(call)

    def _run(self) -> None:
        try:
            with Client(start=True, name=f"GIMP {Gimp.version()}", same_version=True) as client:
                session = self._new_session(client)
                while not self._closed.is_set():
                    self._start_newest_request(session)
                    client.process(_TURN_SECONDS)
        except RetouchError as error:
            self._deliver(self._events.failed, error)
        except Exception as error:
            self._deliver(self._events.failed, RetouchError(unexpected(error, _)))

    def _new_session(self, client: Client) -> PhotoSession:
        events, session = self._events, PhotoSession(client, self._picture, self._pixels, at=self._places)

        def on_opened(session: PhotoSession) -> None:
            # they are as many if the photo is opened again after a loss, unless a mark was lost with it
            if self._told is None or self._is_marking or len(session.faces) != len(self._told):
                self._deliver(events.faces, session.faces)
            self._told, self._is_marking = session.faces, False

        def on_rendered(looks: Looks, rendered: Rendered) -> None:
            self._deliver(events.patches, looks, True, rendered.patches)

        def on_error(error: RetouchError) -> None:
            self._is_marking = False
            self._deliver(events.failed, error)

        session.on_progress = lambda *progress: self._deliver(events.progress, *progress)
        session.on_opened = on_opened
        session.on_preview = lambda looks, patches: self._deliver(events.patches, looks, False, patches)
        session.on_rendered = on_rendered
        session.on_error = on_error
        return session

    def _start_newest_request(self, session: PhotoSession) -> None:
        if self._requests.empty():
            return
        newest: tuple[Looks, int] | None = None
        while not self._requests.empty():
            request = self._requests.get()
            if request is not None and len(request) == 4:
                self._is_marking = True
                session.mark(request)
                return  # the dialog requests the looks again when it knows the faces
            newest = request
        if newest is None:
            session.open()
        else:
            looks, shown = newest
            session.render(looks, size="both", refine=True, shown=shown)
