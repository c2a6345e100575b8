"""What can go wrong, as a sentence for a person."""


class Problem(Exception):
    """Something the user can put right: one sentence, what to do about it, and the exit code.

    mark: what the line of the step says in which it happened
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
    """Somebody asked this process to end by a signal other than Ctrl-C's."""
