"""The one table of what the installer can do and remove. A new editor is a row here and a module beside it.

``uninstall`` goes through the parts in this order. The service comes first: it runs out of the environment
and writes into the cache.
"""

from install.actions.base import Action, Part
from install.actions.brought_python import BroughtPython
from install.actions.bundle import WriteBundle
from install.actions.connector import Connector
from install.actions.darktable import DarktableScript
from install.actions.demo import Demo
from install.actions.dev import Development, Tests
from install.actions.engine import Engine
from install.actions.environment import Environment
from install.actions.gimp import GimpPlugin
from install.actions.krita import KritaPlugin
from install.actions.lock import Lock
from install.actions.release import BuildRelease
from install.actions.service import BackgroundService
from install.actions.tensorflow1 import TensorFlow1
from install.actions.translations import Translations
from install.actions.uninstall import Uninstall
from install.actions.user_files import CACHE, CONFIG, COPIES, MODELS, RECORD, RUN
from install.actions.wheels import Wheels
from install.actions.zips import Zips
from install.checkout import IS_PACKAGED

_OF_A_CHECKOUT: dict[str, Action | Part] = {
    "demo": Demo(),
    "test": Tests(),
    "dev": Development(),
    "lock": Lock(),
    "wheels": Wheels(),
    "zips": Zips(),
    "release": BuildRelease(),
    "translations": Translations(),
}
_OF_THE_LIGHT_WHEEL: dict[str, Action | Part] = {
    "engine": Engine(),
    "bundle": WriteBundle(),
    "connector": Connector(),
}

_ROWS: dict[str, Action | Part] = {
    **(_OF_THE_LIGHT_WHEEL if IS_PACKAGED else _OF_A_CHECKOUT),
    "service": BackgroundService(),
    "environment": Environment(),
    "models": MODELS,
    **({} if IS_PACKAGED else {"tensorflow1": TensorFlow1()}),
    "cache": CACHE,
    "config": CONFIG,
    "run": RUN,
    "gimp": GimpPlugin(),
    "krita": KritaPlugin(),
    "darktable": DarktableScript(),
    "record": RECORD,
    # last: the installer itself may run out of them
    **({"copies": COPIES, "python": BroughtPython()} if IS_PACKAGED else {}),
}

PARTS: dict[str, Part] = {name: row for name, row in _ROWS.items() if isinstance(row, Part)}
ACTIONS: dict[str, Action] = {
    **{name: row for name, row in _ROWS.items() if isinstance(row, Action)},
    "uninstall": Uninstall(PARTS),
}
