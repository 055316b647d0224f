"""Notices in batches through the front door (POST /v1/{m}/notices), and what the receipts say of each row.

Invariant: a notice's id follows from the file's hash and its first row, so whoever sends it again gets the same
receipt.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

import httpx
import stamina
from kumiai_common.http.batch import MEDIA_TYPE

from kumiai_cli.importing.messages import Fault, fault
from kumiai_cli.importing.plan import Prepared

MOST_NOTICES = 400
MOST_BYTES = 2 * 1024 * 1024
AHEAD = 2
"""Batches under way at once: the service reads one while its database works on the other."""
PATIENCE_SECONDS = 180.0


class Numbered(NamedTuple):
    """A notice with its id."""

    id: str
    prepared: Prepared


class Answered(NamedTuple):
    """What became of a notice's rows."""

    accepted: tuple[int, ...]
    refused: tuple[int, ...]
    faults: tuple[Fault, ...]
    given: tuple[tuple[str, str], ...]


class Sender:
    """Sends as one municipality's system."""

    def __init__(self, client: httpx.Client, municipality: str, source: str, *, trial: bool) -> None:
        self._client = client
        self._municipality = municipality
        self._source = source
        self._address = f"/v1/{municipality}/notices" + ("/trial" if trial else "")
        self._trial = trial
        self.cause = ""
        """The event that the service has to have applied."""

    def send(self, batches: Iterable[Sequence[Numbered]]) -> Iterator[list[Answered]]:
        """What became of each batch, in their order, with a few of them under way."""
        with ThreadPoolExecutor(AHEAD) as pool:
            waiting: list[tuple[Sequence[Numbered], Future[list[dict[str, Any]]]]] = []
            following = iter(batches)
            try:
                for batch in following:
                    waiting.append((batch, pool.submit(self._post, batch)))
                    if len(waiting) > AHEAD:
                        yield self._answered(*waiting.pop(0))
                while waiting:
                    yield self._answered(*waiting.pop(0))
            finally:
                for _, future in waiting:
                    future.cancel()

    def tried(self, first: Numbered) -> frozenset[str]:
        """The codes of the reasons for which a notice would be refused now; nothing is recorded."""
        (outcome,) = self._call(f"/v1/{self._municipality}/notices/trial", [first])["tried"]
        return frozenset(reason["code"] for reason in outcome["reasons"])

    def _post(self, batch: Sequence[Numbered]) -> list[dict[str, Any]]:
        answer = self._call(self._address, batch)
        receipts: list[dict[str, Any]] = answer["tried"] if self._trial else answer
        if len(receipts) != len(batch):
            raise ConnectionError(f"{len(batch)} notices were sent and {len(receipts)} were answered")
        for numbered, receipt in zip(batch, receipts, strict=True):
            if not self._trial and receipt["notice_id"] != numbered.id:
                raise ConnectionError(f"the receipt of {numbered.id} is missing")
        return receipts

    def _call(self, address: str, batch: Sequence[Numbered]) -> Any:
        body = b"[" + b",".join(map(self._event, batch)) + b"]"
        for attempt in stamina.retry_context(
            on=_passes, attempts=None, timeout=PATIENCE_SECONDS, wait_initial=0.5, wait_max=10.0
        ):
            with attempt:
                answer = self._client.post(address, content=body, headers={"content-type": MEDIA_TYPE}, timeout=120)
                return answer.raise_for_status().json()
        raise AssertionError("a retry ends with an answer or an error")

    def _event(self, numbered: Numbered) -> bytes:
        type_ = numbered.prepared.type
        cause = f'"cause":"{self.cause}",' if self.cause else ""
        envelope = (
            f'{{"specversion":"1.0","id":"{numbered.id}","source":"{self._source}","type":"{type_}",'
            f'"municipality":"{self._municipality}",{cause}"data":'
        )
        return envelope.encode() + numbered.prepared.body + b"}"

    def _answered(self, batch: Sequence[Numbered], future: "Future[list[dict[str, Any]]]") -> list[Answered]:
        return [answered(numbered.prepared, receipt) for numbered, receipt in zip(batch, future.result(), strict=True)]


def answered(prepared: Prepared, receipt: dict[str, Any]) -> Answered:
    """What a receipt says of the rows: all of a refused notice are refused, and those that it points at say why."""
    if receipt["outcome"] == "accepted":
        numbers = {each["pointer"]: each["number"] for each in receipt.get("assigned", ())}
        given = ((old, numbers[pointer]) for pointer, old in prepared.numbers.items() if pointer in numbers)
        return Answered(prepared.lines, (), (), tuple(given))
    faults = []
    for reason in receipt["reasons"]:
        line, column = prepared.place(reason["pointer"])
        faults.append(Fault(line, column, reason["code"], reason["ja"], reason["en"]))
    named = {each.line for each in faults}
    faults += [fault(line, "", "goes-with-refused") for line in prepared.lines if line not in named]
    return Answered((), prepared.lines, tuple(faults), ())


def batched(units: Iterable[Sequence[Numbered]]) -> Iterator[list[Numbered]]:
    """Batches of a bearable size; a unit's notices stay together, as one may need the one before it."""
    batch: list[Numbered] = []
    size = 0
    for unit in units:
        weight = sum(len(each.prepared.body) for each in unit)
        if batch and (len(batch) + len(unit) > MOST_NOTICES or size + weight > MOST_BYTES):
            yield batch
            batch, size = [], 0
        rest = iter(unit)
        while len(part := list(islice(rest, MOST_NOTICES))) == MOST_NOTICES:
            yield part
        batch += part
        size += weight
    if batch:
        yield batch


def _passes(error: Exception) -> bool:
    """Whether the same may work in a while."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)
