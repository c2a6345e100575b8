"""PACKAGE daemon/memory."""
