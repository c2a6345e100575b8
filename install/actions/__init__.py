"""PACKAGE install/actions."""
