"""RetouchML in Krita: a docker and an action that send the active layer to the daemon.

The plug-in has no models, no numerics, and no third-party modules but Qt and those beside it. It is installed
as ``pykrita/retouchml_krita``, hence the relative imports. Outside Krita, it registers nothing.
"""

import importlib.util

if importlib.util.find_spec("krita") is not None:
    from . import plugin

    plugin.register()
