"""The installer's errors, each a sentence for a person."""


class InstallError(Exception):
    """Something that the user can put right: a sentence, what to do about it, and the exit code.

    mark: what the line of the failed step shows in place of its seconds
    """

    mark = "failed"

    def __init__(self, message: str, advice: str = "", code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code

    def explain(self) -> str:
        """The sentence and the advice on one line."""
        return f"{self.message} {self.advice}".strip()


class Interrupted(KeyboardInterrupt):
    """A signal other than Ctrl-C's asked this process to stop."""
