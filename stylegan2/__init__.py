"""Generators of the StyleGAN2 family: networks, latent statistics, weight formats and the model zoo.

``load(name)`` gives a ``Generator`` for a model of the zoo, ``load(path)`` for a file of any known format.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylegan2.full_generator import Precision
    from stylegan2.generator import Generator

__all__ = ["load"]


def load(
    model: "str | os.PathLike[str]",
    device: str = "cpu",
    precision: "Precision" = "float32",
    engine: str = "torch",
) -> "Generator":
    """A generator on a torch device: one of the zoo or an imported one by its name, or one in a file.

    With the engine tensorflow1, TensorFlow 1.15 computes in a child process, on ``device``: auto, cpu, cuda
    or cuda:N. It runs StyleGAN2 itself alone; its tensors are torch's, on the CPU.

    A file is told from a name by its folder or its suffix (.pkl, .pt, .pth, .safetensors). Only StyleGAN2
    itself has another precision than float32. Nothing that a file says is ever run.

    Raises ModelMissing where it is unknown, not fetched or not there, ModelCorrupt where its file is damaged
    or no network, UsageError for a network that the engine does not run, DeviceError where there is no such
    engine or device.
    """
    from retouchml.errors import ModelMissing
    from stylegan2 import zoo
    from stylegan2.zoo import table

    if not isinstance(model, str) or Path(model).name != model or Path(model).suffix in table.FILE_SUFFIXES:
        path = Path(model)
        return _from_file(path.stem, path, device, precision, engine)
    entry = zoo.entry(model)
    if entry.kind != "generator":
        raise ModelMissing(f"{model} is no generator.", "retouchml models list shows what there is.")
    weights = next(file.name for file in entry.files if file.name.endswith(".safetensors"))
    return _from_file(model, zoo.path(model, weights), device, precision, engine)


def _from_file(name: str, path: Path, device: str, precision: "Precision", engine: str) -> "Generator":
    if engine == "tensorflow1":
        from stylegan2 import tensorflow1_generator

        return tensorflow1_generator.load_file(name, path, device)
    import torch

    from stylegan2.formats import own, reading
    from stylegan2.full_generator import FullGenerator
    from stylegan2.mobile.generator import MobileGenerator

    target = torch.device(device)
    if not own.is_own(reading.read_head(path)):
        return FullGenerator(name, reading.read(path), target, precision=precision)
    if own.architecture(path) != own.ARCHITECTURE:
        return MobileGenerator(name, path, target)
    file = own.read(path)
    return FullGenerator(name, file.network, target, file.latents, precision)
