"""A service in a folder with an awkward name."""

import sys
from pathlib import Path

import pytest

from install.service.plan import Service

AWKWARD = "a $HOME ${X} 100% %h é [x]"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service whose interpreter exists, below a RETOUCHML_HOME."""
    home = tmp_path / AWKWARD
    python = home / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return Service(
        python,
        ("-m", "daemon", "--service"),
        {"RETOUCHML_HOME": str(home), "PYTHONSAFEPATH": "1"},
        (home / "run", home / "cache"),
        home=home,
    )
