"""What the checker finds: each finding names the kind of damage, the notice or person, and what was seen instead."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "doubled", "out_of_order", "unexpected"]
"""`unexpected`: nothing lost, doubled or out of order, and yet not what was to be: another outcome, a broken chain."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    kind: Kind
    about: str
    """The notice's id or the person's number."""
    what: str
    """In words, without payload."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check."""

    findings: tuple[Finding, ...]
    sent: int
    """Different messages."""
    accepted: int
    refused: int
    people: int
    """People asked for, one by one."""

    @property
    def clean(self) -> bool:
        """Whether everything is as it must be."""
        return not self.findings

    def count(self, kind: Kind) -> int:
        """How many findings of a kind."""
        return Counter(finding.kind for finding in self.findings)[kind]

    def document(self) -> dict[str, object]:
        """As JSON values."""
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "refused": self.refused,
            "people": self.people,
            "lost": self.count("lost"),
            "doubled": self.count("doubled"),
            "out_of_order": self.count("out_of_order"),
            "unexpected": self.count("unexpected"),
            "findings": [[found.kind, found.about, found.what] for found in self.findings[:200]],
        }


def sequence_findings(about: str, what: str, expected: list[str], found: list[str]) -> Iterable[Finding]:
    """Compare what must have happened, in order, with what did: missing is lost, too often is doubled."""
    wanted, seen = Counter(expected), Counter(found)
    for item in wanted - seen:
        yield Finding("lost", about, f"{what}: {item} is missing")
    for item in seen - wanted:
        kind: Kind = "doubled" if item in wanted else "unexpected"
        yield Finding(kind, about, f"{what}: {item} stands {seen[item]} times instead of {wanted[item]}")
    if wanted == seen and expected != found:
        yield Finding("out_of_order", about, f"{what}: the order is not that of the notices")
