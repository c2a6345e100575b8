"""PACKAGE install/editors."""
