"""More files that mean harm: they run nothing, but would cost memory or time without end, or say too much.

``SAID`` has words that the refusal must contain, where another reason would show that it came too late.
"""

import json
import pickle
import struct
from typing import Any

from stylegan2.formats import pickle_tree, torch_zip
from stylegan2.formats.torch_values import STORAGE_NAMES
from tests.stylegan2.formats import hostile_files as files
from tests.stylegan2.formats import pytorch_modules
from tests.stylegan2.formats.pickle_writer import dumps

_DEEP = b"something that lies deep"
_KEYS_OF_ONE_HASH = 60_000
_JUNK = 200_000  # operations; one pickle may have them, three may not


def multiplied() -> Any:
    """A small list that has 2⁴⁰ elements when it is written out."""
    value: Any = []
    for _ in range(40):
        value = [value, value]
    return value


def deepened(pickled: bytes) -> bytes:
    """A pickle with 100,000 lists in one another in place of ``_DEEP``."""
    placeholder = pickle.BINBYTES + struct.pack("<I", len(_DEEP)) + _DEEP
    assert placeholder in pickled
    return pickled.replace(placeholder, pickle.EMPTY_LIST * 100_000 + pickle.APPEND * 99_999)


def tensorflow_setting(network: int, name: str, value: Any) -> bytes:
    """The honest TensorFlow pickle with one setting of its networks (0: G, 1: D, 2: Gs) changed."""
    tree = files.tf_tree()
    tree[network].state["static_kwargs"][name] = value
    return dumps(tree, 4)


def module_state(network: Any, *names: str) -> Any:
    """What the pickle of a module sets, of a submodule of ``network``."""
    state: Any = None
    for name in (None, *names):
        if name is not None:
            network = state["_modules"].entries[name]
        content = network.args[0]
        state = (content if isinstance(content, dict) else content.entries)["state"]
    return state


def pytorch_setting(module: tuple[str, ...], name: str, value: Any) -> bytes:
    """The honest PyTorch pickle with one number beside a module's tensors changed."""
    tree = files.ada_tree()
    module_state(tree["G_ema"], *module)[name] = value
    return dumps(tree)


def clamp_that_multiplies() -> bytes:
    return tensorflow_setting(2, "conv_clamp", multiplied())


def clamp_that_is_deep() -> bytes:
    return deepened(tensorflow_setting(2, "conv_clamp", _DEEP))


def judge_s_clamp_that_multiplies() -> bytes:
    return tensorflow_setting(1, "conv_clamp", multiplied())


def judge_s_clamp_that_is_deep() -> bytes:
    return deepened(tensorflow_setting(1, "conv_clamp", _DEEP))


def rate_that_multiplies() -> bytes:
    return tensorflow_setting(2, "mapping_lrmul", multiplied())


def rate_that_is_deep() -> bytes:
    return deepened(tensorflow_setting(2, "mapping_lrmul", _DEEP))


def group_that_multiplies() -> bytes:
    return tensorflow_setting(1, "mbstd_group_size", multiplied())


def clamp_of_a_module_that_multiplies() -> bytes:
    return pytorch_setting(("synthesis", "b4", "conv1"), "conv_clamp", multiplied())


def clamp_of_a_judge_s_module_that_multiplies() -> bytes:
    return dumps({**files.ada_tree(), "D": pytorch_modules.judge(clamp=multiplied())})


def group_of_a_module_that_is_deep() -> bytes:
    return deepened(dumps({**files.ada_tree(), "D": pytorch_modules.judge(group=_DEEP)}))


def rate_of_a_module_that_is_deep() -> bytes:
    return deepened(pytorch_setting(("mapping", "fc0"), "bias_gain", _DEEP))


def variable_with_a_name_without_end() -> bytes:
    tree = files.tf_tree()
    tree[2].state["variables"].append(("x\n" * 100_000, None))
    return dumps(tree, 4)


def keys_of_one_hash() -> bytes:
    keys = (number * ((1 << 61) - 1) for number in range(1, _KEYS_OF_ONE_HASH))
    items = b"".join(b"\x8a\x0a" + key.to_bytes(10, "little") + pickle.NONE for key in keys)
    return b"\x80\x04" + pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS + pickle.STOP


def storages_that_have_much_to_say() -> bytes:
    tree = files.ada_tree()
    for block in ("b4", "b8", "b16", "b32"):
        parameters = module_state(tree["G_ema"], "synthesis", block, "conv1")["_parameters"].entries
        parameter = parameters["weight"]
        tensor = parameter.args[0] if parameter.name.attribute == "_rebuild_parameter" else parameter
        tensor.args[0].args = (_talkative(tensor.args[0].first),)
    return dumps(tree)


