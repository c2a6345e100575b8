"""Tests of retouchml/scripting."""
