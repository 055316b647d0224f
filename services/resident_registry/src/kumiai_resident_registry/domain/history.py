"""History (異動履歴): which of a person's rows still stand, and in which order movements came.

Nothing is ever overwritten: a cancellation adds a row that repeats the one before the movement it takes back. So a row
stands if it is neither such a repetition nor taken back.
"""

from collections.abc import Sequence

from kumiai_contracts.envelope import Cause
from kumiai_contracts.resident import ResidentRow


def standing(history: Sequence[ResidentRow]) -> list[ResidentRow]:
    """The movements that hold, in order; none for somebody whose entry itself was cancelled."""
    taken_back = {row.cancels for row in history if row.cancels is not None}
    return [row for row in history if row.cancels is None and row.history_number not in taken_back]


def last_standing(history: Sequence[ResidentRow]) -> ResidentRow | None:
    """The last movement that holds."""
    if history and history[-1].cancels is None:
        return history[-1]
    rows = standing(history)
    return rows[-1] if rows else None


def order(row: ResidentRow) -> tuple[int, int]:
    """Where a row's movement stands among all movements of the municipality."""
    cause = Cause.parse(row.movement)
    return cause.incarnation, cause.position
