"""The ledger of a simulated system: what it sent, and every receipt it got. The checker works from the first alone.

Invariant: a line is on disk before the message is given to Kafka, so nothing can have been sent that is not in it.
The people in it are made up.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kumiai_demo.message import Expected, Message

SENT = "sent.jsonl"
RECEIPTS = "receipts.jsonl"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the ledger has it; a repetition has the same identity again."""

    service: str
    source: str
    id: str
    type: str
    digest: str
    kind: str
    expected: Expected
    codes: frozenset[str]
    notice: Mapping[str, Any] | None
    """The body of a message that is right."""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """By what its receipt is known: service, source, id and digest."""
        return self.service, self.source, self.id, self.digest


class Ledger:
    """Writes the two files of a run, each anew."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sent: IO[str] = (folder / SENT).open("w", encoding="utf-8")
        self._receipts: IO[str] = (folder / RECEIPTS).open("w", encoding="utf-8")

    def sent(self, message: Message, at: float) -> None:
        """Note a message (and every repetition of it) before it is sent; `at` is Unix time in seconds."""
        line = {
            "service": message.service,
            "source": message.source,
            "id": message.id,
            "type": message.type,
            "digest": message.digest,
            "kind": message.kind,
            "expected": message.expected,
            "codes": sorted(message.codes),
            "at": round(at, 3),
            "notice": json.loads(message.body) if message.expected == "accepted" else None,
        }
        self._write(self._sent, line)

    def receipt(self, service: str, position: int, at: float, body: bytes) -> None:
        """Note a receipt as it came."""
        self._write(
            self._receipts, {"service": service, "position": position, "at": round(at, 3), "receipt": json.loads(body)}
        )

    def close(self) -> None:
        """Close both files."""
        self._sent.close()
        self._receipts.close()

    @staticmethod
    def _write(file: IO[str], line: Mapping[str, Any]) -> None:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()


def read_sent(path: Path) -> Iterator[Sent]:
    """The messages of a ledger, in the order in which they were sent."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            yield Sent(
                found["service"],
                found["source"],
                found["id"],
                found["type"],
                found["digest"],
                found["kind"],
                found["expected"],
                frozenset(found["codes"]),
                found["notice"],
            )
