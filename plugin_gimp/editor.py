"""GIMP itself: what the daemon and reports of the plug-in call it.

All calls of GIMP's functions go through one pipe. Two threads at it take each other's answers, and libgimp
then aborts the plug-in's process ("could not find handler for message"). So only the main thread calls them.
"""

from gi.repository import Gimp


def name() -> str:
    """GIMP's name and version; for the main thread alone, as GIMP is asked."""
    return f"GIMP {Gimp.version()}"
