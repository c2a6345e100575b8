"""Tests of ``install/translations``."""
