"""Files that mean harm, or are damaged: each function writes one and is named after what is wrong with it.

Everything that would run makes a file called ``ran`` in the current folder.
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from stylegan2.formats import ada, pickle_tree, tensorflow, torch_legacy
from stylegan2.formats.pickle_tree import PERSISTENT, Call, Name
from tests.stylegan2.formats.pickle_writer import dumps

DATA = Path(__file__).parents[2] / "data" / "stylegan2"
_RUN = "import pathlib; pathlib.Path('ran').touch()"
_SYSTEM = Call(Name("os", "system"), ("touch ran",))
_TENSOR = Name("torch._utils", "_rebuild_tensor_v2")
_FLOATS = Name("torch", "FloatStorage")
_ARRAY = Name("numpy.core.multiarray", "_reconstruct")

Maker = Callable[[], bytes]


def tf_tree() -> Any:
    """The tree of an honest TensorFlow pickle; changing it changes nobody else's."""
    data = memoryview((DATA / "tf32_resnet.pkl").read_bytes())
    return pickle_tree.read(data, tensorflow.ALLOWED, "test")[0]


def ada_tree() -> Any:
    """As ``tf_tree``, of a PyTorch pickle."""
    data = memoryview((DATA / "tf32_skip_as_ada.pkl").read_bytes())
    return pickle_tree.read(data, ada.ALLOWED, "test")[0]


def legacy(tree: Any, keys: list[str], data: bytes = b"") -> bytes:
    """A file as torch saved before 1.6."""
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    parts = [dumps(part, 2) for part in (torch_legacy.MAGIC, 1001, facts, tree, keys)]
    # torch writes its magic number with the shortest opcode, by which it is recognised
    return b"".join([torch_legacy.START + b".", *parts[1:], data])


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A file as torch saves it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(f"model/{name}", content)
    return buffer.getvalue()


def checkpoint(tree: Any, **storages: bytes) -> bytes:
    """A rosinality checkpoint; storages by key with an underscore in front."""
    entries = {f"data/{key.removeprefix('_')}": content for key, content in storages.items()}
    return zipped({"data.pkl": dumps(tree, 2), "version": b"3\n", **entries})


def tensor(size: tuple[int, ...], stride: tuple[int, ...], count: int = 4, offset: int = 0) -> Call:
    """A tensor over the storage "0" of ``count`` numbers."""
    storage = Call(PERSISTENT, (("storage", _FLOATS, "0", "cpu", count),))
    return Call(_TENSOR, (storage, offset, size, stride, False, Call(Name("collections", "OrderedDict"), ())))


def with_tensor(value: Call, data: bytes = bytes(16)) -> bytes:
    """A checkpoint whose generator begins with ``value``."""
    state = {"convs.0.conv.weight": value, "conv1.conv.weight": value, "style.1.weight": value}
    return checkpoint({"g_ema": state}, _0=data)


def changed_variable(name: str, change: Callable[[Any], Any]) -> bytes:
    """The honest TensorFlow pickle with one variable of Gs's synthesis network changed."""
    tree = tf_tree()
    variables = tree[2].state["components"]["synthesis"].state["variables"]
    for index, (key, value) in enumerate(variables):
        if key == name:
            variables[index] = (key, change(value))
    return dumps(tree, 4)


def _array(shape: tuple[int, ...], data: bytes, kind: str = "f4") -> Call:
    dtype = Call(Name("numpy", "dtype"), (kind, False, True), (3, "<", None, None, None, -1, -1, 0))
    return Call(_ARRAY, (Name("numpy", "ndarray"), (0,), b"b"), (1, shape, dtype, False, data))


def _raw(*pieces: bytes) -> bytes:
    return b"".join([pickle.PROTO, b"\x04", *pieces])


def system_by_reduce() -> bytes:
    return dumps(_SYSTEM)


def system_by_stack_global() -> bytes:
    return _raw(b"\x8c\x05posix\x8c\x06system\x93\x8c\x09touch ran\x85R.")


def eval_of_a_program() -> bytes:
    return dumps(Call(Name("builtins", "eval"), (f"exec({_RUN!r})",)))


