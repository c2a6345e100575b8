"""``retouchml.client.bridge_process`` under the name by which plug-ins of version 0.1 start it.

Such a plug-in then hears from the daemon which side to update. Version 0.3 may remove this module.
"""

import sys

from retouchml.client.bridge_process import main

if __name__ == "__main__":
    sys.exit(main())
