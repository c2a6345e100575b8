"""Reads a pickle as a tree of plain data. Nothing in the file is called, imported or evaluated.

Python's own unpickler runs what a file names, and its C memo can be made to allocate gigabytes by a file of
ten bytes. This reader only records: where a pickle would call something, the tree has a ``Call`` with name
and arguments, and only names on the caller's allow-list may appear. Bytes stay views of the file. Work and
memory are bounded by the file's size and by the limits below.
"""

import pickle
import struct
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from retouchml.errors import ModelCorrupt

_MOST_OPERATIONS = 500_000  # a whole training checkpoint at 1024 px has some 50,000
_MOST_TEXT = 64 << 20  # bytes of text in all: published files embed their source, some 100 kB a module
_MOST_DIGITS = 64  # bytes of an integer
_KEYS_BELOW = (1 << 61) - 1  # Python's hashes of larger integers repeat, which makes a dict as slow as a list
_PROTOCOLS = range(2, 5)
_OLD_MODULES = frozenset({"__builtin__", "commands", "nt", "os2", "popen2", "posix", "__builtins__"})
_STATE_ADVICE = "Where it was made, save the network's state_dict() with torch.save, and import that."
_NVIDIA_ADVICE = "Where it was made, write it with pickle.dump, as NVIDIA's training does, and import that."
_NETWORKS = "Only StyleGAN2 networks can be used."


@dataclass(frozen=True)
class Name:
    """A class or function that the file names. It is never looked up."""

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}.{self.attribute}"


@dataclass(eq=False, slots=True)
class Call:
    """An object that a pickle would make by a call."""

    name: Name  # of what would be called; ``PERSISTENT`` for an object outside the pickle
    args: tuple[Any, ...]
    state: Any = None  # what ``__setstate__`` would get
    items: list[Any] = field(default_factory=list)  # what would be appended or added
    entries: dict[Any, Any] = field(default_factory=dict)  # what would be set by key

    @property
    def first(self) -> Any:
        """The first argument; None if there is none."""
        return self.args[0] if self.args else None


PERSISTENT = Name("", "persistent")
INERT = frozenset(
    {
        *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in ("set", "dict", "list")),
        *(f"collections.{name}" for name in ("OrderedDict", "defaultdict")),
        *(f"pathlib.{name}" for name in ("Path", "PosixPath", "WindowsPath")),
        *(f"torch.{name}" for name in ("device", "Size", "float16", "float32", "bfloat16")),
        "argparse.Namespace",
        "_codecs.encode",  # bytes in protocol 2
    }
)
"""Values that training checkpoints have beside their weights: options, paths, counters."""
_PROGRAMS = ("torch_utils", "dnnlib", "training", "torch._utils", "torch.nn")  # of networks


@dataclass
class Budget:
    """What reading a file may still cost, all its pickles together."""

    operations: int = _MOST_OPERATIONS  # of the pickle protocol
    text: int = _MOST_TEXT  # bytes that become text


def read(
    data: memoryview, allowed: Collection[str], what: str, budget: Budget | None = None
) -> tuple[Any, int]:
    """The tree of the pickle at the start of ``data``, and its size in bytes.

    allowed: "module.attribute" of everything that it may name; PERSISTENT's name if it may refer to objects
    outside; budget: of the whole file, if it has several pickles. Raises ModelCorrupt, whose message calls
    the file ``what``.
    """
    machine = _Machine(data, allowed, what, budget or Budget())
    try:
        return machine.run(), machine.position
    except (IndexError, struct.error, UnicodeDecodeError, OverflowError, TypeError, AttributeError) as error:
        raise ModelCorrupt(f"{what} is damaged: its pickle makes no sense.", "Get the file again.") from error


