"""The dialog's photo at the daemon, in a thread of its own, so that the dialog never waits.

Events are delivered to the dialog in GLib's main loop. The thread never calls GIMP: see ``editor``.
"""

import contextlib
import mmap
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gi.repository import GLib

from plugin_gimp import editor
from plugin_gimp.texts import _
from retouchml.client import machines_page
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.client import Client
from retouchml.client.machines_page import Said
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.render_request import Looks
from retouchml.errors import RetouchError, UsageError
from retouchml.progress import Progress
from retouchml.results import Box, Face, FaceReport
from retouchml.system.failures import unexpected

_DRAWN_MS = 5000  # after which the dialog is drawn, or out of sight
_TURN_SECONDS = 0.015  # how long a request may wait while the thread waits for the daemon
_IDLE_SECONDS = 0.1  # how long the daemon's pings may wait while nothing is awaited from it


@dataclass(frozen=True)
class Events:
    """The dialog's callbacks.

    progress: see ``retouchml.progress``; faces: called when they are known, after each mark, and when more is
    known of them, with the places of the marks that this answers; patches: called with the looks that were
    requested, whether the patches are final and of full size, the patches, and what was measured, if that was
    asked for; failed: the work failed; machine: which one does the work, whenever the photo was opened
    """

    progress: Progress
    faces: "Callable[[tuple[Face, ...], tuple[Box, ...]], None]"
    patches: "Callable[[Looks, bool, tuple[WirePatch, ...], tuple[FaceReport, ...]], None]"
    failed: "Callable[[RetouchError], None]"
    machine: "Callable[[Said], None]"


@dataclass(frozen=True)
class _Render:
    """The request for these looks; shown: the face that is; reports: whether to measure what they do."""

    looks: Looks
    shown: int
    reports: bool


class _Move:
    """The request to work on another machine."""


_Request = _Render | Box | _Move | None
"""None: open the photo; a box: there is a face."""


