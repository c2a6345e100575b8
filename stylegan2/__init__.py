"""Generators of the StyleGAN2 family: networks, latent statistics, weight formats and the model zoo.

``load(name)`` gives a ``Generator`` for a model of the zoo, ``load(path)`` for a file of any known format.
It is imported when first used, so that the zoo can be looked at without torch.
"""

from typing import TYPE_CHECKING, Any

from retouchml.system.surroundings import load_torch_elsewhere
from retouchml.system.waiting import spin_briefly

if TYPE_CHECKING:
    from stylegan2.loading import load

__all__ = ["load"]

spin_briefly()  # here, since it counts only before torch is imported
load_torch_elsewhere()


def __getattr__(name: str) -> Any:
    if name == "load":
        from stylegan2.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
