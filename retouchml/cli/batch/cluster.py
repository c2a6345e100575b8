"""``--ray``: the pictures of a batch on the machines of a Ray cluster.

Which pictures, what is done already, the journal, the report and all that is written stay with this process;
the actors of ``cluster_worker`` do the work. Each actor has a thread here, which gives it pictures as
``cluster_tasks`` says: the next one is sent, and read there, while one is retouched. A picture whose actor
was lost, with its machine or without, is tried once more on whichever actor is free first, and is set aside
after the second loss. Ray places actors, starts machines for them where it may, and replaces lost actors.
"""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from retouchml.cli.batch.cluster_tasks import AT_ONCE, Task, Tasks
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
        workers = min(max(int(room), 1) if workers is None else workers, _MOST_WORKERS)
        # one more for each process, so that none waits for a file or for the order of results
        self.count = (AT_ONCE + 1) * workers
        self._options = options
        self._interrupt = context.interrupt.in_thread()
        self._make_actor: Callable[[], Any] = lambda: (
            ray.remote(ClusterWorker)
            .options(num_cpus=1, num_gpus=share, max_concurrency=AT_ONCE)
            .remote(make_backend)
        )
        self._tasks = Tasks()
        self._threads = [
            threading.Thread(target=self._serve, name=f"ray {number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, files: OutputFiles, read: "Future[bytes]") -> Ride:
        """Retouch a picture file whose content is being read."""
        ride = Ride()
        ride.progress("detect", 0.0, None)
        self._tasks.add(files, read, ride)
        return ride

    def wait(self, ride: Ride, show: Progress) -> Made:
        """What became of a picture. Raises its error, or Cancelled."""
        return ride.result(self._interrupt, show)

    def close(self) -> None:
        """End the actors, and the connection."""
        import ray

        self._interrupt.stop()
        self._tasks.close()
        for thread in self._threads:
            thread.join()
        ray.shutdown()

    def _serve(self) -> None:
        """Be the thread of one actor, which is replaced whenever it is lost."""
        refusals = 0
        while not self._interrupt.is_set():
            actor = None
            try:
                actor = self._make_actor()
                self._result(actor.ready.remote())
                refusals = 0
                self._feed(actor)
            except Cancelled:
                return
            except Exception as error:  # the models cannot be loaded, or the machine was lost meanwhile
                refusals += 1
                if refusals >= _ATTEMPTS:
                    self._tasks.refuse(_not_started(error))
                    refusals = 0
            finally:
                _end(actor)

    def _feed(self, actor: Any) -> None:
        """Give an actor pictures until it is lost, or there are no more. Raises Cancelled."""
        under_way: deque[tuple[Task, Any]] = deque()
        number = 0
        try:
            while True:
                self._interrupt.check()
                held = [each for each, _ in under_way]
                task = self._tasks.further(held) if held else self._tasks.first()
                if task is None and not held:
                    return  # there will be no more
                if task is not None:
                    if (reference := self._begin(actor, number, task)) is not None:
                        under_way.append((task, reference))
                        number += 1
                    continue
                if self._is_ready(under_way[0][1]) and not self._take(*under_way.popleft()):
                    _end(actor)  # if it lives, it may wait for a picture that it never got
                    return
        finally:
            for task, reference in under_way:
                self._take(task, reference)

    def _begin(self, actor: Any, number: int, task: Task) -> Any:
        """Send a picture, the ``number``-th of this actor; None if that is not possible."""
        files = task.files
        names = {option: target.name for option, target in files.by_option.items()}
        try:
            content = task.read.result()
            return actor.retouch.remote(number, files.source.name, content, names, self._options)
        except Exception as error:
            task.ride.done.set_exception(error)
            return None

    def _take(self, task: Task, reference: Any) -> bool:
        """What became of a picture; False if its actor was lost."""
        from ray.exceptions import RayError

        try:
            made = self._result(reference)
        except RayError:
            task.losses += 1
            if task.losses < _ATTEMPTS:
                self._tasks.again(task)
                return False
            advice = "It is set aside. Perhaps the machine is short of memory."
            source = task.files.source
            lost = WorkerLost(f"The retouching process ended unexpectedly, twice, at {source}.", advice)
            task.ride.done.set_exception(lost)
            return False
        except Exception as error:  # Cancelled too; nobody may wait for this picture for ever
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

        while not self._is_ready(reference):
            self._interrupt.check()
        return ray.get(reference)

    def _is_ready(self, reference: Any) -> bool:
        """Whether there is a value, or an error, soon."""
        import ray

        return bool(ray.wait([reference], timeout=_POLL_SECONDS)[0])


def _not_started(error: Exception) -> WorkerLost:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = f"A process of the cluster could not load the models: {lines[-1]}"
    return WorkerLost(reason, "See Ray's logs on that machine.")


def _end(actor: Any) -> None:
    """End an actor at once, whatever it is doing; it may be lost already."""
    import ray

    with suppress(Exception):
        ray.kill(actor)


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
    reason = reason.rstrip(".")
    return DaemonError(
        f"There is no Ray cluster at {address}: {reason}.",
        "Start it with `ray start`, and run this command on one of its machines.",
    )
