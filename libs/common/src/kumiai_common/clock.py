"""Time as the services use it: instants in UTC, days in Japan."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def timestamp(instant: datetime) -> str:
    """An instant as events carry it: RFC 3339 in UTC, six digits of a second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_since(time: str, instant: datetime) -> float:
    """Seconds from an event's time to an instant, never negative."""
    return max(0.0, (instant - datetime.fromisoformat(time)).total_seconds())


def day_in_japan(instant: datetime) -> date:
    """The day of an instant in Japan."""
    return instant.astimezone(JAPAN).date()
