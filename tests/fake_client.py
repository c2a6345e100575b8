"""A client of the daemon without a daemon, its calls and its photos, for tests of what uses a client."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DaemonLost, RetouchError
from retouchml.look import Look
from retouchml.results import Box, Face

FACE = Face((2, 3, 8, 8), ((0.0, 0.0),) * 68, 3.0)


class FakeCall:
    """A call that ends when a test answers it."""

    def __init__(self, kind: str, **details: Any) -> None:
        self.kind, self.details = kind, details
        self.done = self.was_cancelled = False
        self.error: RetouchError | None = None
        self.on_progress: Any = None
        self.on_preview: Any = None
        self.on_done: Any = None
        self.on_cancel: Callable[[], None] = lambda: None
        self._value: Any = None

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self._value

    def cancel(self) -> None:
        self.was_cancelled = True
        self.on_cancel()

    def answer(self, value: Any) -> None:
        """End with a result, or with an error."""
        self.done = True
        if isinstance(value, RetouchError):
            self.error = value
        else:
            self._value = value
        self.on_done(self)


class FakePhoto:
    """A photo at the daemon."""

    model, device = "m", "cpu"

    def __init__(
        self, client: "FakeClient", faces: Sequence[Face] = (FACE,), needs: Sequence[Box] = ()
    ) -> None:
        self._client = client
        self.faces = tuple(faces)
        self.seconds = {"detect": 0.25}
        self.needs = tuple(needs)
        self.name = "p"
        self.closed = False

    def render(self, looks: Mapping[int, Look], **options: Any) -> FakeCall:
        return self._client.call("render", looks=looks, **options)

    def close(self) -> None:
        self.closed = True


class FakeClient:
    """Remembers its calls; ``script`` answers them as they are made, then ``reply``, else the test.

    error: raised by ``connect``
    """

    def __init__(self, *script: Any, error: Exception | None = None) -> None:
        self.script = list(script)
        self.calls: list[FakeCall] = []
        self.photos: list[FakePhoto] = []
        self.is_connected = False
        self.connections = 0
        self.remote = ""
        self.takes_parts = False
        self.fallback_reason: RetouchError | None = None
        self._error = error
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def connect(self) -> None:
        if self._error is not None:
            raise self._error
        self.connections += 1
        self.is_connected = True

    def close(self) -> None:
        self.is_connected = False

    def fileno(self) -> int:
        return 7 if self.is_connected else -1

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timers.append((time.monotonic() + seconds, callback))

    @property
    def has_timers(self) -> bool:
        return bool(self._timers)

    def process(self, _wait: float = 0.0) -> None:
        now = time.monotonic()
        due = [callback for at, callback in self._timers if at <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for callback in due:
            callback()

    def open(self, _picture: PixelFormat, pixels: memoryview, **options: Any) -> FakeCall:
        return self.call("open", pixels=bytes(pixels), **options)

    def call(self, kind: str, **details: Any) -> FakeCall:
        call = FakeCall(kind, **details)
        self.calls.append(call)
        value = self.script.pop(0) if self.script else self.reply(call)
        if isinstance(value, type) and issubclass(value, DaemonLost):
            self.is_connected = False
        if value is not None:
            self.after(0.0, partial(call.answer, self._made(value)))
        return call

    def reply(self, _call: FakeCall) -> Any:
        """The answer to a call beyond the script: a result, an error, its class, "photo", or None."""
        return None

    def photo(self) -> FakePhoto:
        self.photos.append(FakePhoto(self))
        return self.photos[-1]

    @property
    def kinds(self) -> list[str]:
        return [call.kind for call in self.calls]

    def _made(self, value: Any) -> Any:
        if value == "photo":
            return self.photo()
        return value("It failed.") if isinstance(value, type) else value
