"""How programs talk to the daemon: the protocol, the client, and how the daemon is found and started."""
