"""What the operating system does for the others: files, locks, processes. The standard library alone."""
