"""Loads generators: those of the zoo and imported ones by name, others from a file of any known format.

``FORMATS`` is the table of formats. A new one is a reader in ``stylegan2.formats`` and a row here.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from retouchml.errors import DeviceError, ModelCorrupt, ModelMissing, UsageError
from stylegan2 import zoo
from stylegan2.formats import ada, own, rosinality, safetensors_file, tensorflow, torch_legacy, torch_zip
from stylegan2.formats.network_file import NetworkFile
from stylegan2.formats.opening import HEAD, KNOWN_FORMATS, WeightFile, open_file, read_bytes, read_head
from stylegan2.full_generator import FullGenerator
from stylegan2.generator import Generator
from stylegan2.mobile.generator import ARCHITECTURE as MOBILE
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.precision import Precision
from stylegan2.zoo.table import FILE_SUFFIXES

_PICKLE = b"\x80"  # every pickle since protocol 2 begins so


@dataclass(frozen=True)
class Format:
    """A format of network files, and its reader."""

    start: bytes  # what a file begins with
    read: Callable[[memoryview], NetworkFile]  # gets the whole file; raises ModelCorrupt
    mark: bytes = b""  # what is among its first bytes as well


# The first row that fits a file counts. Our own files are not here: safetensors reads them from their path.
FORMATS = (
    Format(torch_zip.START, rosinality.read_zip),
    Format(torch_legacy.START, rosinality.read_legacy),
    Format(_PICKLE, tensorflow.read, mark=tensorflow.MARK),
    Format(_PICKLE, ada.read),
)


def load(
    model: "str | os.PathLike[str]",
    device: str = "cpu",
    precision: Precision = "float32",
    engine: str = "torch",
) -> Generator:
    """A generator on a torch device: one of the zoo or an imported one by its name, or one in a file.

    With the engine tensorflow1, TensorFlow 1.15 computes in a child process, on ``device``: auto, cpu, cuda
    or cuda:N. It runs StyleGAN2 itself alone; its tensors are torch's, on the CPU.

    Text with a folder or a suffix (.pkl, .pt, .pth, .safetensors) is a path, other text a name. float64 is
    for StyleGAN2 itself alone, and TensorFlow 1.15 computes in float32. No code in a file is ever run.

    Raises ModelMissing if the model is unknown, not fetched or not there, ModelCorrupt if its file is damaged
    or no network, UsageError for a network that the engine does not run, DeviceError if there is no such
    engine or device.
    """
    name, file = _locate(model)
    if engine == "tensorflow1":
        if precision != "float32":
            raise UsageError(
                f"TensorFlow 1.15 computes in float32, not in {precision}.",
                "Leave the precision out, or use --engine torch.",
            )
        return _load_in_tensorflow1(name, file, device)
    return _load_in_torch(name, file, torch.device(device), precision)


def read_network(path: Path) -> NetworkFile:
    """The network in a file of any format, which may be damaged or hostile.

    Raises ModelMissing if there is no file, ModelCorrupt if it is damaged, dangerous or no network. Memory is
    bounded by the size of the file, whatever sizes it claims.
    """
    with open_file(path) as file:
        head = read_bytes(file, HEAD, path)
        if safetensors_file.is_safetensors(head):
            return own.read(path).network
        read = _reader(head)
        if read is None:
            raise ModelCorrupt(f"{path.name} is no network of a known format.", KNOWN_FORMATS)
        file.seek(0)
        content = read_bytes(file, os.fstat(file.fileno()).st_size, path)
    return read(memoryview(content))


def _reader(head: bytes) -> Callable[[memoryview], NetworkFile] | None:
    for format_ in FORMATS:
        if head.startswith(format_.start) and format_.mark in head:
            return format_.read
    return None


def _locate(model: "str | os.PathLike[str]") -> tuple[str, WeightFile]:
    """A model's name and the file with its weights."""
    if not isinstance(model, str) or Path(model).name != model or Path(model).suffix in FILE_SUFFIXES:
        return Path(model).stem, WeightFile(Path(model))
    listed = zoo.find(model)
    if listed.kind != "generator":
        raise ModelMissing(f"{model} is no generator.", "retouchml models list shows what there is.")
    weights = next(file.name for file in listed.files if file.name.endswith(".safetensors"))
    return model, zoo.weight_file(model, weights)


def _load_in_torch(name: str, file: WeightFile, device: torch.device, precision: Precision) -> Generator:
    if not safetensors_file.is_safetensors(read_head(file.path)):
        return FullGenerator(name, read_network(file.path), device, precision=precision)
    if own.architecture(file) != MOBILE:
        read = own.read(file)
        return FullGenerator(name, read.network, device, read.latents, precision)
    fast = file.path.with_suffix(".onnx")
    if file.sha256:  # of the zoo, which knows the hash of that one as well
        return MobileGenerator(name, file, device, zoo.weight_file(name, fast.name), precision)
    return MobileGenerator(name, file, device, WeightFile(fast), precision)


def _load_in_tensorflow1(name: str, file: WeightFile, device: str) -> Generator:
    from stylegan2.tensorflow1 import installation
    from stylegan2.tensorflow1.child_process import ChildProcess
    from stylegan2.tensorflow1.generator import TensorFlow1Generator

    if safetensors_file.is_safetensors(read_head(file.path)):
        if own.architecture(file) == MOBILE:
            raise UsageError(
                f"{name} is no StyleGAN2 network, and the TensorFlow 1.15 engine runs no other.",
                "Choose another model, or use --engine torch.",
            )
        read = own.read(file)
    else:
        installation.interpreter()  # so that nothing slow is done if there is none
        read = own.measured(read_network(file.path))
    # The child process gets what was checked here, not the file, which may change meanwhile.
    weights = own.content(own.OwnFile(read.network.without_discriminator(), read.latents))
    child = ChildProcess(installation.interpreter(), weights, device)
    child.start()
    if device.startswith("cuda") and not child.about.get("gpus"):
        child.close()
        raise DeviceError("TensorFlow 1.15 sees no GPU here.", "Use --device cpu, or --device auto.")
    return TensorFlow1Generator(name, read.network, read.latents, child)
