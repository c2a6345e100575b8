"""What each person has had done since the daemon began: jobs, and seconds of the workers.

It knows names and numbers alone, never what is in a picture, nor what a file is called.
"""

from dataclasses import dataclass

_MOST = 1024  # people; their names come from keys that the owner gave


@dataclass
class Account:
    """jobs: that ended with a result; failed: with an error; seconds: that workers spent on both."""

    jobs: int = 0
    failed: int = 0
    seconds: float = 0.0


class Accounts:
    """The accounts of all people, "" for this user and the daemon's owner."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def note(self, person: str, seconds: float, *, failed: bool) -> None:
        """A worker is done with a job."""
        if person not in self._accounts and len(self._accounts) >= _MOST:
            return
        account = self._accounts.setdefault(person, Account())
        account.jobs += not failed
        account.failed += failed
        account.seconds += seconds

    def of(self, person: str) -> Account:
        """The account of a person."""
        return self._accounts.get(person, Account())

    def people(self) -> set[str]:
        """Those with an account."""
        return set(self._accounts)

    def total(self) -> Account:
        """All accounts together."""
        accounts = self._accounts.values()
        return Account(
            sum(each.jobs for each in accounts),
            sum(each.failed for each in accounts),
            sum(each.seconds for each in accounts),
        )
