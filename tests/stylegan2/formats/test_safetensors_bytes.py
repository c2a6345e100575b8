"""The same network gives the same file, byte for byte."""

import torch
from safetensors.torch import load

from stylegan2.formats.safetensors_bytes import to_bytes


def test_the_bytes_depend_on_the_content_alone_and_the_library_reads_them() -> None:
    tensors = {"b": torch.arange(5, dtype=torch.float32), "a": torch.ones(2, 3, dtype=torch.float16)}
    metadata = {f"key{number}": str(number) for number in range(8)}
    turned = dict(reversed(metadata.items()))
    contents = {to_bytes(tensors, each) for each in (metadata, turned) for _ in range(10)}
    assert len(contents) == 1
    (content,) = contents
    read = load(content)
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    assert content != to_bytes(tensors, {**metadata, "key0": "changed"})
