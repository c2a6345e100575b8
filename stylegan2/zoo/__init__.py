"""The model zoo: which models there are, which of them are on this machine, and how they get there.

``zoo.toml`` names them. A model is stored in ``paths.models_dir() / NAME``, complete or not at all.
"""

from stylegan2.zoo.fetching import fetch
from stylegan2.zoo.storage import folder, is_installed, path, remove, verify, weight_file
from stylegan2.zoo.table import Model, ModelFile, defaults, find, models

__all__ = [
    "Model",
    "ModelFile",
    "defaults",
    "fetch",
    "find",
    "folder",
    "is_installed",
    "models",
    "path",
    "remove",
    "verify",
    "weight_file",
]
