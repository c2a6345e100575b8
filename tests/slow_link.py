"""A slow network: a proxy in front of an address, which lets so many bits a second through, and later."""

import collections
import contextlib
import socket
import threading
import time

_PIECE = 16_384  # bytes


class SlowLink:
    """Listens at ``address`` and passes on what comes, both ways, until it is closed.

    bits: a second, each way; delay: seconds, each way; carried: bytes that went up and down so far
    """

    def __init__(self, target: tuple[str, int], bits: float = float("inf"), delay: float = 0.0) -> None:
        self.carried = [0, 0]
        self._target, self._bits, self._delay = target, bits, delay
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it, and every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End every connection; new ones can be made."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._target)
                self._sockets += [here, there]
                for way, (source, sink) in enumerate(((here, there), (there, here))):
                    waiting: collections.deque[tuple[float, bytes]] = collections.deque(maxlen=None)
                    news = threading.Semaphore(0)
                    for work, ends in ((self._take, source), (self._give, sink)):
                        arguments = (way, ends, waiting, news)
                        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _take(
        self,
        way: int,
        source: socket.socket,
        waiting: "collections.deque[tuple[float, bytes]]",
        news: threading.Semaphore,
    ) -> None:
        free_at = time.monotonic()
        data = b"-"
        while data:
            try:
                data = source.recv(_PIECE)
            except OSError:
                data = b""
            self.carried[way] += len(data)
            free_at = max(free_at, time.monotonic()) + 8 * len(data) / self._bits
            time.sleep(max(0.0, free_at - time.monotonic()))
            waiting.append((time.monotonic() + self._delay, data))
            news.release()

    def _give(
        self,
        _way: int,
        sink: socket.socket,
        waiting: "collections.deque[tuple[float, bytes]]",
        news: threading.Semaphore,
    ) -> None:
        with contextlib.suppress(OSError):
            while True:
                news.acquire()
                due, data = waiting.popleft()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
