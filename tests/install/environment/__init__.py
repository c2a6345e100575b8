"""Tests of ``install/environment``."""
