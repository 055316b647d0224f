"""How the desk's commands take numbers, days and months, and show instants and addresses."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from kumiai_common.clock import JAPAN
from kumiai_contracts.fields import ADDRESSEE_DIGITS
from kumiai_contracts.identifiers import addressee_check_digit, has_check_digit

from kumiai_cli.outcome import USAGE, Failure

_ADDRESS = ("prefecture", "municipality", "town", "number", "building")


def parse_number(text: str, what: str = "宛名番号") -> str:
    """A 宛名番号 or 世帯番号 as it was typed. Raises Failure for a text that can be none."""
    if not re.fullmatch(rf"[0-9]{{{ADDRESSEE_DIGITS}}}", text, re.ASCII):
        raise Failure(f"{text} is no {what}: {ADDRESSEE_DIGITS} digits are needed, such as 0000000019.", USAGE)
    if not has_check_digit(text, ADDRESSEE_DIGITS, addressee_check_digit):
        raise Failure(f"{text} is no {what}: its check digit does not fit, so a digit is wrong.", USAGE)
    return text


def parse_month(text: str) -> str:
    """A month as it was typed. Raises Failure for a text that is none."""
    try:
        date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Failure(f"{text} is no month: YYYY-MM, such as 2026-04.", USAGE) from None
    return text


def in_japan(instant: str | None, length: int = 16) -> str:
    """An instant as a clock in Japan shows it, to the minute; of the day alone with `length` 10. Empty for none."""
    return "" if instant is None else datetime.fromisoformat(instant).astimezone(JAPAN).isoformat(" ")[:length]


def address_of(address: Mapping[str, Any]) -> str:
    """An address in one line."""
    return "".join(str(address.get(part) or "") for part in _ADDRESS)