class BackgroundSession:
    """A ``PhotoSession`` in a thread, which opens the photo as soon as its pixels are there.

    The thread connects to the daemon meanwhile.
    """

    def __init__(self, picture: PixelFormat, events: Events, places: Sequence[Box] = ()) -> None:
        """places: of faces that the search misses."""
        self._picture = picture
        self._editor = editor.name()
        self._places = tuple(places)
        self._pixels = memoryview(b"")
        self._has_pixels = threading.Event()
        self._parts: Iterator[tuple[int, bytes]] | None = None  # which are still to be read
        self._reading = 0
        self._events = events
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._told: tuple[Face, ...] | None = None  # the faces that the dialog knows
        self._marking: tuple[Box, ...] = ()  # marks without an answer
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="retouchml-session")
        self.open()

    def start(self, parts: "Iterator[tuple[int, bytes]]") -> None:
        """Start the thread, and read the pixels: parts of them, each with its first byte's place.

        They are read in the main loop, as GIMP requires, from ``read`` on, or after a while without it.
        """
        # cleared by the system where it is written first: to clear all of it now would hold the dialog
        self._pixels = memoryview(mmap.mmap(-1, self._picture.size))
        self._parts = parts
        self._thread.start()
        self._reading = GLib.timeout_add(_DRAWN_MS, self._begin_to_read)

    def read(self) -> None:
        """Read the pixels now: the dialog is drawn."""
        if self._parts is not None:
            GLib.source_remove(self._reading)
            self._begin_to_read()

    def _begin_to_read(self) -> bool:
        # Before drawing: on a busy machine a moving progress bar would never let it come to its turn.
        self._reading = GLib.idle_add(self._read, self._parts, priority=GLib.PRIORITY_HIGH_IDLE)
        self._parts = None
        return False

    def _read(self, parts: "Iterator[tuple[int, bytes]]") -> bool:
        """Read a part of the layer; called again until nothing is left."""
        try:
            for start, pixels in parts:
                self._pixels[start : start + len(pixels)] = pixels
                return True
        except Exception as error:  # GLib would swallow it
            self._deliver(self._events.failed, RetouchError(unexpected(error, _)))
        else:
            self._has_pixels.set()
        self._reading = 0
        return False

    def open(self) -> None:
        """Open the photo; to be called again after it failed."""
        self._requests.put(None)

    def mark(self, place: Box) -> None:
        """Say that there is a face at a place of the layer; ``faces`` is called again."""
        self._requests.put(place)

    def render(self, looks: Looks, shown: int, *, reports: bool = False) -> None:
        """Render these looks, that of the face ``shown`` first; an older request is dropped.

        reports: whether score and identity are measured
        """
        self._requests.put(_Render(looks, shown, reports))

    def move(self) -> None:
        """Work where and by whose taste the settings say now; the looks have to be requested again."""
        self._requests.put(_Move())

    def close(self, seconds: float = 2.0) -> None:
        """Stop the thread and the daemon's work for this photo; waits so many seconds at most."""
        self._closed.set()
        self._has_pixels.set()
        self._requests.put(None)  # which ends a wait for one
        self._parts = None
        if self._reading:
            GLib.source_remove(self._reading)
            self._reading = 0
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _deliver(self, event: "Callable[..., None]", *arguments: Any) -> None:
        def call() -> bool:
            if not self._closed.is_set():
                event(*arguments)
            return False

        GLib.idle_add(call)

    def _run(self) -> None:
        session: PhotoSession | None = None
        try:
            session = self._new_session(self._new_client())
            with contextlib.suppress(RetouchError):  # the session says it, and tries again
                session.client.connect()
            self._has_pixels.wait()
            while not self._closed.is_set():
                self._start_newest_request(session)
                session.client.process(0.0 if _is_idle(session) else _TURN_SECONDS)
        except RetouchError as error:
            self._deliver(self._events.failed, error)
        except Exception as error:
            self._deliver(self._events.failed, RetouchError(unexpected(error, _)))
        finally:
            if session is not None:
                session.client.close()

    def _new_session(self, client: Client) -> PhotoSession:
        events = self._events
        session = PhotoSession(
            client,
            self._picture,
            self._pixels,
            at=self._places,
            scorer=machines_page.scorer(),
            spares=True,
            previews=True,
        )

        def on_opened(session: PhotoSession) -> None:
            # they are the same if the photo is opened again after a loss; over a network more is known later
            if self._marking or session.faces != self._told:
                self._deliver(events.faces, session.faces, self._marking)
            self._told, self._marking = session.faces, ()
            self._deliver(events.machine, machines_page.at_work(session.client))

        def on_rendered(looks: Looks, rendered: Rendered) -> None:
            self._deliver(events.patches, looks, True, rendered.patches, rendered.report)

        def on_error(error: RetouchError) -> None:
            if isinstance(error, UsageError):
                self._marking = self._marking[:-1]  # so does the session
            self._deliver(events.machine, Said(""))
            self._deliver(events.failed, error)

        session.on_progress = lambda *progress: self._deliver(events.progress, *progress)
        session.on_opened = on_opened
        session.on_preview = lambda looks, patches: self._deliver(events.patches, looks, False, patches, ())
        session.on_rendered = on_rendered
        session.on_error = on_error
        return session

    def _taken(self, session: PhotoSession) -> "Iterator[_Request]":
        """What was requested since the last turn; while no work is under way, a request ends the turn."""
        if _is_idle(session):
            with contextlib.suppress(queue.Empty):
                yield self._requests.get(timeout=_IDLE_SECONDS)
        while not self._requests.empty():
            yield self._requests.get()

    def _start_newest_request(self, session: PhotoSession) -> None:
        newest: _Request = None
        is_asked = False
        for request in self._taken(session):
            is_asked = True
            if isinstance(request, _Move):
                newest = None
                session.close()
                session.client.close()
                session.set_scorer(machines_page.scorer())
                session.client = self._new_client()  # it opens the photo again
            elif isinstance(request, tuple):
                self._marking += (request,)
                session.mark(request)
                return  # the dialog requests the looks again when it knows the faces
            else:
                newest = request
        if self._closed.is_set():
            return  # nobody waits for an answer; to open would begin a daemon that has ended
        if isinstance(newest, _Render):
            session.render(newest.looks, size="both", report=newest.reports, refine=True, shown=newest.shown)
        elif is_asked:
            session.open()

    def _new_client(self) -> Client:
        return machines_page.new_client(self._editor)


def _is_idle(session: PhotoSession) -> bool:
    """Whether nothing is awaited from the daemon but pings."""
    return session.done and not session.client.has_timers
