"""Anonymous memory that the daemon and its workers share."""
