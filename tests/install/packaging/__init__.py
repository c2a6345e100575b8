"""Tests of install/packaging."""