class _Machine:
    """The stack machine of the pickle protocol (``pickletools`` documents the operations)."""

    def __init__(self, data: memoryview, allowed: Collection[str], what: str, budget: Budget) -> None:
        self._data, self._allowed, self._what, self._budget = data, allowed, what, budget
        self.position = 0
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Run until the operation STOP; returns the tree."""
        while self._budget.operations > 0:
            self._budget.operations -= 1
            code = self._take(1)[0]
            if code == pickle.STOP[0]:
                if len(self._stack) != 1 or self._marks:
                    raise self._refused("it leaves things on its stack")
                return self._stack.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise self._refused(f"its pickle has the operation {code:#x}, which no network needs")
            operation(self)
        raise self._refused("its pickle has too many operations")

    def _refused(self, reason: str) -> ModelCorrupt:
        return ModelCorrupt(f"{self._what} is refused: {reason}.", "Get the file from where you trust it.")

    def _take(self, count: int) -> memoryview:
        end = self.position + count
        if count < 0 or end > len(self._data):
            raise ModelCorrupt(f"{self._what} ends too early.", "Get the file again.")
        view = self._data[self.position : end]
        self.position = end
        return view

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self) -> str:
        for length in range(1, 257):
            if self._take(1)[0] == 0x0A:
                start = self.position - length
                return bytes(self._data[start : self.position - 1]).decode()
        raise self._refused("a name in it is too long")

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _proto(self) -> None:
        version = self._take(1)[0]
        if version not in _PROTOCOLS:
            raise self._refused(f"its pickle has protocol {version}")

    def _frame(self) -> None:
        length = self._number("<Q")
        if length > len(self._data) - self.position:
            raise ModelCorrupt(f"{self._what} ends too early.", "Get the file again.")

    def _integer(self, length: int) -> None:
        if length > _MOST_DIGITS:
            raise self._refused("a number in it is absurdly long")
        self._push(int.from_bytes(self._take(length), "little", signed=True))

    def _string(self, length: int) -> None:
        if length > self._budget.text:
            raise self._refused("it has too much text")
        self._budget.text -= length
        self._push(str(self._take(length), "utf-8", "surrogatepass"))

    def _name(self, module: Any, attribute: Any) -> None:
        if not isinstance(module, str) or not isinstance(attribute, str):
            raise self._refused("it names something without a name")
        if f"{module}.{attribute}" not in self._allowed:
            raise self._unknown(module, attribute)
        self._push(Name(module, attribute))

    def _unknown(self, module: str, attribute: str) -> ModelCorrupt:
        """The refusal of a name: of a class of another program, or of what only a hostile file needs."""
        shown = f"{module}.{attribute}"[:80]
        if f"{module}.{attribute}" in ("network.Network", "tfutil.Network"):
            return ModelCorrupt(f"{self._what} is a Progressive GAN, which is not supported.", _NETWORKS)
        is_class = attribute.rpartition(".")[2][:1].isupper() or f"{module}.".startswith(
            tuple(f"{program}." for program in _PROGRAMS)
        )
        if module.partition(".")[0] in sys.stdlib_module_names | _OLD_MODULES or not is_class:
            return self._refused(f"it asks for {shown!r}, which no network needs")
        is_nvidia = module.startswith(("torch_utils.", "dnnlib."))
        return ModelCorrupt(
            f"{self._what} holds whole objects of a program, {shown!r}, and not weights alone.",
            _NVIDIA_ADVICE if is_nvidia else _STATE_ADVICE,
        )

    def _stack_global(self) -> None:
        attribute, module = self._stack.pop(), self._stack.pop()
        self._name(module, attribute)

    def _call(self) -> None:
        args, name = self._stack.pop(), self._stack.pop()
        if not isinstance(name, Name) or not isinstance(args, tuple):
            raise self._refused("it calls what is no name")
        self._push(Call(name, args))

    def _persistent(self) -> None:
        if str(PERSISTENT) not in self._allowed:
            raise self._refused("it refers to objects outside of its pickle")
        self._push(Call(PERSISTENT, (self._stack.pop(),)))

    def _build(self) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if not isinstance(target, Call):
            raise self._refused("it sets the state of what has none")
        target.state = state

    def _mark(self) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        since, self._stack = self._stack, self._marks.pop()
        return since

    def _tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise IndexError
        start = len(self._stack) - count
        self._stack[start:] = [tuple(self._stack[start:])]

    def _append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        (target.items if isinstance(target, Call) else _list(target)).extend(values)

    def _set_items(self, flat: list[Any]) -> None:
        target = self._stack[-1]
        entries = target.entries if isinstance(target, Call) else target
        if not isinstance(entries, dict) or len(flat) % 2:
            raise TypeError
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            # The hash of nested tuples takes exponential time; no network has such keys.
            if not isinstance(key, str) and not (isinstance(key, int) and abs(key) < _KEYS_BELOW):
                raise self._refused("a key in it is neither text nor a small integer")
            entries[key] = value

    def _dict(self) -> None:
        flat = self._since_mark()
        self._push({})
        self._set_items(flat)

    def _add_to_set(self) -> None:
        values = self._since_mark()
        target = self._stack[-1]
        if not isinstance(target, Call):
            raise TypeError
        target.items.extend(values)

    def _memoize(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise self._refused("it refers to what it never defined")
        self._push(self._memo[index])


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _pair(stack: list[Any]) -> list[Any]:
    value, key = stack.pop(), stack.pop()
    return [key, value]


def _empty_set(machine: _Machine) -> None:
    machine._push(Call(Name("builtins", "set"), ()))


_OPERATIONS: dict[int, Callable[[_Machine], None]] = {
    ord(code): operation
    for code, operation in {
        pickle.PROTO: _Machine._proto,
        pickle.FRAME: _Machine._frame,
        pickle.NONE: lambda m: m._push(None),
        pickle.NEWTRUE: lambda m: m._push(True),
        pickle.NEWFALSE: lambda m: m._push(False),
        pickle.BININT: lambda m: m._push(m._number("<i")),
        pickle.BININT1: lambda m: m._push(m._number("<B")),
        pickle.BININT2: lambda m: m._push(m._number("<H")),
        pickle.LONG1: lambda m: m._integer(m._number("<B")),
        pickle.LONG4: lambda m: m._integer(m._number("<I")),
        pickle.BINFLOAT: lambda m: m._push(m._number(">d")),
        pickle.SHORT_BINUNICODE: lambda m: m._string(m._number("<B")),
        pickle.BINUNICODE: lambda m: m._string(m._number("<I")),
        pickle.BINUNICODE8: lambda m: m._string(m._number("<Q")),
        pickle.SHORT_BINBYTES: lambda m: m._push(m._take(m._number("<B"))),
        pickle.BINBYTES: lambda m: m._push(m._take(m._number("<I"))),
        pickle.BINBYTES8: lambda m: m._push(m._take(m._number("<Q"))),
        pickle.EMPTY_TUPLE: lambda m: m._push(()),
        pickle.TUPLE1: lambda m: m._tuple(1),
        pickle.TUPLE2: lambda m: m._tuple(2),
        pickle.TUPLE3: lambda m: m._tuple(3),
        pickle.TUPLE: lambda m: m._push(tuple(m._since_mark())),
        pickle.EMPTY_LIST: lambda m: m._push([]),
        pickle.LIST: lambda m: m._push(m._since_mark()),
        pickle.APPEND: lambda m: m._append([m._stack.pop()]),
        pickle.APPENDS: lambda m: m._append(m._since_mark()),
        pickle.EMPTY_DICT: lambda m: m._push({}),
        pickle.DICT: _Machine._dict,
        pickle.SETITEM: lambda m: m._set_items(_pair(m._stack)),
        pickle.SETITEMS: lambda m: m._set_items(m._since_mark()),
        pickle.EMPTY_SET: _empty_set,
        pickle.ADDITEMS: _Machine._add_to_set,
        pickle.MARK: _Machine._mark,
        pickle.BINPUT: lambda m: m._memoize(m._number("<B")),
        pickle.LONG_BINPUT: lambda m: m._memoize(m._number("<I")),
        pickle.MEMOIZE: lambda m: m._memoize(len(m._memo)),
        pickle.BINGET: lambda m: m._recall(m._number("<B")),
        pickle.LONG_BINGET: lambda m: m._recall(m._number("<I")),
        pickle.GLOBAL: lambda m: m._name(m._line(), m._line()),
        pickle.STACK_GLOBAL: _Machine._stack_global,
        pickle.REDUCE: _Machine._call,
        pickle.NEWOBJ: _Machine._call,
        pickle.BUILD: _Machine._build,
        pickle.BINPERSID: _Machine._persistent,
    }.items()
}
