"""Generators of the StyleGAN2 family: networks, latent statistics, weight formats and the model zoo.

``load(name)`` gives a ``Generator`` for a model of the zoo.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylegan2.generator import Generator

__all__ = ["load"]


def load(name: str, device: str = "cpu") -> "Generator":
    """The generator called ``name`` in the zoo, on a torch device.

    Raises ModelMissing where it is unknown or not fetched, ModelCorrupt where its file is damaged.
    """
    import torch

    from retouchml.errors import ModelMissing
    from stylegan2 import zoo
    from stylegan2.mobile_generator import MobileGenerator

    entry = zoo.entry(name)
    if entry.kind != "generator":
        raise ModelMissing(f"{name} is no generator.", "retouchml models list shows what there is.")
    return MobileGenerator(name, zoo.path(name, f"{name}.safetensors"), torch.device(device))
