"""Tests of ``install/service``."""
