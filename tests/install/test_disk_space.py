"""Free space is checked before a large download."""

from pathlib import Path

import pytest

from install.disk_space import check_free_space
from install.errors import InstallError


def test_a_disk_that_is_too_full_is_noticed_beforehand(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=r"1000000\.0 GB are needed"):
        check_free_space(tmp_path, 10**15)
    check_free_space(tmp_path, 1)