def getattr_to_reach_further() -> bytes:
    return dumps(Call(Name("builtins", "getattr"), (Name("os", "path"), "os")))


def program_in_a_persistent_object() -> bytes:
    content = {"type": "class", "version": 6, "module_src": _RUN, "class_name": "Generator", "state": {}}
    return dumps({"G_ema": Call(Name("torch_utils.persistence", "_reconstruct_persistent_obj"), (content,))})


def program_behind_a_tensorflow_network() -> bytes:
    tree = tf_tree()
    return dumps(
        (*tree[:2], Call(Name("dnnlib.tflib.network", "Network"), (), {"build_module_src": _RUN})), 4
    )


def system_in_a_nested_storage() -> bytes:
    return _with_nested(legacy(_SYSTEM, []))


def system_in_a_plain_pickle_as_storage() -> bytes:
    return _with_nested(dumps(_SYSTEM))


def storage_in_a_storage() -> bytes:
    return _with_nested(legacy(Call(Name("torch.storage", "_load_from_bytes"), (legacy(_SYSTEM, []),)), []))


def _with_nested(raw: bytes) -> bytes:
    tree = ada_tree()
    parameter = _parameters(tree)["weight"]
    inner = parameter.args[0] if parameter.name.attribute == "_rebuild_parameter" else parameter
    inner.args = (Call(Name("torch.storage", "_load_from_bytes"), (raw,)), *inner.args[1:])
    return dumps(tree)


def _parameters(tree: Any) -> Any:
    """Parameters of the 4 px convolution of G_ema."""
    state = tree["G_ema"].args[0]["state"] if isinstance(tree["G_ema"].args[0], dict) else None
    state = state if state is not None else tree["G_ema"].args[0].entries["state"]
    for name in ("synthesis", "b4", "conv1"):
        module = state["_modules"].entries[name].args[0]
        state = (module if isinstance(module, dict) else module.entries)["state"]
    return state["_parameters"].entries


def system_in_an_old_checkpoint() -> bytes:
    return legacy({"g_ema": _SYSTEM}, [])


def system_in_a_checkpoint() -> bytes:
    return checkpoint({"g_ema": _SYSTEM})


def objects_in_an_array() -> bytes:
    return changed_variable("4x4/Conv/weight", lambda _: _array((1,), dumps(_SYSTEM), "O8"))


def objects_in_a_scalar() -> bytes:
    dtype = Call(Name("numpy", "dtype"), ("O8", False, True), (3, "|", None, None, None, -1, -1, 63))
    scalar = Call(Name("numpy.core.multiarray", "scalar"), (dtype, dumps(_SYSTEM)))
    return changed_variable("4x4/Conv/noise_strength", lambda _: scalar)


def instance_opcode() -> bytes:
    return _raw(b"(S'touch ran'\nios\nsystem\n.")


def object_opcode() -> bytes:
    return _raw(b"(cos\nsystem\nS'touch ran'\no.")


def extension_opcode() -> bytes:
    return _raw(pickle.EXT1, b"\x01", pickle.STOP)


def buffer_opcode() -> bytes:
    return b"\x80\x05" + pickle.NEXT_BUFFER + pickle.STOP


def persistent_object_of_text() -> bytes:
    return _raw(b"Pstorage\n.")


def memo_bomb() -> bytes:
    return _raw(pickle.EMPTY_LIST, pickle.LONG_BINPUT, b"\xff\xff\xff\x7f", pickle.STOP)


def bytes_of_four_exabytes() -> bytes:
    return _raw(pickle.BINBYTES8, struct.pack("<Q", 1 << 62), b"x", pickle.STOP)


def text_of_a_terabyte() -> bytes:
    return _raw(pickle.BINUNICODE8, struct.pack("<Q", 1 << 40), b"x", pickle.STOP)


def frame_of_a_terabyte() -> bytes:
    return _raw(pickle.FRAME, struct.pack("<Q", 1 << 40), pickle.NONE, pickle.STOP)


def number_of_a_million_digits() -> bytes:
    return _raw(pickle.LONG4, struct.pack("<I", 1 << 20), b"\x01" * (1 << 20), pickle.STOP)


