"""Writes pickles, honest and hostile ones, from trees as ``stylegan2.formats.pickle_tree`` reads them."""

import pickle
import struct
from typing import Any

from stylegan2.formats.pickle_tree import PERSISTENT, Call, Name

NEW_OBJECTS = {"dnnlib.tflib.network.Network"}  # made by NEWOBJ, not by REDUCE


def dumps(tree: Any, protocol: int = 3) -> bytes:
    """A pickle whose tree is ``tree``; objects that occur twice are written once."""
    return b"".join([pickle.PROTO, bytes([protocol]), *_Writer().pieces(tree), pickle.STOP])


class _Writer:
    def __init__(self) -> None:
        self._memo: dict[int, int] = {}

    def pieces(self, value: Any) -> list[bytes]:
        if id(value) in self._memo:
            return [pickle.LONG_BINGET, struct.pack("<I", self._memo[id(value)])]
        if isinstance(value, bool) or value is None:
            return [{None: pickle.NONE, True: pickle.NEWTRUE, False: pickle.NEWFALSE}[value]]
        if isinstance(value, int):
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return [pickle.LONG1, bytes([len(raw)]), raw]
        if isinstance(value, float):
            return [pickle.BINFLOAT, struct.pack(">d", value)]
        if isinstance(value, str):
            return [pickle.BINUNICODE, struct.pack("<I", len(value.encode())), value.encode()]
        if isinstance(value, bytes | memoryview):
            return [pickle.BINBYTES, struct.pack("<I", len(value)), bytes(value)]
        if isinstance(value, Name):
            return [pickle.GLOBAL, f"{value.module}\n{value.attribute}\n".encode()]
        if isinstance(value, tuple):
            return [pickle.MARK, *self._all(value), pickle.TUPLE, *self._kept(value)]
        if isinstance(value, list):
            return [pickle.EMPTY_LIST, *self._kept(value), *self._appended(value)]
        if isinstance(value, dict):
            return [pickle.EMPTY_DICT, *self._kept(value), *self._set(value)]
        assert isinstance(value, Call)
        return self._call(value)

    def _call(self, call: Call) -> list[bytes]:
        if call.name == PERSISTENT:
            return [*self.pieces(call.args[0]), pickle.BINPERSID, *self._kept(call)]
        make = pickle.NEWOBJ if str(call.name) in NEW_OBJECTS else pickle.REDUCE
        pieces = [*self.pieces(call.name), *self.pieces(call.args), make, *self._kept(call)]
        pieces += [*self._appended(call.items), *self._set(call.entries)]
        if call.state is not None:
            pieces += [*self.pieces(call.state), pickle.BUILD]
        return pieces

    def _all(self, values: Any) -> list[bytes]:
        return [piece for value in values for piece in self.pieces(value)]

    def _appended(self, values: list[Any]) -> list[bytes]:
        return [pickle.MARK, *self._all(values), pickle.APPENDS] if values else []

    def _set(self, entries: dict[Any, Any]) -> list[bytes]:
        flat = [part for entry in entries.items() for part in entry]
        return [pickle.MARK, *self._all(flat), pickle.SETITEMS] if flat else []

    def _kept(self, value: Any) -> list[bytes]:
        self._memo[id(value)] = len(self._memo)
        return [pickle.LONG_BINPUT, struct.pack("<I", self._memo[id(value)])]
