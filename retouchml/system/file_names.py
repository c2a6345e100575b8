"""Names of files that both the installer and the program use."""

INSTALL_RECORD = "install.json"
"""In the data folder: which interpreter an editor starts."""
SETTINGS = "config.toml"
"""In the configuration folder: the user's own defaults."""
PRESETS = "presets"
"""In the configuration folder: the folder of the user's own presets."""
