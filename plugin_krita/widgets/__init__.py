"""The docker's widgets: they show a ``View`` and pass on what the user does, and hold no logic."""
