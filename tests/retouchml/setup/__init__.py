"""Tests of retouchml/setup."""
