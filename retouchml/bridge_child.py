"""``retouchml.client.bridge_process`` under the name by which plug-ins of earlier versions start it."""

import sys

from retouchml.client.bridge_process import main

if __name__ == "__main__":
    sys.exit(main())
