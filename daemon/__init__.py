"""The daemon: a small server that owns the sockets, and workers that load the models (docs/protocol.md)."""
