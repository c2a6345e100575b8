"""Krita's side of RetouchML: a docker and an action that send the active layer to the daemon.

Thin: no models, no numerics, nothing third-party but Qt and what lies beside it. Installed as
``pykrita/retouchml_krita``, hence the relative imports; outside Krita nothing registers itself.
"""

import importlib.util

if importlib.util.find_spec("krita") is not None:
    from . import plugin

    plugin.register()
