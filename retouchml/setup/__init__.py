"""``retouchml setup`` of the light wheel: finds a Python for the engine, and runs the installer with it.

The installer itself is that of a checkout; the wheel carries it in ``files/``. Standard library only.
"""
