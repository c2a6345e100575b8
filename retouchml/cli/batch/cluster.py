"""``--ray``: the pictures of a batch on the machines of a Ray cluster.

Which pictures, what is done already, the journal, the report and all that is written stay with this process;
the actors of ``cluster_worker`` do the work. Each actor has a thread here, which gives it one picture at a
time. A picture whose actor was lost, with its machine or without, is tried once more on whichever actor is
free first, and is set aside after the second loss. Ray places actors, starts machines for them where it may,
and replaces lost actors.
"""

import itertools
import logging
import queue
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from retouchml.cli.batch.cluster_worker import ClusterWorker, MakeBackend
from retouchml.cli.batch.ride import Made, Ride
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options
from retouchml.client import host_port
from retouchml.errors import Cancelled, DaemonError, PictureUnsupported, RetouchError, UsageError, WorkerLost
from retouchml.progress import Progress

LOCAL = "local"
_ATTEMPTS = 2
_POLL_SECONDS = 0.2
_CONNECT_SECONDS = 3.0
_LARGEST_FILE = 1 << 30
_MOST_WORKERS = 1024


@dataclass(order=True)
class _Task:
    """A picture that waits for an actor; the order is that of the pictures."""

    number: int
    files: OutputFiles = field(compare=False)
    read: "Future[bytes]" = field(compare=False)
    ride: Ride = field(compare=False)
    losses: int = field(default=0, compare=False)


def check_installed() -> None:
    """Raise UsageError if there is no Ray."""
    try:
        import ray  # noqa: F401 (whether it is there is the question)
    except ImportError:
        raise UsageError("Ray is not installed.", "`pip install 'retouchml[ray]'` installs it.") from None


def read_bytes(files: OutputFiles) -> bytes:
    """The content of a picture file. Raises OSError and PictureUnsupported."""
    source = files.source
    if source.stat().st_size > _LARGEST_FILE:
        raise PictureUnsupported(f"{source} is larger than 1 GiB.", "Retouch it without `--ray`.")
    return source.read_bytes()


class Cluster:
    """The actors of one batch; a ``Pool``."""

    def __init__(
        self,
        address: str,
        options: Options,
        context: Context,
        make_backend: MakeBackend,
        *,
        workers: "int | None" = None,
        gpus: "float | None" = None,
    ) -> None:
        """Connect, and begin to start actors.

        address: of the cluster, ``LOCAL`` for one on this machine alone; workers: how many actors, None for
        as many as there is room for now; gpus: of each, None for 1 where there are any

        Raises DaemonError if there is no cluster.
        """
        import ray

        _connect(address)
        resources = ray.cluster_resources()
        share = (1.0 if resources.get("GPU") else 0.0) if gpus is None else gpus
        room = resources.get("GPU", 0.0) / share if share else resources.get("CPU", 1.0)
        self.count = min(max(int(room), 1) if workers is None else workers, _MOST_WORKERS)
        self._options = options
        self._interrupt = context.interrupt.in_thread()
        self._make_actor: Callable[[], Any] = lambda: (
            ray.remote(ClusterWorker).options(num_cpus=1, num_gpus=share).remote(make_backend)
        )
        self._tasks: queue.PriorityQueue[_Task] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._threads = [
            threading.Thread(target=self._serve, name=f"ray {number}", daemon=True)
            for number in range(self.count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, files: OutputFiles, read: "Future[bytes]") -> Ride:
        """Retouch a picture file whose content is being read."""
        ride = Ride()
        ride.progress("detect", 0.0, None)
        self._tasks.put(_Task(next(self._numbers), files, read, ride))
        return ride

    def wait(self, ride: Ride, show: Progress) -> Made:
        """What became of a picture. Raises its error, or Cancelled."""
        return ride.result(self._interrupt, show)

    def close(self) -> None:
        """End the actors, and the connection."""
        import ray

        self._interrupt.stop()
        for thread in self._threads:
            thread.join()
        ray.shutdown()

    def _serve(self) -> None:
        """Be the thread of one actor, which is replaced whenever it is lost."""
        actor, is_ready, refusals = None, False, 0
        while not self._interrupt.is_set():
            try:
                if actor is None:
                    actor, is_ready = self._make_actor(), False
                if not is_ready:
                    self._result(actor.ready.remote())
                    is_ready, refusals = True, 0
                task = self._tasks.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            except Cancelled:
                return
            except Exception as error:  # the models cannot be loaded, or the machine was lost meanwhile
                actor, refusals = None, refusals + 1
                if refusals >= _ATTEMPTS:
                    self._refuse(error)
                    refusals = 0
                continue
            try:
                if not self._retouch(task, actor):
                    actor = None
            except Cancelled as error:
                task.ride.done.set_exception(error)
                return

    def _refuse(self, error: Exception) -> None:
        """Fail the next picture: no actor can be started here."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        try:
            task = self._tasks.get_nowait()
        except queue.Empty:
            return
        reason = f"A process of the cluster could not load the models: {lines[-1]}"
        task.ride.done.set_exception(WorkerLost(reason, "See Ray's logs on that machine."))

    def _retouch(self, task: _Task, actor: Any) -> bool:
        """Let an actor retouch a picture; False if the actor was lost. Raises Cancelled."""
        from ray.exceptions import RayError

        try:
            content = task.read.result()
        except Exception as error:
            task.ride.done.set_exception(error)
            return True
        files = task.files
        names = {option: target.name for option, target in files.by_option.items()}
        try:
            made = self._result(actor.retouch.remote(files.source.name, content, names, self._options))
        except RayError:
            task.losses += 1
            if task.losses < _ATTEMPTS:
                self._tasks.put(task)
            else:
                advice = "It is set aside. Perhaps the machine is short of memory."
                lost = WorkerLost(
                    f"The retouching process ended unexpectedly, twice, at {files.source}.", advice
                )
                task.ride.done.set_exception(lost)
            return False
        except Cancelled:
            raise
        except Exception as error:  # nobody may wait for this picture for ever
            task.ride.done.set_exception(error)
            return False
        if isinstance(made, RetouchError):
            task.ride.done.set_exception(made)
        else:
            task.ride.done.set_result(made)
        return True

    def _result(self, reference: Any) -> Any:
        """The value of a reference. Raises Cancelled, and what Ray raises."""
        import ray

        while True:
            ready, _ = ray.wait([reference], timeout=_POLL_SECONDS)
            if ready:
                return ray.get(reference)
            self._interrupt.check()


def _connect(address: str) -> None:
    import ray

    if address not in (LOCAL, "auto"):
        # Ray itself would try for a minute and more
        host, port = host_port.parse(address.removeprefix("ray://"))
        try:
            socket.create_connection((host, port), _CONNECT_SECONDS).close()
        except OSError as error:
            raise _no_cluster(address, str(error.strerror or error)) from error
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
    try:
        if address == LOCAL:
            ray.init("local", **quiet)
        else:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_cluster(address, str(error).strip().splitlines()[0]) from error


def _no_cluster(address: str, reason: str) -> DaemonError:
    return DaemonError(
        f"There is no Ray cluster at {address}: {reason}.",
        "Start it with `ray start`, and run this command on one of its machines.",
    )
