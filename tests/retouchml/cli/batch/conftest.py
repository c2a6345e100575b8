"""A server of S3 for tests of buckets."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import fsspec
import pytest


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A bucket at a real server of S3 on this machine, where CONTRIBUTING.md says how to get one."""
    if find_spec("moto") is None or find_spec("s3fs") is None:
        pytest.skip("There is no server of S3: pip install moto[server] s3fs")
    from moto.server import ThreadedMotoServer

    system_class = fsspec.get_filesystem_class("s3")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        system_class.clear_instance_cache()  # they have the settings of who came before
        system = fsspec.filesystem("s3", skip_instance_cache=True)
        system.makedirs("photos", exist_ok=True)  # what such a server has outlives it
        yield system
        system_class.clear_instance_cache()
    server.stop()
