"""What the transport says of a connection that ended, whoever notices first."""

from pathlib import Path

import pytest
import zmq

from retouchml.client.transport import ConnectOptions
from retouchml.client.zmq_transport import ZmqTransport
from retouchml.errors import DaemonLost, Refused
from tests.daemon.running import PATIENCE, needs_posix


@needs_posix
def test_a_message_that_comes_after_the_refusal_says_why_the_connection_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, secret = zmq.curve_keypair()
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.linger = 0
        router.curve_server, router.curve_publickey, router.curve_secretkey = True, public, secret
        router.bind(f"ipc://{tmp_path}/s")
        transport = ZmqTransport(ConnectOptions())
        monkeypatch.setattr(transport, "_endpoint", lambda: (f"ipc://{tmp_path}/s", None))  # without keys
        transport.open()
        try:
            assert transport._monitor.poll(1000 * PATIENCE)

            with pytest.raises((Refused, DaemonLost), match=r"refused|was lost"):  # as ZeroMQ reports it
                _send_until_it_fails(transport)
        finally:
            transport.close()


def _send_until_it_fails(transport: ZmqTransport) -> None:
    while True:
        transport.send([b"status"])
