"""Which welcome page the dockers of all of Krita's windows share. No Qt."""

from retouchml.client.welcome_page import WelcomePage
from retouchml.client.welcome_reason import Reason


def shared_page(former: WelcomePage | None, reason: Reason) -> WelcomePage:
    """The page for a docker that begins to show it: the one that the others show, or a new one."""
    return former if former is not None and _serves(former, reason) else WelcomePage.of_this_user(reason)


def _serves(page: WelcomePage, reason: Reason) -> bool:
    if page.is_busy:
        return True
    # a page that came of itself and has ended lets the dockers of other windows go on, too
    return page.reason == reason and not (reason.why.is_asked and page.shown().is_done)
