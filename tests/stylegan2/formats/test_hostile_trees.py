"""Fuzzes what the readers make of a pickle: honest trees in which a few things are replaced by others.

Flipped bytes rarely leave a pickle whole; here it always is, and only what it says makes no sense.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from operator import setitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree, rosinality, torch_zip
from stylegan2.formats.pickle_tree import Call, Name
from stylegan2.formats.torch_values import STORAGE_NAMES
from stylegan2.loading import read_network
from tests.stylegan2.formats.hostile_files import DATA, ada_tree, checkpoint, tf_tree
from tests.stylegan2.formats.pickle_writer import dumps

pytestmark = pytest.mark.slow

Replace = Callable[[Any], None]

_ROSINALITY = memoryview((DATA / "tf32_skip_as_rosinality.pt").read_bytes())
_NAMES = {
    "tensorflow": ("dnnlib.tflib.network.Network", "numpy.dtype", "numpy.core.multiarray.scalar"),
    "ada": ("torch_utils.persistence._reconstruct_persistent_obj", "torch.storage._load_from_bytes"),
    "rosinality": ("torch._utils._rebuild_tensor_v2", "collections.OrderedDict", "torch.FloatStorage"),
}


def bomb() -> Any:
    """A tuple whose hash takes for ever."""
    value: Any = ()
    for _ in range(60):
        value = (value, value)
    return value


def odd_values(names: tuple[str, ...]) -> list[Any]:
    """What no reader expects, or not there."""
    allowed = [Name(*name.rsplit(".", 1)) for name in names]
    calls = [Call(name, args) for name in allowed for args in ((), (None,), ([],), (bomb(),), ({},))]
    plain = [None, True, -1, 0, 7, 1 << 39, 1.5, math.nan, "", "x", "256", b"", b"\x80\x02", (), [], {}]
    return [*plain, (1, 2), [1, 3, 3, 1], {"x": 1}, bomb(), *allowed, *calls]


def places(value: Any, replace: Replace, visited: set[int]) -> Iterator[tuple[Any, Replace]]:
    """Everything in a tree, with what puts something else in its place."""
    yield value, replace
    if id(value) in visited:
        return
    if isinstance(value, tuple | list | dict | Call):
        visited.add(id(value))
    inside: list[tuple[Any, Replace]] = []
    if isinstance(value, tuple):
        inside = [(part, partial(_replace_in_tuple, value, i, replace)) for i, part in enumerate(value)]
    elif isinstance(value, list):
        inside = [(part, partial(setitem, value, i)) for i, part in enumerate(value)]
    elif isinstance(value, dict):
        inside = [(part, partial(setitem, value, key)) for key, part in value.items()]
    elif isinstance(value, Call):
        names = ("args", "state", "items", "entries")
        inside = [(getattr(value, name), partial(setattr, value, name)) for name in names]
    for part, replace_part in inside:
        yield from places(part, replace_part, visited)


def _replace_in_tuple(whole: tuple[Any, ...], index: int, replace: Replace, new: Any) -> None:
    replace((*whole[:index], new, *whole[index + 1 :]))


def rosinality_tree() -> Any:
    archive = torch_zip.Archive(_ROSINALITY, "test")
    return pickle_tree.read(archive.pickle, STORAGE_NAMES | rosinality.ALLOWED, "test")[0]


@cache
def rosinality_storages() -> dict[str, bytes]:
    entries = torch_zip.Archive(_ROSINALITY, "test")._entries
    return {
        f"_{name.rpartition('/')[2]}": bytes(content) for name, content in entries.items() if "/data/" in name
    }


_KINDS: dict[str, tuple[Callable[[], Any], Callable[[Any], bytes]]] = {
    "tensorflow": (tf_tree, lambda tree: dumps(tree, 4)),
    "ada": (ada_tree, dumps),
    "rosinality": (rosinality_tree, lambda tree: checkpoint(tree, **rosinality_storages())),
}


def well_formed(call: Any) -> bool:
    """Whether a pickle can say it: arguments are a tuple, entries a dict."""
    return isinstance(call.args, tuple) and isinstance(call.items, list) and isinstance(call.entries, dict)


@pytest.mark.parametrize("kind", _KINDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_tree_with_odd_things_in_it_is_read_or_refused(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    make, write = _KINDS[kind]
    root = [make()]
    for _ in range(data.draw(st.integers(1, 3))):
        parts = list(places(root[0], lambda new: root.__setitem__(0, new), set()))
        # what lies deep is many times more; what lies near the root steers the reader
        near = st.integers(0, min(len(parts), 60) - 1)
        _, replace = parts[data.draw(near | st.integers(0, len(parts) - 1))]
        others = [*odd_values(_NAMES[kind]), *(value for value, _ in parts)]
        replace(others[data.draw(st.integers(0, len(others) - 1))])  # drawn by number: some have no end
    calls = [value for value, _ in places(root[0], lambda _: None, set()) if isinstance(value, Call)]
    assume(all(map(well_formed, calls)))
    path = tmp_path / "odd"
    try:
        path.write_bytes(write(root[0]))
    except (RecursionError, IndexError, AssertionError, AttributeError):
        assume(False)  # what no pickle can say
    with suppress(ModelCorrupt):
        read_network(path)
