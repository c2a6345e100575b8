"""A checkout that is set up once for all tests of actions."""

import pytest

from tests.install import small_checkout
from tests.install.small_checkout import Ready
from tests.marks import marks_tests


@pytest.fixture(scope="session")
@marks_tests("processes")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """A checkout in which ``demo`` was run once; tests leave it as it is."""
    checkout = small_checkout.make(tmp_path_factory.mktemp("ready"))
    result = checkout.run("demo")
    return Ready(checkout, result, checkout.calls())
