"""``--watch FOLDER``: pictures as they arrive in a folder, such as those of a tethered camera.

The folder is listed again and again, which works on every file system, network shares included.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from retouchml.cli.batch.inputs import Input
from retouchml.cli.batch.journal import Stamp, stamp

_SECONDS = 1.0  # between two looks


@dataclass
class Arrivals:
    """Pictures that are whole, as far as can be told from outside.

    collect: lists the folder; wait: passes the time between two looks, and may raise to end

    A picture counts as whole when it was not empty and did not change between two looks. One that changes
    later is yielded again.
    """

    collect: Callable[[], tuple[Input, ...]]
    wait: Callable[[], None]
    _seen: dict[Input, Stamp] = field(default_factory=dict)
    _yielded: dict[Input, Stamp] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Input]:
        """Endless: it ends when ``wait`` raises."""
        while True:
            stamps = {each: stamp(each.path) for each in self.collect()}
            ready = [
                each
                for each, found in stamps.items()
                if found is not None
                and found[0] > 0
                and found == self._seen.get(each)
                and found != self._yielded.get(each)
            ]
            self._seen = {each: found for each, found in stamps.items() if found is not None}
            for each in ready:
                self._yielded[each] = self._seen[each]
                yield each
            self.wait()


def pause() -> None:
    """Wait until the next look; a signal ends it as it ends other work."""
    time.sleep(_SECONDS)
