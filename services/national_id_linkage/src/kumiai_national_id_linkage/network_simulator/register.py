"""The network's register (台帳): who speaks for whom, which codes belong together, where the table is not asked.

Invariant: an entry stands in the file before it counts, so a network that was killed knows the same afterwards.
Messages on their way stand in none: a network that was killed has lost them, and whoever sent them sends them again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kumiai_contracts.institutions import municipality_of


class Register:
    """What the network knows for good; without a file, for as long as its process runs."""

    def __init__(self, speakers: Mapping[str, None], file: Path | None = None) -> None:
        """`speakers` speak for every local government that nobody else speaks for. Raises OSError, or ValueError."""
        self._speakers: dict[str, frozenset[str] | None] = dict(speakers)
        self._disasters: set[tuple[str, str]] = set()
        self._people: dict[str, str] = {}
        self._registered: dict[str, tuple[str, str]] = {}
        self._code_of: dict[tuple[str, str], str] = {}
        self._person_of: dict[tuple[str, str], str] = {}
        entries = _whole_lines(file) if file else []
        for entry in entries:
            self._apply(*json.loads(entry))
        self._file = file.open("a") if file else None

    def knows(self, speaker: str) -> bool:
        """Whether this public key may speak at all."""
        return speaker in self._speakers

    def speaks_for(self, speaker: str, institution: str) -> bool:
        """Whether whoever has this public key is the institution."""
        own = self._speakers.get(speaker, frozenset())
        if own is not None:
            return institution in own
        elsewhere = any(found and institution in found for found in self._speakers.values())
        return municipality_of(institution) is not None and not elsewhere

    def join(self, speaker: str, institutions: frozenset[str]) -> None:
        """A body joins with a public key of its own, or speaks for others from now on."""
        if self._speakers.get(speaker) != institutions:
            self._enter("speaker", speaker, sorted(institutions))

    def in_disaster(self, inquirer: str, fact_kind: str) -> bool:
        """Whether the table is not asked for this inquirer and kind of fact (災害時の特例)."""
        return (inquirer, fact_kind) in self._disasters

    def declare(self, inquirer: str, fact_kind: str, *, disaster: bool) -> None:
        """A disaster begins, or is over."""
        if self.in_disaster(inquirer, fact_kind) != disaster:
            self._enter("disaster", inquirer, fact_kind, disaster)

    def register(self, acquisition_number: str, institution: str, code: str) -> None:
        """An institution says which code of its own goes with a 取得番号."""
        if self._registered.get(acquisition_number) != (institution, code):
            self._enter("code", acquisition_number, institution, code)

    def settle(self, acquisition_number: str, person: str) -> None:
        """住基ネット says whose a 取得番号 is, by a name that only the network knows."""
        if self._people.get(acquisition_number) != person:
            self._enter("person", acquisition_number, person)

    def issued_to(self, acquisition_number: str) -> str | None:
        """The institution whose code goes with a 取得番号, once it is known whose that is."""
        found = self._registered.get(acquisition_number)
        return found[0] if found and acquisition_number in self._people else None

    def translated(self, code: str, asker: str, asked: str) -> str | None:
        """The code that one institution knows a person by, as another one does; None if either has none."""
        person = self._person_of.get((asker, code))
        return self._code_of.get((asked, person)) if person is not None else None

    def _enter(self, *entry: Any) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
        self._apply(*entry)

    def _apply(self, kind: str, *values: Any) -> None:
        match kind, *values:
            case "speaker", speaker, institutions:
                self._speakers[speaker] = frozenset(institutions)
            case "disaster", inquirer, fact_kind, begins:
                (self._disasters.add if begins else self._disasters.discard)((inquirer, fact_kind))
            case "code", number, institution, code:
                self._registered[number] = (institution, code)
                self._join(number)
            case "person", number, person:
                self._people[number] = person
                self._join(number)
            case _:
                raise ValueError(f"the register has an entry of an unknown kind: {kind}")

    def _join(self, number: str) -> None:
        if number in self._people and number in self._registered:
            person, (institution, code) = self._people[number], self._registered[number]
            self._code_of[institution, person], self._person_of[institution, code] = code, person


def _whole_lines(path: Path) -> list[bytes]:
    """The lines of a file. One that was being written when the network was killed never counted, and is cut off."""
    path.touch(mode=0o600)
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    return content[:whole].splitlines()
