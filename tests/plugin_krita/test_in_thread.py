"""What a thread says arrives in the event loop, unless the window was closed meanwhile."""

import threading

from plugin_krita.in_thread import InThread

from .test_connection import Loop


def test_what_a_thread_says_is_handed_over_in_the_event_loop() -> None:
    loop, heard = Loop(), list[tuple[str, str]]()
    InThread(loop).run(
        lambda: threading.current_thread().name,
        lambda said: heard.append((said, threading.current_thread().name)),
    )
    loop.run_until(lambda: bool(heard))
    assert heard == [("retouchml-settings", "MainThread")]
    assert loop.handles == 0


def test_nothing_is_handed_over_after_the_end() -> None:
    loop, heard, go = Loop(), list[str](), threading.Event()
    threads = InThread(loop)

    def work() -> str:
        go.wait(120.0)
        return "late"

    threads.run(work, heard.append)
    threads.close()
    go.set()
    loop.run_until(lambda: loop.handles == 0)
    assert heard == []
