"""The Python interface where the engine lives in an environment of its own: the daemon retouches.

NumPy is needed here alone: arrays come from the script, and go back to it.
"""
