"""Many pictures in one ``retouchml beautify``: which, where to, what is done already, and what was done."""
