"""Servers of object stores for tests of buckets."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import fsspec
import pytest

from tests.daemon.running import until
from tests.ports import free_port

_BUCKET = "photos"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A bucket, photos, at a real server of S3 on this machine, where CONTRIBUTING.md says how to get one."""
    if find_spec("moto") is None or find_spec("s3fs") is None:
        pytest.skip("There is no server of S3: pip install moto[server] s3fs")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        with _settings("s3", settings) as system:
            system.makedirs(_BUCKET, exist_ok=True)  # what such a server has outlives it
            yield system
    finally:
        server.stop()


@pytest.fixture(scope="module")
def gs() -> Iterator[Any]:
    """The same at an emulator of Google's store."""
    if find_spec("gcp_storage_emulator") is None or find_spec("gcsfs") is None:
        pytest.skip("There is no server of Google's store: pip install gcp-storage-emulator gcsfs")
    port = free_port()
    address = ["--host", "127.0.0.1", "--port", str(port)]
    options = ["start", *address, "--in-memory", "--default-bucket", _BUCKET]
    server = subprocess.Popen(
        [sys.executable, "-m", "gcp_storage_emulator", *options], stderr=subprocess.DEVNULL
    )
    settings = {
        "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}",
        "NO_GCE_CHECK": "true",  # asks no machine of Google's for a key
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",  # asks by gRPC, which the emulator does not speak
    }
    try:
        assert until(lambda: _listens(port) or server.poll() is not None)
        with _settings("gs", settings) as system:
            yield system
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module", params=["s3", "gs"])
def bucket(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """Each of these in turn: its scheme, and its file system."""
    return request.param, request.getfixturevalue(request.param)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@contextmanager
def _settings(scheme: str, settings: Mapping[str, str]) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**settings, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}.items():
            patch.setenv(name, value)
        system_class = fsspec.get_filesystem_class(scheme)  # reads some of them when it is imported
        system_class.clear_instance_cache()  # they have the settings of who came before
        yield fsspec.filesystem(scheme, skip_instance_cache=True)
        system_class.clear_instance_cache()
