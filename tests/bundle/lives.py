"""What municipalities live through: what their systems and the network send, what goes wrong, and what is read when."""

from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any

from hypothesis import strategies as st
from kumiai_common.clock import timestamp
from kumiai_common.http.tokens import load_private_key
from kumiai_contracts.addressees import MergeNotice, PartNotice
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.exchange import CodeAcquisitionRow, CodeRequested, FactItem, InquiryRequested
from kumiai_contracts.exchange_notices import (
    AnswerNotice,
    CodeIssuedNotice,
    CodeRequestNotice,
    InquiryNotice,
    NetworkNotice,
    NetworkRefusalNotice,
    ProcedureGrantNotice,
    ProvisionRequestNotice,
)
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import Notice
from kumiai_contracts.operations import EventParked, ParkedEventSettled, ParkedRow
from kumiai_contracts.registry import parse_event
from kumiai_contracts.resident import Address
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice
from kumiai_contracts.taxation import EmploymentIncomeReport, NonResidentTaxpayerNotice
from kumiai_local.layout import Layout
from kumiai_national_id_linkage.codes import CodeBook

from benchmarks.town import Town
from tests.bundle.feeds import Feed
from tests.bundle.places import NOW, Headers, Place, spread
from tests.support.operator import LINKAGE, REGISTRY, TAXATION

ANYWHERE = ("repeat", "garbage", "reuse", "nobody", "spread", "restored", "parked", "settled")
LINKED = ("codes", "issued", "granted", "inquiries", "answers", "refusals", "asked", "merged", "parted")
FED = ("gap", "used-number", "snapshot")
STEPS = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 12)),
    st.tuples(st.sampled_from(ANYWHERE)),
    st.tuples(st.sampled_from(("reports", "elsewhere", "protected")), st.integers(1, 5)),
    st.tuples(st.sampled_from(FED)),
    st.tuples(st.sampled_from(LINKED), st.integers(1, 4)),
)
EVERYTHING: list[tuple[Any, ...]] = [
    ("reports", 5), ("elsewhere", 1), ("codes", 4), ("issued", 4), ("granted", 1), ("inquiries", 4), ("answers", 2),
    ("inquiries", 1), ("refusals", 1), ("asked", 4), ("merged", 2), ("parted", 2), ("days", 12), ("parked",),
    ("settled",), ("restored",), ("gap",), ("used-number",), ("snapshot",), ("repeat",), ("spread",),
]  # fmt: skip
"""A life in which every kind of thing happens."""
FIRST = 21
"""Notices with which a life begins."""
PEOPLE = (1, 2, 3, 4)
"""Numbers of people with whom most of it happens."""
OTHER = institution_of("151009")
AFFAIR = {"affair": "JM00000000000001", "procedure": "JT00000000000001", "fact_kind": "TM00000000000002"}
ITEM = "total-income"
YEAR = 2026
DESK = {"place": "本庁", "operator": "desk/1"}


