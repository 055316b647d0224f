"""Inquiries between two members (情報照会・情報提供): one answered, one outside the table, one held, and a recall.

Two people moved from one member to the other, as the demo has it: they have a 宛名番号 in both, and the network's
operator, who stands for 住基ネット, knows that. Everything else follows by itself.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from kumiai_contracts.chain import length_prefixed
from kumiai_contracts.exchange_notices import CodeRequestNotice, InquiryNotice, ProcedureGrantNotice
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import canonical_json
from kumiai_contracts.resident_affairs import ProtectionApplicationNotice

from kumiai_demo.income_reports import FISCAL_YEAR
from kumiai_demo.municipal_desk import MunicipalDesk

REGISTRY, LINKAGE = "resident-registry", "national-id-linkage"
AFFAIR = {"affair": "JM00000000000001", "procedure": "JT00000000000001", "fact_kind": "TM00000000000002"}
"""児童手当の認定の請求, 地方税関係情報: codes of the example table."""
NOT_IN_TABLE = "JT00000000000077"
ITEMS = ("assessment", "total-income")
PATIENCE_S = 20.0
LOOK_S = 0.1
JAPAN = ZoneInfo("Asia/Tokyo")
MOST_PEOPLE = 400
"""宛名番号 that are tried, from the first one, until enough people are found."""


class NotShown(RuntimeError):
    """Something of this part did not happen; the message says what."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One step of the demo, and the records that both sides keep of it."""

    what: str
    records: tuple[tuple[str, dict[str, Any]], ...]
    """Whose, and the record, the refused receipt or the recall's notification."""


@dataclass(frozen=True, slots=True)
class _People:
    """宛名番号 of two people, at the inquirer's and at the provider's; the second is protected there."""

    here: tuple[str, str]
    there: tuple[str, str]


def network_key(path: Path) -> Ed25519PrivateKey:
    """The key of whoever runs the network. Raises OSError, or ValueError for another kind of file."""
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


async def exchanges(
    asker: MunicipalDesk,
    provider: MunicipalDesk,
    network: str,
    key: Ed25519PrivateKey,
    applied: Callable[[], Awaitable[bool]],
) -> list[Exchange]:
    """Everything, with its records. `applied` tells whether every reader is at its stream's head. Raises NotShown."""
    known, assessed = _known(asker), _known(provider, fiscal_year=FISCAL_YEAR)
    try:
        here = await anext(known), await anext(known)
        people = _People(here, (await anext(assessed), await _protected(provider, assessed)))
    except StopAsyncIteration:
        raise NotShown("there are too few people to ask about") from None
    # The protection travels from the registry to the linkage service while the two get codes.
    await _acquaint(asker, provider, people, network, key)
    grant = ProcedureGrantNotice(procedure=AFFAIR["procedure"], fact_kind=AFFAIR["fact_kind"], items=ITEMS)
    await _accepted(asker, "grant", grant)
    await _eventually(applied, "the readers did not come to their heads")
    return [
        await _answered(asker, provider, people),
        await _refused(asker, provider, people),
        await _held(asker, provider, people),
        await _recalled(asker, provider, people),
    ]


async def _answered(asker: MunicipalDesk, provider: MunicipalDesk, people: _People) -> Exchange:
    await _accepted(asker, "ask-1", _inquiry(asker, provider, "demo-1", people.here[0]))

    async def there() -> bool:
        return bool((await _own(asker, "demo-1"))["outcome"] == "answered")

    await _eventually(there, "the inquiry was not answered")
    fetched = await asker.post(LINKAGE, "inquiries/demo-1/fetch")
    facts = ", ".join(f"{item} {value}" for item, value in fetched["facts"].items())
    record = await _provided(provider, people.there[0], "demo-1")
    if record["exchange_digest"] != fetched["record"]["exchange_digest"]:
        raise NotShown("the two sides have different records of the answer")
    return Exchange(f"answered from the replica: {facts}", ((asker.code, fetched["record"]), (provider.code, record)))


async def _refused(asker: MunicipalDesk, provider: MunicipalDesk, people: _People) -> Exchange:
    inquiry = _inquiry(asker, provider, "demo-2", people.here[0], procedure=NOT_IN_TABLE)
    receipt = await asker.tell("ask-2", inquiry)
    if receipt["outcome"] != "refused":
        raise NotShown("an inquiry outside the table was accepted")
    reason = receipt["reasons"][0]
    record = {**inquiry.model_dump(), "outcome": "refused", "reason": reason["code"], "side": "receipt"}
    return Exchange(f"refused by the table: {reason['ja']}", ((asker.code, record),))


async def _held(asker: MunicipalDesk, provider: MunicipalDesk, people: _People) -> Exchange:
    await _accepted(asker, "ask-3", _inquiry(asker, provider, "demo-3", people.here[1]))

    async def there() -> bool:
        return (await _provided(provider, people.there[1], "demo-3")).get("outcome") == "held"

    await _eventually(there, "the request about a protected resident was not held")
    record = await _provided(provider, people.there[1], "demo-3")
    return Exchange(
        "held for a person, since the resident is protected",
        ((asker.code, await _own(asker, "demo-3")), (provider.code, record)),
    )


