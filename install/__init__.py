"""PACKAGE install."""
