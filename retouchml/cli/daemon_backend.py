"""The daemon as a backend: what the command line uses in place of models in its own process.

Pictures go to the daemon, patches come back. They are laid on the photograph here, by the same functions as
in process, so that the result is the same to the bit.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from retouchml.cli.backend import Backend, BackendFactory, BackendPhoto
from retouchml.client import protocol, remotes
from retouchml.client.client import Client
from retouchml.client.retry import repeated
from retouchml.errors import (
    Busy,
    DaemonAbsent,
    LimitExceeded,
    UsageError,
    VersionMismatch,
)
from retouchml.progress import Cancel, Progress
from retouchml.results import Box

if TYPE_CHECKING:
    import numpy.typing as npt

    from retouchml.scripting.remote_photo import DaemonPhoto

Result = TypeVar("Result")
Warn = Callable[[str], None]
_STATUS_SECONDS = 10.0
_MOST_COMPANIONS = 16


def connect(
    model: str, device: str, warn: Warn, local: BackendFactory, *, start_options: Sequence[str] = ()
) -> "DaemonBackend | None":
    """The daemon as a backend, started if none runs; None if it cannot be used, with the reason to ``warn``.

    device: as ``--device`` takes it; ``auto`` is the daemon's own device. local: makes the backend for
    photographs that the daemon cannot take. Raises Refused, Busy, ModelError, DeviceError, and DaemonLost
    if a daemon does not answer.
    """
    client = Client(
        start=True,
        name="retouchml",
        interpreter=[sys.executable],
        start_options=start_options,
        same_version=True,
    )
    try:
        reason = _reason_against(client)
        if not reason:
            return DaemonBackend(client, model, "" if device == "auto" else device, warn, local).load()
        client.close()
    except BaseException:
        client.close()
        raise
    warn(f"{reason} The work is done in this process.")
    return None


def connect_remote(name: str, model: str, device: str, warn: Warn) -> "DaemonBackend":
    """The daemon of another machine as a backend.

    name: as ``client.remotes`` has it; device: as for ``connect``. Raises DaemonLost if nobody answers there,
    Refused if the key is not known there, VersionMismatch, UsageError, Busy, ModelError and DeviceError.
    """
    client = Client(name="retouchml", connection_file=remotes.path(name), same_version=True)
    try:
        client.connect()
        return DaemonBackend(client, model, "" if device == "auto" else device, warn, None).load()
    except BaseException:
        client.close()
        raise


def _reason_against(client: Client) -> str:
    """Why the daemon cannot be used, after connecting; "" if it can."""
    try:
        _with_retry(client.connect)
    except (DaemonAbsent, VersionMismatch, UsageError) as error:  # UsageError: the socket's path is too long
        return error.explain()
    return ""


class DaemonBackend:
    """The daemon as a ``Backend``. It holds one photo at a time: the next ``open`` closes the one before."""

    def __init__(
        self, client: Client, model: str, device: str, warn: Warn, local: BackendFactory | None
    ) -> None:
        """A backend that takes the model as it is; ``load`` asks the daemon for it.

        device: "" for the daemon's own; local: None if this machine shall not do the work
        """
        self._client = client
        self._device = device
        self._warn = warn
        self._make_local = local
        self._local: Backend | None = None
        self._companions: list[DaemonBackend] = []
        self._photo: DaemonPhoto | None = None
        self.model, self.device = model, device

    def load(self) -> "DaemonBackend":
        """Load the model in the daemon."""
        answer = _with_retry(lambda: self._client.edits(self.model, self._device).result())
        self.model, self.device = answer.model, answer.device
        return self

    def companions(self) -> "Sequence[DaemonBackend]":
        """As many as there are workers for its device, each with a connection of its own."""
        if not self._companions:
            workers = _with_retry(lambda: self._client.status().result(_STATUS_SECONDS)).workers
            fitting = [worker for worker in workers if worker.device == self._device] or workers
            for _ in fitting[:_MOST_COMPANIONS]:
                companion = DaemonBackend(
                    self._client.another(), self.model, self._device, self._warn, self._make_local
                )
                companion.device = self.device
                self._companions.append(companion)
        return self._companions

    def open(
        self,
        pixels: "npt.NDArray[Any]",
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> BackendPhoto:
        """The photo, held by the daemon, or by this process if it exceeds a limit of the protocol."""
        from retouchml.scripting.remote_photo import DaemonPhoto

        self.release()
        try:
            photo = DaemonPhoto(
                self._client, pixels, self.model, self._device, icc, _busy_advice, at=at, scorer=scorer
            )
            photo.open(progress, cancel)
        except LimitExceeded as error:
            if self._make_local is None:
                raise
            return self._local_backend(error.message).open(
                pixels, icc=icc, at=at, scorer=scorer, progress=progress, cancel=cancel
            )
        self.device = photo.device or self.device
        self._photo = photo
        if len(photo.faces) > protocol.LOOKS:
            reason = f"{len(photo.faces)} faces are more than the daemon retouches at once."
            if self._make_local is None:
                raise LimitExceeded(reason, "Add `--remote local`: this machine retouches any number.")
            return self._local_backend(reason).open(
                pixels, icc=icc, at=at, scorer=scorer, progress=progress, cancel=cancel
            )
        return photo

    @property
    def alone(self) -> bool:
        """Whether it is on another machine, in whose place this one does nothing."""
        return self._make_local is None

    def release(self) -> None:
        """Let the daemon free the photo."""
        if self._photo is not None:
            self._photo.close()
            self._photo = None

    def close(self) -> None:
        """Disconnect; the daemon frees the photo."""
        for companion in self._companions:
            companion.close()
        if self._photo is not None:
            self._photo.close()
        self._client.close()

    def _local_backend(self, reason: str) -> Backend:
        assert self._make_local is not None
        self._warn(f"{reason} The work is done in this process.")
        if self._local is None:
            self._local = self._make_local(self.model, self._device or "auto")
        return self._local


def _with_retry(work: Callable[[], Result]) -> Result:
    """The result of ``work``, repeated as ``Retry`` says; a Busy error also advises ``--no-daemon``."""
    with _busy_advice():
        return repeated(work)


@contextmanager
def _busy_advice() -> Iterator[None]:
    """A block whose Busy error also advises ``--no-daemon``."""
    try:
        yield
    except Busy as error:
        raise Busy(error.message, f"{error.advice} `--no-daemon` does without it.") from error