def millions_of_lists() -> bytes:
    return _raw(pickle.MARK, pickle.EMPTY_LIST * 5_000_000, pickle.LIST, pickle.STOP)


def key_that_takes_for_ever_to_hash() -> bytes:
    key: Any = ()
    for _ in range(60):
        key = (key, key)
    return _raw(pickle.EMPTY_DICT, dumps(key)[2:-1], pickle.NONE, pickle.SETITEM, pickle.STOP)


def stack_underflow() -> bytes:
    return _raw(pickle.TUPLE3, pickle.STOP)


def memo_of_nothing() -> bytes:
    return _raw(pickle.BINGET, b"\x07", pickle.STOP)


def array_of_a_terabyte() -> bytes:
    return changed_variable("4x4/Conv/weight", lambda _: _array((1 << 38,), bytes(16)))


def array_whose_size_overflows() -> bytes:
    return changed_variable("4x4/Conv/weight", lambda _: _array((1 << 32, 1 << 32), b""))


def array_of_negative_size() -> bytes:
    return changed_variable("4x4/Conv/weight", lambda _: _array((-4, -1), bytes(16)))


def tensor_expanded_to_a_terabyte() -> bytes:
    return with_tensor(tensor((1, 1 << 20, 1 << 18, 3, 3), (0, 0, 0, 0, 0)))


def tensor_past_its_storage() -> bytes:
    return with_tensor(tensor((2, 2), (2, 1), offset=1))


def tensor_before_its_storage() -> bytes:
    return with_tensor(tensor((4,), (-1,), offset=3))


def storage_smaller_than_it_says() -> bytes:
    return with_tensor(tensor((1 << 20,), (1,), count=1 << 20))


def old_storage_of_a_terabyte() -> bytes:
    count = 1 << 38
    tree = {"g_ema": {"conv1.conv.weight": tensor((4,), (1,), count=count)}}
    return legacy(tree, ["0"], struct.pack("<q", count) + bytes(16))


def old_storage_that_nothing_uses() -> bytes:
    return legacy({"g_ema": {}}, ["0"], struct.pack("<q", 4) + bytes(16))


def compressed_bomb() -> bytes:
    content = {"data.pkl": dumps({"g_ema": {}}), "data/0": bytes(1 << 26)}
    return zipped(content, zipfile.ZIP_DEFLATED)


def name_twice_in_a_zip() -> bytes:
    whole = checkpoint({"g_ema": {}}, _0=b"1" * 16, _1=b"2" * 16)
    return whole.replace(b"model/data/1", b"model/data/0")


def entries_on_top_of_each_other() -> bytes:
    whole = checkpoint({"g_ema": {}}, _0=bytes(1 << 16), _1=bytes(1 << 16))
    first = whole.index(b"model/data/0") - 30
    at = whole.rindex(b"model/data/1") - 46
    return whole[: at + 42] + struct.pack("<I", first) + whole[at + 46 :]


def directory_of_millions() -> bytes:
    whole = checkpoint({"g_ema": {}})
    return whole[:-14] + struct.pack("<2H2LH", 0xFFFE, 0xFFFE, 0x7FFFFFFF, 0, 0)


