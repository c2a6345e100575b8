"""Tests of ``retouchml/darktable``."""
