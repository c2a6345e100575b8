"""A photo that adds to a large one: a thread copies both, while the large one is closed already."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from daemon.memory.blocks import Block
from daemon.uploads import Uploads
from retouchml.errors import RetouchError

PATIENCE = 60.0
BASE = np.random.default_rng(0).integers(0, 256, 3 << 20).astype(np.uint8).tobytes()
MORE = b"more" * 1000


class Held:
    """Uploads whose thread begins once it may."""

    def __init__(self) -> None:
        self.may, self.woken = threading.Event(), threading.Event()
        self.threads: list[int] = []
        self.uploads = Uploads(self._wake)
        self.uploads._thread.submit(self.may.wait, PATIENCE)

    def _wake(self) -> None:
        self.threads.append(threading.get_ident())
        self.woken.set()


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.may.set()
    made.uploads.close()


def test_a_large_base_comes_first_though_it_is_closed_before_it_is_copied(held: Held) -> None:
    base = Block.of([BASE])
    outcomes: list[Block | RetouchError] = []
    held.uploads.copy(memoryview(MORE), outcomes.append, base.map())
    base.close()
    held.uploads.finish()
    assert outcomes == []  # nothing was copied in the main thread
    held.may.set()
    assert held.woken.wait(PATIENCE)
    held.uploads.finish()
    (block,) = outcomes
    assert isinstance(block, Block)
    assert block.size == len(BASE) + len(MORE)
    assert bytes(block.map()) == BASE + MORE
    assert threading.get_ident() not in held.threads
    block.close()


def test_a_small_photo_with_a_small_base_is_copied_at_once(held: Held) -> None:
    base = Block.of([BASE[:9]])
    outcomes: list[Block | RetouchError] = []
    held.uploads.copy(memoryview(MORE), outcomes.append, base.map())
    base.close()
    (block,) = outcomes
    assert isinstance(block, Block)
    assert bytes(block.map()) == BASE[:9] + MORE
    block.close()
