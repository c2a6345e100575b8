"""Drawn faces with what instruments see of them, measured once and kept in the cache folder."""

import atexit
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.taste.faces import DrawnFaces
from pipeline.taste.measuring import Instruments
from pipeline.taste.representation import Floats, Representation, Seen, stacked
from pipeline.training.tables import load_table, save_table
from retouchml.paths import cache_dir

_VERSION = 1  # of the measurements
_KEEP_EVERY = 50  # faces
_COLUMNS = tuple(field.name for field in fields(Seen))


@dataclass(frozen=True)
class _Kept:
    """A table of N faces: their numbers, and the columns of ``Seen``."""

    numbers: NDArray[np.int64]
    attributes: NDArray[np.float32]
    descriptor: NDArray[np.float32]
    shape: NDArray[np.float32]
    chip: NDArray[np.float32]


class Gallery:
    """The faces of one seed; may be used by several threads."""

    def __init__(self, faces: DrawnFaces) -> None:
        self.faces = faces
        self._lock = threading.Lock()
        self._measuring = threading.Lock()
        self._ending = threading.Event()
        self._path = cache_dir() / "faces" / f"{faces.generator.latents.name}-{faces.seed}-v{_VERSION}.npz"
        self._seen: dict[int, Seen] = {}
        kept = load_table(self._path, _Kept)
        if kept is not None:
            for row, number in enumerate(kept.numbers):
                self._seen[int(number)] = Seen(*(getattr(kept, name)[row] for name in _COLUMNS))

    def load_instruments(self) -> None:
        """Load what measures, which is otherwise loaded when it is first needed.

        Raises ModelMissing or ModelCorrupt.
        """
        _ = self._instruments

    def measure(
        self, numbers: Iterable[int], progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> None:
        """Measure the faces that were not yet. Raises ModelMissing or ModelCorrupt."""
        with self._measuring:
            left = [number for number in dict.fromkeys(numbers) if number not in self._seen]
            for done, number in enumerate(left, 1):
                if self._ending.is_set():
                    return
                progress(done, len(left))
                seen = self._instruments.see(self.faces.shown(number))
                with self._lock:
                    self._seen[number] = seen
                if done % _KEEP_EVERY == 0 or done == len(left):
                    self._keep()

    def measure_in_background(self, numbers: Iterable[int]) -> None:
        """The same in a thread that ends with the process, after the face at hand."""
        thread = threading.Thread(target=self.measure, args=(tuple(numbers),), daemon=True)
        thread.start()
        # A thread that computes while the interpreter is taken down would abort the process.
        atexit.register(self._end, thread)

    def _end(self, thread: threading.Thread) -> None:
        self._ending.set()
        thread.join()

    def seen(self, numbers: Sequence[int]) -> Seen:
        """What was measured of faces, with an axis [N] in front."""
        with self._lock:
            each = [self._seen[number] for number in numbers]
        return stacked(each)

    def features(self, representation: Representation) -> tuple[Sequence[int], Floats]:
        """Numbers [F] and features [F, P] of all faces that are measured by now."""
        with self._lock:
            numbers = sorted(self._seen)
        if not numbers:
            return (), np.zeros((0, len(representation.mean)))
        return numbers, representation.measured(self.seen(numbers))

    @cached_property
    def _instruments(self) -> Instruments:
        return Instruments.load()

    def _keep(self) -> None:
        with self._lock:
            numbers = sorted(self._seen)
        seen = self.seen(numbers)
        save_table(
            self._path, _Kept(np.array(numbers, np.int64), *(getattr(seen, name) for name in _COLUMNS))
        )
