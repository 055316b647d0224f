"""Check digits of the numbers that identify people, households and municipalities.

Digits are counted from the right of the body (the number without its check digit), as the ordinances do.
"""

from collections.abc import Callable
from operator import mul

_REPEATING = tuple(2 + n % 6 for n in range(32))
"""Weights 2 to 7, repeating."""


def local_government_check_digit(body: str) -> str:
    """Check digit of a five-digit 全国地方公共団体コード body (総務省, 全国地方公共団体コード仕様)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, (6, 5, 4, 3, 2), strict=True))
    return str((11 - total % 11) % 10)


def my_number_check_digit(body: str) -> str:
    """Check digit of an eleven-digit 個人番号 body (平成26年総務省令第85号 第5条)."""
    return _my_number_weights(body, 11)


def resident_record_check_digit(body: str) -> str:
    """Check digit of a ten-digit 住民票コード body: the weights of 個人番号 over ten digits."""
    return _my_number_weights(body, 10)


def corporate_number_check_digit(body: str) -> str:
    """Leading check digit of a twelve-digit 法人番号 body (平成26年財務省令第70号 第2条)."""
    if len(body) != 12:
        raise ValueError("a corporate number has a body of 12 digits")
    total = sum(int(digit) * (1 if n % 2 else 2) for n, digit in enumerate(reversed(body), start=1))
    return str(9 - total % 9)


def addressee_check_digit(body: str) -> str:
    """Check digit of a 宛名番号 or 世帯番号 body: modulus 11, weights 2 to 7 repeating from the right.

    The remainders 0 and 1 both give 0; for 1 this is our own choice, since no source says what happens.
    """
    total = sum(map(mul, map(int, reversed(body)), _REPEATING))
    remainder = total % 11
    return "0" if remainder <= 1 else str(11 - remainder)


def with_check_digit(body: str, check_digit: Callable[[str], str]) -> str:
    """The number made of a body and the check digit that follows it."""
    return body + check_digit(body)


def has_check_digit(number: str, digits: int, check_digit: Callable[[str], str]) -> bool:
    """Whether a number has so many ASCII digits and ends in the check digit of the rest."""
    if len(number) != digits or not (number.isascii() and number.isdigit()):
        return False
    return check_digit(number[:-1]) == number[-1]


def _my_number_weights(body: str, digits: int) -> str:
    if len(body) != digits:
        raise ValueError(f"the body must have {digits} digits")
    total = sum(int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(reversed(body), start=1))
    remainder = total % 11
    return "0" if remainder <= 1 else str(11 - remainder)
