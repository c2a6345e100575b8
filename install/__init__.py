"""The installer: ``python3 install WHAT`` sets RetouchML up in this checkout, and removes it again.

It runs before anything is installed, so it imports the standard library and ``retouchml.system`` alone.
"""