async def _recalled(asker: MunicipalDesk, provider: MunicipalDesk, people: _People) -> Exchange:
    version = (await _provided(provider, people.there[0], "demo-1"))["version"]
    wrong = f"addressee_number,scope,until_version\n{people.there[0]},{FISCAL_YEAR},{version}\n"
    what = {"kind": AFFAIR["fact_kind"], "items": "total-income", "reason": "所得の集計誤り(デモ)"}
    opened = await provider.post(LINKAGE, "recalls", wrong.encode(), **what)
    name = opened["recall"]["recall"]

    async def acknowledged() -> bool:
        return bool((await provider.read(LINKAGE, f"recalls/{name}") or {}).get("open") == 0)

    await _eventually(acknowledged, "the recall was not acknowledged")
    (sent,) = (await provider.read(LINKAGE, f"recalls/{name}") or {})["notifications"]
    (received,) = (await asker.read(LINKAGE, "recalls/received") or {})["received"]
    numbers = " ".join(received["request_numbers"])
    common = {"provider": received["provider"], "items": received["items"], "request_number": numbers}
    notified = {"side": "provider", "outcome": "notified", "decided_at": sent["notified_at"]}
    taken = {"side": "inquirer", "outcome": "acknowledged", "decided_at": sent["acknowledged_at"]}
    return Exchange(
        "recalled: what was provided was wrong, and whoever was told knows",
        (
            (provider.code, {**common, "inquirer": sent["inquirer"], **notified}),
            (asker.code, {**common, "inquirer": sent["inquirer"], **taken}),
        ),
    )


async def _acquaint(
    asker: MunicipalDesk, provider: MunicipalDesk, people: _People, network: str, key: Ed25519PrivateKey
) -> None:
    """Both ask for codes, and the network learns that their two people are the same."""
    found: dict[str, str] = {}
    for desk, numbers in ((asker, people.here), (provider, people.there)):
        await _accepted(desk, "codes", CodeRequestNotice(addressee_numbers=numbers))
        for row in await _acquisitions(desk):
            if row["addressee_number"] in numbers:
                found[row["acquisition_number"]] = f"demo-{numbers.index(row['addressee_number'])}"
    await _tell_network(network, key, found)

    async def acquired() -> bool:
        rows = [*await _acquisitions(asker), *await _acquisitions(provider)]
        return {row["acquisition_number"] for row in rows if row["state"] == "acquired"} >= found.keys()

    await _eventually(acquired, "the network issued no codes")


async def _acquisitions(desk: MunicipalDesk) -> list[dict[str, Any]]:
    return list((await desk.read(LINKAGE, "code-acquisitions") or {})["acquisitions"])


async def _known(desk: MunicipalDesk, *, fiscal_year: int | None = None) -> AsyncIterator[str]:
    """People who are numbered, and whose assessment of a year is in the replica if one is named."""
    for n in range(1, MOST_PEOPLE + 1):
        number = with_check_digit(f"{n:09}", addressee_check_digit)
        found = await desk.read(LINKAGE, f"addressees/{number}")
        if found and (fiscal_year is None or any(fact["fiscal_year"] == fiscal_year for fact in found["tax_facts"])):
            yield number


async def _protected(desk: MunicipalDesk, people: AsyncIterator[str]) -> str:
    """The first of these people who asks for protection and gets it: whoever has moved away can't."""
    today = datetime.now(JAPAN).date()
    async for person in people:
        asked = ProtectionApplicationNotice(
            addressee_numbers=(person,), applied_on=today, place="本庁", operator="desk/demo"
        )
        if (await desk.tell(f"protect-{person}", asked))["outcome"] == "accepted":
            return person
    raise NotShown(f"nobody in {desk.code} can be protected")


def _inquiry(asker: MunicipalDesk, provider: MunicipalDesk, number: str, person: str, **changed: str) -> InquiryNotice:
    return InquiryNotice(
        **{**AFFAIR, **changed},
        scope=str(FISCAL_YEAR),
        request_number=number,
        inquirer=institution_of(asker.code),
        provider=institution_of(provider.code),
        items=ITEMS,
        addressee_number=person,
    )


async def _own(desk: MunicipalDesk, number: str) -> dict[str, Any]:
    return await desk.read(LINKAGE, f"inquiries/{number}") or {}


async def _provided(desk: MunicipalDesk, person: str, number: str) -> dict[str, Any]:
    found = (await desk.read(LINKAGE, "exchange-records", addressee_number=person) or {})["records"]
    return next((dict(row) for row in found if row["request_number"] == number), {})


async def _accepted(desk: MunicipalDesk, id_: str, notice: Any) -> None:
    receipt = await desk.tell(id_, notice)
    if receipt["outcome"] != "accepted":
        raise NotShown(f"{desk.code}: {notice.type} was refused: {receipt['reasons'][0]['en']}")


async def _eventually(check: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    until = asyncio.get_running_loop().time() + PATIENCE_S
    while not await check():
        if asyncio.get_running_loop().time() > until:
            raise NotShown(otherwise)
        await asyncio.sleep(LOOK_S)


async def _tell_network(url: str, key: Ed25519PrivateKey, people: dict[str, str]) -> None:
    """Whose each 取得番号 is: what 住基ネット tells the network, signed with the network's own key."""
    path, time = "/operator/people", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    body = canonical_json({"people": list(people.items())})
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    headers = {
        "kumiai-key": urlsafe_b64encode(public).rstrip(b"=").decode(),
        "kumiai-time": time,
        "kumiai-signature": key.sign(length_prefixed(path.encode(), time.encode(), body)).hex(),
    }
    async with httpx.AsyncClient(base_url=url, timeout=30.0) as client:
        (await client.post(path, content=body, headers=headers)).raise_for_status()
