"""What keeps a child process away from the terminal on Windows, as ``start_new_session`` does elsewhere."""

import subprocess
import sys

if sys.platform == "win32":
    # a console of its own, without a window: Ctrl-C does not reach it, and no window opens where the parent,
    # an editor or a scheduled task, has no console
    CREATION_FLAGS = subprocess.CREATE_NO_WINDOW
else:
    CREATION_FLAGS = 0
