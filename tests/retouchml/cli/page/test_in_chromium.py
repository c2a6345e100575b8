"""The pages in a real Chromium: keys alone, the size of a phone, a reload, two tabs, a wrong address."""

from collections.abc import Iterator

import pytest

from tests import browser, marks
from tests.browser import Browser, Tab
from tests.retouchml.cli.page.conftest import Serve

_ARROWS = {"ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}
_SHOWN = "state !== null && document.querySelector('#faces img')?.complete"


@pytest.fixture(scope="module")
@marks.marks_tests("processes")
def chromium() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    program = browser.chromium()
    if program is None:
        pytest.skip("there is no Chromium here (Debian's package is called chromium)")
    with browser.browsing(program) as running:
        yield running


def press(tab: Tab, key: str) -> None:
    """Press a key that answers, and wait for the next question."""
    before = tab.run("state.question")
    tab.press(key, _ARROWS.get(key, 0))
    tab.wait(f"state.question !== {before!r} && !busy && ({_SHOWN})")


def opened(chromium: Browser, address: str, width: int = 1200, height: int = 800) -> Tab:
    """A tab that shows its first question."""
    tab = chromium.tab(address, width, height, mobile=width < 600)
    tab.wait(f"typeof state !== 'undefined' && {_SHOWN}")
    return tab


def test_faces_are_labelled_with_keys_alone(chromium: Browser, serve: Serve) -> None:
    page = serve()
    tab = opened(chromium, page.address)
    assert tab.run("document.title") == "Is this face round? · RetouchML"
    for key in ("y", "n", "s", "ArrowRight", "ArrowLeft"):
        press(tab, key)
    assert page.choices == ["yes", "no", "skip", "yes", "no"]
    press(tab, "u")
    assert page.choices == ["yes", "no", "skip", "yes"]
    assert tab.run("document.querySelector('img').src").endswith("/face/4")  # the one that was undone
    assert tab.run("document.getElementById('count').textContent") == "3 answers · 10 are enough"
    assert tab.mistakes() == []


def test_tab_and_enter_reach_every_button(chromium: Browser, serve: Serve) -> None:
    page = serve()
    tab = opened(chromium, page.address)
    tab.press("Tab")
    names = []
    for _ in range(3):
        names.append(tab.run("document.activeElement.dataset.choice"))
        tab.press("Tab")
    assert names == ["no", "yes", "skip"]  # undo has nothing to undo yet
    tab.run("document.querySelector('[data-choice=yes]').focus()")
    before = tab.run("state.question")
    tab.press("Enter")
    tab.wait(f"state.question !== {before!r}")
    assert page.choices == ["yes"]


def test_a_key_that_is_held_down_answers_once(chromium: Browser, serve: Serve) -> None:
    page = serve()
    tab = opened(chromium, page.address)
    common = {"key": "y", "windowsVirtualKeyCode": 89, "text": "y"}
    for repeated in (False, True, True, True):
        tab.call("Input.dispatchKeyEvent", type="keyDown", autoRepeat=repeated, **common)
    tab.wait("state.answered === 1 && !busy")
    assert page.choices == ["yes"]


def test_pairs_are_compared_with_keys_and_by_pictures(chromium: Browser, serve: Serve) -> None:
    page = serve("ratings")
    tab = opened(chromium, page.address)
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown", "s"):
        press(tab, key)
    before = tab.run("state.question")
    tab.run("document.querySelectorAll('#faces button')[1].click()")
    tab.wait(f"state.question !== {before!r}")
    assert page.choices == ["left", "right", "tie", "skip", "right"]
    assert tab.run("document.getElementById('count').textContent") == "4 answers · 10 are enough"
    assert tab.mistakes() == []


@pytest.mark.parametrize("kind", ["labels", "ratings"])
@pytest.mark.parametrize(("width", "height"), [(360, 640), (640, 360), (1366, 768)])
def test_everything_fits_without_scrolling(
    kind: str, width: int, height: int, chromium: Browser, serve: Serve
) -> None:
    tab = opened(chromium, serve(kind).address, width, height)
    page = "document.documentElement"
    assert tab.run(f"[{page}.scrollWidth <= {width}, {page}.scrollHeight <= {height}]") == [True, True]
    boxes = tab.run(
        "[...document.querySelectorAll('img, footer button')].map((each) => "
        "{ const box = each.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; })"
    )
    assert all(
        left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in boxes
    )
    buttons = boxes[1 if kind == "labels" else 2 :]
    assert all(bottom - top >= 44 for _, top, _, bottom in buttons)  # as high as a finger is wide
    pictures = boxes[: 1 if kind == "labels" else 2]
    assert all(
        right - left >= 100 and abs((right - left) - (bottom - top)) <= 2
        for left, top, right, bottom in pictures
    )


def test_a_reload_in_the_middle_asks_the_same_question(chromium: Browser, serve: Serve) -> None:
    page = serve("ratings")
    tab = opened(chromium, page.address)
    press(tab, "ArrowLeft")
    before = tab.run("[state.question, state.faces, state.counted]")
    tab.run("window.old = true")
    tab.reload()
    tab.wait(f"window.old === undefined && typeof state !== 'undefined' && {_SHOWN}")
    assert tab.run("[state.question, state.faces, state.counted]") == before
    press(tab, "ArrowRight")
    assert page.choices == ["left", "right"]


def test_two_tabs_count_an_answer_once(chromium: Browser, serve: Serve) -> None:
    page = serve()
    first, second = opened(chromium, page.address), opened(chromium, page.address)
    press(first, "y")
    second.run("send('no')")
    second.wait("state.answered === 1 && !busy")
    assert page.choices == ["yes"]  # the second tab showed a question that was answered already
    assert "another window" in second.run("document.getElementById('note').textContent")
    press(second, "n")
    assert page.choices == ["yes", "no"]
    first.show()
    first.run("window.dispatchEvent(new Event('focus'))")
    first.wait("state.answered === 2")


def test_a_command_that_was_started_again_goes_on(chromium: Browser, serve: Serve) -> None:
    page = serve()
    tab = opened(chromium, page.address)
    press(tab, "y")
    page.server.close()
    tab.press("y")
    tab.wait("document.getElementById('note').textContent.includes('does not answer')")
    again = serve(file=page.file)
    assert again.address != page.address
    tab = opened(chromium, again.address)
    assert tab.run("[state.faces[0], state.answered]") == [1, 1]


@pytest.mark.parametrize("place", ["", "wrong/", "{token}x/", "{token}/../state", "{token}/face/99"])
def test_a_wrong_address_shows_nothing(place: str, chromium: Browser, serve: Serve) -> None:
    page = serve()
    address = f"{page.server.origin}/{place.format(token=page.server.token)}"
    tab = chromium.tab(address)
    tab.wait("document.body && document.body.textContent.includes('404 Not Found')")
    assert not tab.run("document.images.length")


def test_a_page_of_another_origin_can_neither_read_nor_answer(chromium: Browser, serve: Serve) -> None:
    page, stranger = serve(), serve("ratings")
    tab = opened(chromium, stranger.address)
    for options in ("{}", "{mode: 'no-cors'}", "{method: 'POST', body: '{}', mode: 'no-cors'}"):
        reply = (
            f"fetch({page.address + 'state'!r}, {options}).then((r) => r.status || r.type, () => 'refused')"
        )
        assert tab.run(reply) == "refused"
    frame = (
        f"document.body.append(Object.assign(document.createElement('iframe'), {{src: {page.address!r}}}))"
    )
    tab.run(frame)
    assert page.choices == []
