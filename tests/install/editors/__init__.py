"""Tests of ``install/editors``."""
