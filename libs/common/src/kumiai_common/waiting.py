"""What can't be taken yet: one municipality's notices wait, everybody else's go on.

Neither says anything about the data, so nothing is refused: the same again, later, is taken.
"""

from collections.abc import Iterable


class IntakeHeld(RuntimeError):
    """受付待ち: the service has yet to complete its replicas for this municipality: send again later."""


class MustWait(RuntimeError):
    """待機: something that these municipalities' notices need is not at hand, such as a key. It takes an operator.

    Raised while a poll's state is loaded; the poll is undone, and comes again without the notices of whoever waits.
    """

    def __init__(self, municipalities: Iterable[str], why: str) -> None:
        """`why` is for whoever asked, in English; never a value from a record."""
        self.municipalities = frozenset(municipalities)
        self.why = why
        super().__init__(f"{', '.join(sorted(self.municipalities))}: {why}")