class Life:
    """One municipality's life at a place; `feed` is of one whose own system keeps the residents' record."""

    def __init__(
        self, here: dict[str, Place], municipality: str, layout: Layout, seed: int, feed: Feed | None = None
    ) -> None:
        self._here = here
        self._municipality = municipality
        self._me = institution_of(municipality)
        self._random = Random(seed)
        self._town = Town(municipality, seed)
        self._feed = feed
        self._ids = count(1)
        self._requests = count(1)
        self._parked: list[ParkedRow] = []
        self._sent: list[tuple[Headers, bytes]] = []
        self._network = load_private_key(layout.keys / "network.pem")
        self._codes = CodeBook.load(layout.linkage_code_key)

    async def live(self, steps: list[tuple[Any, ...]]) -> None:
        """Everything that happens, in order."""
        await self._step("days", FIRST)
        for kind, *much in steps:
            if kind in LINKED:
                await spread(self._here, self._municipality)
                await self._linked(kind, *much)
            elif kind in FED and self._feed is not None:
                await self._take(REGISTRY, await self._feed.amiss(kind))
            else:
                await self._step(kind, *much)

    async def _step(self, kind: str, *much: int) -> None:
        match kind:
            case "days":
                self._sent = await self._feed.days(*much) if self._feed else list(self._town.records(*much))
                await self._take(REGISTRY, self._sent)
            case "repeat":
                await self._take(REGISTRY, self._sent)
            case "garbage":
                await self._take(REGISTRY, [(headers, b"{\xff") for headers, _ in self._town.records(1)])
            case "reuse":
                await self._take(REGISTRY, [(self._sent[0][0], b'{"other": "bytes"}')])
            case "nobody":
                await self._take(REGISTRY, [([("ce_id", b"\xff")], None)])
            case "reports":
                await spread(self._here, self._municipality)
                await self._tell(TAXATION, *[self._report() for _ in range(*much)])
            case "elsewhere":
                await self._tell(TAXATION, *[_taxed_from_elsewhere(n) for n in range(*much)])
            case "protected":
                await self._tell(REGISTRY, *[_protected(n + 1) for n in range(*much)])
            case "spread":
                await spread(self._here, self._municipality)
            case "restored":
                await self._here[REGISTRY].begin_incarnation(self._municipality)
            case "parked":
                position = len(self._parked) + 1
                row = ParkedRow(read_stream="resident", position=position, keys=("k",), state="parked", error="E")
                self._parked.append(row)
                await self._here[TAXATION].append(self._municipality, EventParked(parked=row))
            case "settled" if self._parked:
                row = self._parked[-1].model_copy(update={"state": "skipped"})
                await self._here[TAXATION].append(self._municipality, ParkedEventSettled(parked=row))

    async def _linked(self, kind: str, much: int) -> None:
        """What linkage is told: by the municipality's systems, and by the network."""
        people = [_number(n) for n in PEOPLE[:much]]
        match kind:
            case "codes":
                await self._tell(LINKAGE, CodeRequestNotice(addressee_numbers=tuple(people)))
            case "issued":
                wanted = [row for event in await self._recorded(CodeRequested) for row in event.acquisitions]
                await self._deliver(*[self._issued(row) for row in wanted[:much]])
            case "granted":
                grant = {name: AFFAIR[name] for name in ("procedure", "fact_kind")}
                await self._tell(LINKAGE, ProcedureGrantNotice(**grant, items=(ITEM,)))
            case "inquiries":
                await self._tell(LINKAGE, *[self._inquiry(person) for person in people])
            case "answers" | "refusals":
                asked = [event.record.request_number for event in await self._recorded(InquiryRequested)]
                answer = self._answer if kind == "answers" else self._refusal
                await self._deliver(*[answer(number) for number in asked[-much:]])
            case "asked":
                await self._deliver(*[self._asked(person) for person in people])
            case "merged":
                await self._tell(
                    LINKAGE, MergeNotice(**DESK, addressee_number=people[0], other=_number(PEOPLE[0] + much))
                )
            case "parted":
                number = _number(PEOPLE[0] + much)
                await self._tell(LINKAGE, PartNotice(**DESK, addressee_number=number, takes_my_number=False))

    async def _tell(self, service: str, *notices: Notice) -> None:
        """What the municipality's own systems send."""
        sent = []
        for notice in notices:
            envelope = NoticeEnvelope(f"r-{next(self._ids)}", "urn:test:tax", notice.type, self._municipality)
            sent.append((envelope.headers(), notice.body()))
        await self._take(service, sent)

    async def _deliver(self, *notices: NetworkNotice) -> None:
        """What the network brings, signed by it."""
        await self._tell(
            LINKAGE,
            *[each.model_copy(update={"proof": self._network.sign(each.proven()).hex()}) for each in notices],
        )

    async def _take(self, service: str, notices: Any) -> None:
        if notices:
            await self._here[service].take(self._municipality, notices)

    async def _recorded(self, kind: type[Any]) -> list[Any]:
        """Linkage's events of a kind."""
        log = await self._here[LINKAGE].log(self._municipality)
        return [parse_event(event.type, event.body) for event in log if event.type == kind.type]

    def _report(self) -> EmploymentIncomeReport:
        return EmploymentIncomeReport(
            fiscal_year=YEAR,
            addressee_number=_number(self._random.choice((*PEOPLE, 999_999))),
            employer=f"{self._random.randint(1, 3)}",
            salary=self._random.randint(0, 9_000_000),
        )

    def _inquiry(self, person: str) -> InquiryNotice:
        number = f"i-{next(self._requests)}"
        return InquiryNotice(**AFFAIR, scope=f"{YEAR}", request_number=number, inquirer=self._me, provider=OTHER,
                             items=(ITEM,), addressee_number=person)  # fmt: skip

    def _issued(self, row: CodeAcquisitionRow) -> CodeIssuedNotice:
        return CodeIssuedNotice(**self._envelope(self._me), acquisition_number=row.acquisition_number)

    def _answer(self, number: str) -> AnswerNotice:
        facts = (FactItem(item=ITEM, value="3560000"),)
        return AnswerNotice(**self._envelope(OTHER), request_number=number, outcome="answered",
                            decided_at=timestamp(NOW), reason="", facts=facts)  # fmt: skip

    def _refusal(self, number: str) -> NetworkRefusalNotice:
        return NetworkRefusalNotice(**self._envelope(OTHER), request_number=number, reason="provider-not-connected")

    def _asked(self, person: str) -> ProvisionRequestNotice:
        code = self._codes.code(self._me, self._municipality, person)
        number = f"p-{next(self._requests)}"
        return ProvisionRequestNotice(**self._envelope(OTHER), **AFFAIR, scope=f"{YEAR}", request_number=number,
                                      items=(ITEM,), code=code)  # fmt: skip

    def _envelope(self, sender: str) -> dict[str, Any]:
        now = timestamp(NOW)
        return {"sender": sender, "receiver": self._me, "sent_at": now, "accepted_at": now,
                "expires_at": timestamp(NOW + timedelta(days=1)), "proof": "0" * 128}  # fmt: skip


def _taxed_from_elsewhere(n: int) -> NonResidentTaxpayerNotice:
    """住登外者: an entry of taxation's own, with a sealed address."""
    address = Address(prefecture="東京都", municipality="千代田区", town="千代田", number=f"{n + 1}番")
    return NonResidentTaxpayerNotice(
        name="住登 外", name_kana="ジュウトウ ガイ", birth_date="1970-01-01", address=address, from_year=2020
    )


def _protected(person: int) -> ProtectionApplicationNotice:
    """支援措置, or a refusal where it holds already, or where the municipality's own system keeps the record."""
    return ProtectionApplicationNotice(**DESK, applied_on=date(2026, 11, 1), addressee_numbers=(_number(person),))


def _number(n: int) -> str:
    return with_check_digit(f"{n:09}", addressee_check_digit)
