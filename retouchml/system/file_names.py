"""Names of files that both the installer and the program use."""

INSTALL_RECORD = "install.json"
"""In the data folder: which interpreter an editor starts."""
CONNECTOR = "connector"
"""In the data folder: the folder of ZeroMQ for plug-ins that work with another machine."""
CONNECTOR_PACKAGES, CONNECTOR_RECORD = "packages", "connector.json"
"""In there: the modules, and for which Python they are, which is written last."""
PLUGIN_RECORD = "retouchml-installed.json"
"""In a plug-in's folder in an editor: what the installer put there."""
BY_A_ZIP = "zip"
"""What stands there in place of a command where the plug-in came as a zip."""
SETTINGS = "config.toml"
"""In the configuration folder: the user's own defaults."""
MODELS_INDEX = "index.json"
"""In a folder of models for a web server: what is in it."""
PRESETS = "presets"
"""In the configuration folder: the folder of the user's own presets."""


def hosted_place(model: str, file: str, sha256: str) -> str:
    """Where a file of a model lies in such a folder: by its hash, so that one folder serves all versions."""
    return f"{model}/{sha256[:16]}/{file}"
