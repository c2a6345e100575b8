"""Presets: looks with a name. Those that come with RetouchML are the ``.toml`` files in this folder."""
