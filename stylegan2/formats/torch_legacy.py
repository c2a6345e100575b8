"""The layout in which torch saved until 1.5, and in which it still pickles a single storage.

Five pickles (a magic number, a version, facts about the machine, the object, the keys of its storages), then
for each key the count of its numbers, and the raw numbers.
"""

import struct
from collections.abc import Collection
from typing import Any

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree
from stylegan2.formats.network_file import Array
from stylegan2.formats.pickle_tree import Budget
from stylegan2.formats.torch_values import STORAGE_NAMES, StorageKey, storage_key

MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
START = b"\x80\x02\x8a\n" + MAGIC.to_bytes(10, "little")
_AGAIN = "Get the file again."


def read(
    data: memoryview, allowed: Collection[str], what: str, budget: Budget | None = None
) -> tuple[Any, dict[str, Array]]:
    """The object's tree and the storages by key, as views.

    budget: of the whole file, if ``data`` is a part of one. Raises ModelCorrupt.
    """
    names, budget = STORAGE_NAMES | frozenset(allowed), budget or Budget()
    parts: list[Any] = []
    for permitted in ((), (), (), names, ()):
        tree, size = pickle_tree.read(data, permitted, what, budget)
        parts.append(tree)
        data = data[size:]
    magic, version, facts, tree, keys = parts
    little = isinstance(facts, dict) and facts.get("little_endian") is True
    if magic != MAGIC or version != _VERSION or not little or not isinstance(keys, list):
        raise ModelCorrupt(f"{what} is not laid out as torch does it.", _AGAIN)
    return tree, _storages(data, keys, _references(tree), what)


def storage(data: memoryview, what: str, budget: Budget) -> Array:
    """A single storage [n] that was pickled by itself; ``budget`` as in ``read``. Raises ModelCorrupt."""
    tree, storages = read(data, (), what, budget)
    return storages[storage_key(tree).key]


def _storages(
    data: memoryview, keys: list[Any], references: dict[str, StorageKey], what: str
) -> dict[str, Array]:
    storages: dict[str, Array] = {}
    for key in keys:
        reference = references.get(key) if isinstance(key, str) else None
        if reference is None or key in storages or len(data) < 8:
            raise ModelCorrupt(f"{what} has storages that nothing uses, or ends too early.", _AGAIN)
        (count,) = struct.unpack("<q", data[:8])
        if count != reference.count or reference.size > len(data) - 8:
            raise ModelCorrupt(f"{what} claims numbers that it does not have.", _AGAIN)
        storages[key] = np.frombuffer(data[8 : 8 + reference.size], reference.dtype)
        data = data[8 + reference.size :]
    if missing := references.keys() - storages.keys():
        raise ModelCorrupt(f"{what} lacks the storage {min(missing)[:40]!r}.", _AGAIN)
    return storages


def _references(tree: Any) -> dict[str, StorageKey]:
    """Every storage that the tree refers to."""
    references: dict[str, StorageKey] = {}
    visited: set[int] = set()
    stack = [tree]
    while stack:
        value = stack.pop()
        if id(value) in visited:
            continue
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list | tuple):
            stack += value
        elif isinstance(value, pickle_tree.Call):
            if value.name == pickle_tree.PERSISTENT:
                key = storage_key(value)
                if references.setdefault(key.key, key) != key:
                    raise ModelCorrupt("The file contradicts itself about a storage.", _AGAIN)
                continue
            stack += [*value.args, value.state, *value.items, *value.entries.values()]
        else:
            continue
        visited.add(id(value))
    return references
