"""Messages that are wrong on purpose, each with what has to come of it. None may stop the next notice.

Every kind starts from a notice that would be right and spoils one thing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import DeathNotice, MoveInNotice
from kumiai_contracts.strict_json import MAX_BYTES
from kumiai_contracts.taxation import EmploymentIncomeReport

from kumiai_demo.message import Message, good

NOBODY = with_check_digit("987654321", addressee_check_digit)
"""A 宛名番号 with a right check digit that nobody has."""

Envelope = Callable[[Notice], NoticeEnvelope]
Spoil = Callable[[Message], Message]


def wrong_bodies() -> dict[str, Spoil]:
    """How to spoil a body; what is left is refused with that code."""
    return {
        "body-not-json": lambda m: _body(m, m.body[:-1]),
        "body-not-utf8": lambda m: _body(m, _with_field(m, "place", "@").replace(b'"@"', '"本庁"'.encode("shift_jis"))),
        "body-duplicate-key": lambda m: _body(m, b'{"place": "x", ' + _with_field(m, "place", "x")[1:]),
        "body-number-not-finite": lambda m: _body(m, _with_field(m, "place", float("nan"))),
        "body-nul": lambda m: _body(m, _with_field(m, "place", "本庁\x00")),
        "body-lone-surrogate": lambda m: _body(m, _with_field(m, "place", "本庁\ud867")),
        "body-too-deep": lambda m: _body(m, _with_field(m, "place", "@").replace(b'"@"', b"[" * 100 + b"]" * 100)),
        "body-too-large": lambda m: _body(m, _with_field(m, "place", "庁" * (MAX_BYTES // 3 + 1))),
        "field-missing": lambda m: _body(m, _without(m, "effective_date", "fiscal_year")),
        "field-unknown": lambda m: _body(m, _with_field(m, "remarks", "備考")),
        "field-invalid": lambda m: _body(m, _with_field(m, "operator", 7) if b'"operator"' in m.body else b"{}"),
    }


def wrong_envelopes(foreign_code: str) -> dict[str, Spoil]:
    """How to spoil an envelope; where an id is left, it is refused with that code."""
    return {
        "envelope-not-utf8": lambda m: _header(m, "ce_subject", "宛名".encode("shift_jis")),
        "municipality-mismatch": lambda m: _header(m, "ce_municipality", foreign_code.encode()),
        "type-unknown": lambda m: _type(m, "resident-notice.vanish.v1"),
        "id-missing": lambda m: replace(_header(m, "ce_id", None), expected="none", codes=frozenset()),
        "id-not-utf8": lambda m: replace(_header(m, "ce_id", b"\xff\xfe\x81"), expected="none", codes=frozenset()),
    }


def wrong_notices(move_in: MoveInNotice) -> dict[str, tuple[Notice, frozenset[str]]]:
    """Notices that are well-formed and can't be true, with the codes that may refuse them."""
    unborn = move_in.persons[0].model_copy(
        update={"birth_date": (move_in.effective_date + timedelta(days=1)).isoformat()}
    )
    far = move_in.effective_date.replace(year=2099, month=1, day=1)
    return {
        "unknown-resident": (
            DeathNotice(
                effective_date=move_in.effective_date,
                notified_date=move_in.notified_date,
                place=move_in.place,
                operator=move_in.operator,
                addressee_number=NOBODY,
            ),
            frozenset(("unknown-resident",)),
        ),
        "move-before-birth": (
            move_in.model_copy(update={"persons": (unborn, *move_in.persons[1:])}),
            frozenset(("effective-before-birth",)),
        ),
        "date-in-2099": (
            move_in.model_copy(update={"effective_date": far}),
            frozenset(("effective-date-in-future",)),
        ),
    }


def wrong_report(report: EmploymentIncomeReport) -> tuple[Notice, frozenset[str]]:
    """An income report about nobody."""
    return report.model_copy(update={"addressee_number": NOBODY}), frozenset(("unknown-resident",))


def one_of_each(
    rng: Random, envelope: Envelope, move_in: Callable[[], MoveInNotice], foreign_code: str
) -> list[Message]:
    """One message of each kind for the registry, in random order; every one has an id of its own."""
    found: list[Message] = []
    for code, spoil in {**wrong_bodies(), **wrong_envelopes(foreign_code)}.items():
        notice = move_in()
        right = replace(good(envelope(notice), notice), kind=code, expected="refused", codes=frozenset((code,)))
        found.append(spoil(right))
    for kind, (untrue, codes) in wrong_notices(move_in()).items():
        found.append(replace(good(envelope(untrue), untrue), kind=kind, expected="refused", codes=codes))
    rng.shuffle(found)
    return found


def other_content(first: Message, notice: Notice) -> Message:
    """The same id as a message that was sent before, with other content: refused, and the first one's effect stays."""
    return replace(first, body=notice.body(), kind="id-reused", expected="refused", codes=frozenset(("id-reused",)))


def _body(message: Message, body: bytes) -> Message:
    return replace(message, body=body)


def _with_field(message: Message, name: str, value: object) -> bytes:
    return json.dumps({**json.loads(message.body), name: value}).encode()


def _without(message: Message, *names: str) -> bytes:
    return json.dumps({name: value for name, value in json.loads(message.body).items() if name not in names}).encode()


def _header(message: Message, name: str, value: bytes | None) -> Message:
    headers: Sequence[tuple[str, bytes]] = [header for header in message.headers if header[0] != name]
    return replace(message, headers=headers if value is None else [*headers, (name, value)])


def _type(message: Message, type_: str) -> Message:
    return replace(_header(message, "ce_type", type_.encode()), type=type_)
