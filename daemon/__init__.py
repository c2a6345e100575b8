"""The daemon: a small server that owns the socket, and workers that hold the models (docs/protocol.md)."""
