"""What plug-ins for all editors share: the profiles they go into, their files and how these are copied."""
