"""Tests of ``install/actions``."""
