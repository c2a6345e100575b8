"""``--metrics``: Prometheus's text and a sign of life, on loopback alone."""

import http.client
import re
import socket
from collections.abc import Callable

import pytest

from daemon import metrics
from retouchml.errors import UsageError
from retouchml.look import Look
from tests.daemon.running import PATIENCE, Daemon
from tests.ports import free_port

_LINE = re.compile(r"retouchml_[a-z_]+(\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\})? [-+0-9.e]+")


@pytest.fixture
def port() -> int:
    """A port of the loopback interface at which nobody listens."""
    return free_port()


def get(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def values(port: int) -> "dict[str, float]":
    status, text = get(port, "/metrics")
    assert status == 200
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(_LINE.fullmatch(line) for line in lines), text
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_prometheus_reads_what_the_daemon_does(start: Callable[..., Daemon], port: int) -> None:
    daemon = start("--metrics", f"127.0.0.1:{port}", "--device", "one,two")
    daemon.status()  # so its loop turns
    assert get(port, "/healthz") == (200, "ok\n")
    before = values(port)
    photo = daemon.photo()
    photo.render({0: Look(0.5, edits={"slow": 0.03})}).result(PATIENCE)
    with pytest.raises(Exception, match="should not have happened"):
        photo.render({0: Look(0.5, edits={"fail": 1.0})}).result(PATIENCE)
    after = values(port)
    assert (before["retouchml_photos"], after["retouchml_photos"]) == (0, 1)
    assert after['retouchml_jobs_total{outcome="done"}'] == 2
    assert after['retouchml_jobs_total{outcome="failed"}'] == 1
    assert after["retouchml_job_seconds_total"] > 0.3
    assert after['retouchml_worker_busy{worker="1",device="two"}'] == 0


def test_only_two_paths_are_read_and_only_by_this_machine(start: Callable[..., Daemon], port: int) -> None:
    start("--metrics", f"localhost:{port}").status()
    assert get(port, "/")[0] == 404
    assert get(port, "/metrics/../../etc/passwd")[0] == 404
    assert get(port, "/metrics", "POST")[0] == 501
    # a page of a browser whose name leads here
    assert get(port, "/metrics", Host="example.org")[0] == 421
    assert get(port, "/metrics", Host=f"[::1]:{port}")[0] == 200


def test_a_client_that_says_nothing_holds_up_nobody_for_long(start: Callable[..., Daemon], port: int) -> None:
    start("--metrics", f"127.0.0.1:{port}").status()
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"GET /met")
        assert get(port, "/healthz")[0] == 200


def test_a_loop_that_hangs_is_unavailable(port: int) -> None:
    served = metrics.Metrics(f"127.0.0.1:{port}", lambda: None)
    try:
        assert get(port, "/healthz")[0] == 503
    finally:
        served.close()


@pytest.mark.parametrize("address", ["0.0.0.0:9464", "192.0.2.7:9464", "[::]:9464", "gpu.example.org:9464"])
def test_other_addresses_than_loopback_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="metrics have no keys"):
        metrics.parse_loopback(address)


@pytest.mark.parametrize("address", ["", "9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no HOST:PORT"):
        metrics.parse_loopback(address)


def test_a_label_cannot_break_out_of_its_quotes() -> None:
    assert metrics._labels(device='a"b\\c\nd') == '{device="a\\"b\\\\c\\nd"}'
