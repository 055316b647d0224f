"""Whether what the network delivers comes in time, by the clocks of the sender, the network and this service.

A message may have waited long, so its age alone says nothing: its end of validity and the network's own time do.
"""

from datetime import datetime, timedelta

from kumiai_contracts.exchange_notices import NetworkNotice

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far two clocks may be apart: our own choice."""


def untimely(notice: NetworkNotice, now: str) -> str | None:
    """The code of the refusal, or None."""
    instant = datetime.fromisoformat(now)
    try:
        sent, accepted, expires = map(datetime.fromisoformat, (notice.sent_at, notice.accepted_at, notice.expires_at))
    except ValueError:  # a 31 June, or a minute 75
        return "sender-clock-off"
    if abs(sent - accepted) > CLOCK_TOLERANCE:
        return "sender-clock-off"
    if accepted - instant > CLOCK_TOLERANCE:
        return "network-clock-off"
    return "request-expired" if expires <= instant else None
