"""The local page on which faces are labelled and compared: its server, and what the browser gets."""