def _talkative(raw: memoryview) -> bytes:
    """An honest storage with much that nobody needs in it."""
    pickles = []
    for _ in range(5):
        _, taken = pickle_tree.read(raw, STORAGE_NAMES, "test")
        pickles.append(bytes(raw[:taken]))
        raw = raw[taken:]
    pickles[2] = dumps({"little_endian": True, "more": [None] * _JUNK}, 2)
    return b"".join([*pickles, bytes(raw)])


def tensor_of_nothing_with_huge_sides() -> bytes:
    return files.with_tensor(files.tensor((0, 1 << 39, 1 << 39), (0, 0, 0)))


def array_of_nothing_with_huge_sides() -> bytes:
    array = files._array((0, 1 << 62, 1 << 62), b"")
    return files.changed_variable("4x4/Conv/weight", lambda _: array)


def _honest_entries() -> dict[str, bytes]:
    data = memoryview((files.DATA / "tf32_skip_as_rosinality.pt").read_bytes())
    entries = torch_zip.Archive(data, "test")._entries
    return {name.partition("/")[2]: bytes(content) for name, content in entries.items()}


def directory_behind_a_false_record() -> bytes:
    """A network among 70,000 entries, with something that looks like the record of a small directory."""
    more = {f"more/{number}": b"" for number in range(70_000)}
    whole = bytearray(files.zipped({**_honest_entries(), **more}))
    end = len(whole) - 22
    whole[end + 12 : end + 16] = b"\xff" * 4  # see the other record
    whole[end + 20 : end + 22] = struct.pack("<H", 26)  # bytes of comment
    whole[end - 12 : end - 4] = b"PK\x06\x06" + bytes(4)  # where that other record lies
    return bytes(whole) + bytes(26)


def entries_within_one_another() -> bytes:
    """Each begins where the bytes of the one before do, and reaches as far."""
    count, size, name = 2000, 1 << 20, b"model/%04d"
    local, directory = [], []
    for index in range(count):
        named = name % index
        rest = size + (count - 1 - index) * (30 + len(named))
        sizes = struct.pack("<3L2H", 0, rest, rest, len(named), 0)
        local.append(b"PK\x03\x04" + bytes(10) + sizes + named)
        start = index * (30 + len(named))
        directory.append(b"PK\x01\x02" + bytes(12) + sizes + bytes(10) + struct.pack("<L", start) + named)
    before, after = b"".join(local) + bytes(size), b"".join(directory)
    return (
        before
        + after
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(after), len(before), 0)
    )


def comment_after_a_zip() -> bytes:
    whole = bytearray((files.DATA / "tf32_skip_as_rosinality.pt").read_bytes())
    whole[-2:] = struct.pack("<H", 5)
    return bytes(whole) + b"hello"


def safetensors_with_an_architecture_without_end() -> bytes:
    return _safetensors(architecture=["x" * 10_000])


def safetensors_with_a_width_without_end() -> bytes:
    return _safetensors(w_dim="x" * 10_000)


def safetensors_with_a_size_that_is_no_integer() -> bytes:
    return _safetensors(z_dim=0.0)


def safetensors_with_a_header_of_95_megabytes() -> bytes:
    metadata = {f"{number:08}": "x" for number in range(4_000_000)}
    header = json.dumps({"__metadata__": metadata}, separators=(",", ":")).encode()
    return struct.pack("<Q", len(header)) + header


def safetensors_of_deep_lists() -> bytes:
    return _raw_safetensors(b'{"x":' + b"[" * 500_000 + b"]" * 500_000 + b"}")


def safetensors_with_a_name_twice() -> bytes:
    entry = b'"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    return _raw_safetensors(b"{" + entry + b"," + entry + b"}", bytes(4))


def safetensors_that_share_their_numbers() -> bytes:
    entry = b'{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    return _raw_safetensors(b'{"x":' + entry + b',"y":' + entry + b"}", bytes(8))


def safetensors_with_numbers_that_nothing_uses() -> bytes:
    return _raw_safetensors(b'{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}', bytes(16))


def safetensors_whose_size_overflows() -> bytes:
    entry = b'{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}'
    return _raw_safetensors(b'{"x":' + entry + b"}")


def _raw_safetensors(header: bytes, numbers: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + numbers


def _safetensors(**changes: Any) -> bytes:
    mapping = {"z_dim": 8, "widths": [8], "labels": 0, "label_width": 0, "joint_norm": False, "rate": 0.01}
    synthesis = {"w_dim": 8, "channels": [8, 8], "architecture": "skip", "clamp": None}
    for part in (mapping, synthesis):
        part.update({name: value for name, value in changes.items() if name in part})
    return files._safetensors(
        latent_space="x", generator=json.dumps({"mapping": mapping, "synthesis": synthesis})
    )


SAID = {
    "storages_that_have_much_to_say": "too many operations",
    "directory_behind_a_false_record": "refused",
    "entries_within_one_another": "on top of each other",
    "keys_of_one_hash": "key",
    "safetensors_with_a_header_of_95_megabytes": "header is longer than 1 MB",
}
MAKERS = files.makers_of(globals())