def wrong_checksum_in_a_zip() -> bytes:
    whole = bytearray((DATA / "tf32_skip_as_rosinality.pt").read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    return bytes(whole)


def cut_tensorflow_pickle() -> bytes:
    return (DATA / "tf32_resnet.pkl").read_bytes()[:700_000]


def cut_pytorch_pickle() -> bytes:
    return (DATA / "tf32_skip_as_ada.pkl").read_bytes()[:-200]


def cut_checkpoint() -> bytes:
    return (DATA / "tf32_skip_as_rosinality.pt").read_bytes()[:-1000]


def weight_that_is_no_number() -> bytes:
    raw = np.full((3, 3, 40, 40), np.nan, np.float32).tobytes()
    return changed_variable("4x4/Conv/weight", lambda _: _array((3, 3, 40, 40), raw))


def weight_that_is_infinite_in_single_precision() -> bytes:
    raw = np.full((40,), 1e300).tobytes()
    return changed_variable("4x4/Conv/bias", lambda _: _array((40,), raw, "f8"))


def bias_of_another_shape() -> bytes:
    return changed_variable("8x8/Conv1/bias", lambda _: _array((41,), bytes(164)))


def variable_that_is_missing() -> bytes:
    return changed_variable("noise3", lambda _: None)


def clamp_that_is_text() -> bytes:
    tree = tf_tree()
    tree[2].state["static_kwargs"]["conv_clamp"] = "256"
    return dumps(tree, 4)


def module_that_contains_itself() -> bytes:
    # {"G_ema": module, "x": its submodules}, to which the module itself is then added
    return _raw(
        b"}\x8c\x05G_emactorch_utils.persistence\n_reconstruct_persistent_obj\n"
        b"}\x8c\x05state}\x8c\x08_modules}q\x01ss\x85Rq\x02s"
        b"\x8c\x01xh\x01\x8c\x01ah\x02ss."
    )


def modules_that_multiply() -> bytes:
    """Eight of them, each under thirty names in the one before."""
    make, state = Name("torch_utils.persistence", "_reconstruct_persistent_obj"), {}
    for _ in range(8):
        module = Call(make, ({"state": state},))
        state = {"_modules": {f"{index}": module for index in range(30)}}
    return dumps({"G_ema": module})


def object_made_of_nothing() -> bytes:
    return dumps({"G_ema": Call(Name("torch_utils.persistence", "_reconstruct_persistent_obj"), ())})


def type_that_takes_for_ever_to_hash() -> bytes:
    key: Any = ()
    for _ in range(60):
        key = (key, key)
    array = _array((1,), bytes(4))
    array.state[2].args = (key,)
    return changed_variable("4x4/Conv/weight", lambda _: array)


def persistent_object_by_name() -> bytes:
    value = tensor((4,), (1,))
    value.args = (Call(Name("?", "persistent"), ()), *value.args[1:])
    state = {"convs.0.conv.weight": value, "conv1.conv.weight": value, "style.1.weight": value}
    content = dumps({"g_ema": state}, 2).replace(b"c?\npersistent\n", b"c\npersistent\n")
    return zipped({"data.pkl": content, "version": b"3\n", "data/0": bytes(16)})


def stylegan3() -> bytes:
    tree = ada_tree()
    content = tree["G_ema"].args[0]
    content = content if isinstance(content, dict) else content.entries
    modules = content["state"]["_modules"].entries
    modules["synthesis"].args[0]["state"]["_modules"].entries["input"] = modules["mapping"]
    return dumps(tree)


def safetensors_header_of_a_gigabyte() -> bytes:
    return struct.pack("<Q", 90_000_000) + b"{" + b" " * 100


def safetensors_of_another_kind() -> bytes:
    return _safetensors(latent_space="x", generator="{}")


def safetensors_with_a_space_elsewhere() -> bytes:
    return _safetensors(latent_space="../../x")


def safetensors_of_absurd_size() -> bytes:
    generator = (
        '{"mapping": {"z_dim": 4096, "widths": [4096], "labels": 0, "label_width": 0, "joint_norm": false,'
        ' "rate": 0.01}, "synthesis": {"w_dim": 4096, "channels": [4096, 4096, 4096], "architecture": "skip",'
        ' "clamp": null}}'
    )
    return _safetensors(latent_space="x", generator=generator)


def _safetensors(**metadata: str) -> bytes:
    path = Path("made.safetensors")
    save_file({"weight": torch.zeros(3)}, path, {"architecture": "stylegan2", **metadata})
    content = path.read_bytes()
    path.unlink()
    return content


def nothing() -> bytes:
    return b""


def text() -> bytes:
    return b"<!DOCTYPE html><html>Too many requests</html>"


def makers_of(names: dict[str, Any]) -> tuple[Maker, ...]:
    """The functions among a module's names that make a file."""
    return tuple(
        value
        for name, value in list(names.items())
        if callable(value)
        and getattr(value, "__module__", "") == names["__name__"]
        and getattr(value, "__annotations__", {}) == {"return": bytes}
        and not name.startswith("_")
    )


MAKERS = makers_of(globals())
