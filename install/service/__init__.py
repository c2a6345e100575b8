"""The daemon as a background service of systemd, launchd or Windows' Task Scheduler."""
