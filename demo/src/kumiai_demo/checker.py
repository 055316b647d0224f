"""The independent checker (`python -m kumiai_demo.checker`): is everything that was sent there, once and in order?

Invariant: it knows only what was sent. It reads the receipts from Kafka itself, asks the services person by person over
HTTP, and never looks at a position or a database. Exit codes: 0 all is well, 1 there are findings, 2 no answer.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from random import Random

from aiokafka.errors import KafkaError
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit

from kumiai_demo.answers import Answers, HttpAnswers, NoAnswer
from kumiai_demo.asking import Report, reported, unreported
from kumiai_demo.comparing import (
    assessment_findings,
    household_findings,
    link_findings,
    replayed,
    resident_findings,
)
from kumiai_demo.connection import Broker, Credentials
from kumiai_demo.expectation import UNKNOWN, Expectation, ExpectedHousehold, ExpectedPerson
from kumiai_demo.findings import Finding, Verdict
from kumiai_demo.ledger import SENT, Sent, read_sent
from kumiai_demo.receipt_feed import Receipt, ReceiptFeed

REGISTRY, TAXATION, LINKAGE = "resident-registry", "taxation", "national-id-linkage"
ASK_AGAIN_S = 1.0
HOUSEHOLDS_EVERY = 10
"""Of the households that nothing happened to, one in so many is asked for; their people are, every one."""
MOST_GHOSTS = 400
"""How many numbers that no receipt named are asked for, at most."""

Check = Callable[[], Awaitable[list[Finding]]]


class Checker:
    """Asks about everything that one municipality's accepted notices must have led to."""

    def __init__(
        self,
        expectation: Expectation,
        answers: Answers,
        services: Collection[str],
        report: Report = unreported,
    ) -> None:
        self._expectation = expectation
        self._answers = answers
        self._services = services
        self._report = report
        self._links: dict[str, list[str]] = {}

    async def findings(self, *, sample: int | None, patience_s: float, ghosts: bool, seed: int = 0) -> list[Finding]:
        """Ask about everybody, or a sample, and again for some time about what was not as it must be.

        `patience_s` is for effects that are still under way; what is wrong for good stays wrong. With `ghosts`, also
        ask for people whom no notice of this run made, which only holds where nobody else sends notices.
        """
        expected = self._expectation
        people = list(expected.people.values())
        if sample is not None and sample < len(people):
            people = Random(seed).sample(people, sample)
        checks: dict[str, Check] = {}
        for person in people:
            checks[f"person {person.number}"] = partial(self._person, person)
            if LINKAGE in self._services:
                checks[f"link {person.number}"] = partial(self._link, person)
        chosen = {person.number for person in people}
        for n, household in enumerate(expected.households.values()):
            known = household.number != UNKNOWN and chosen.issuperset(household.members)
            if known and (n % HOUSEHOLDS_EVERY == 0 or not self._untouched(household)):
                checks[f"household {household.number}"] = partial(self._household, household)
        if TAXATION in self._services:
            for year, number in expected.reports:
                if number in chosen:
                    checks[f"assessment {year} {number}"] = partial(self._assessment, year, number)
        if ghosts:
            for number in unnamed_numbers(expected.people):
                checks[f"ghost {number}"] = partial(self._ghost, number)
        return [*await self._ask(checks, patience_s), *link_findings(self._links)]

    def _untouched(self, household: ExpectedHousehold) -> bool:
        """Whether all who ever lived there are still as they came: then their own rows say all there is to say."""
        people = [self._expectation.people[number] for number in household.members]
        return bool(people) and all(len(person.steps) == 1 and not person.may_follow for person in people)

    async def _ask(self, checks: dict[str, Check], patience_s: float) -> list[Finding]:
        found = await self._gathered(checks)
        deadline = time.monotonic() + patience_s
        while found and time.monotonic() < deadline:
            await asyncio.sleep(ASK_AGAIN_S)
            found = await self._gathered({name: checks[name] for name in found})
        return [finding for findings in found.values() for finding in findings]

    async def _gathered(self, checks: dict[str, Check]) -> dict[str, list[Finding]]:
        answered = 0

        async def one(check: Check) -> list[Finding]:
            nonlocal answered
            findings = await check()
            answered += 1
            self._report(answered, len(checks))
            return findings

        answers = await asyncio.gather(*[one(check) for check in checks.values()])
        return {name: findings for name, findings in zip(checks, answers, strict=True) if findings}

    async def _person(self, person: ExpectedPerson) -> list[Finding]:
        current = await self._answers.resident(person.number)
        only_row = current is not None and len(person.steps) == 1 and current["history_number"] == 1
        if current is None or only_row:
            return list(resident_findings(person, current, [current] if current else []))
        return list(resident_findings(person, current, await self._answers.history(person.number)))

    async def _household(self, household: ExpectedHousehold) -> list[Finding]:
        return list(household_findings(household, await self._answers.household(household.number)))

    async def _assessment(self, year: int, number: str) -> list[Finding]:
        versions = await self._answers.assessments(year, number)
        return list(assessment_findings(year, number, self._expectation.reports[year, number], versions))

    async def _link(self, person: ExpectedPerson) -> list[Finding]:
        """Only gathers: whether the numbers are distinct shows once all are there. A missing one is asked for again."""
        self._links[person.number] = list(await self._answers.integrated_numbers(person.number))
        return [] if self._links[person.number] else [_AGAIN]

    async def _ghost(self, number: str) -> list[Finding]:
        if await self._answers.resident(number) is None:
            return []
        return [Finding("doubled", number, "the registry has a person whom no receipt named")]


_AGAIN = Finding("lost", "", "asked again")


def unnamed_numbers(named: Collection[str]) -> list[str]:
    """Numbers among and right after those that receipts named, which nobody may have; none if they are scattered."""
    bodies = {int(number[:-1]) for number in named}
    if not bodies or max(bodies) - min(bodies) > 3 * len(bodies):
        return []
    candidates = [body for body in range(min(bodies), max(bodies) + 21) if body not in bodies][-MOST_GHOSTS:]
    return [with_check_digit(f"{body:09}", addressee_check_digit) for body in candidates]


async def check(
    sent: Iterable[Sent],
    receipts: Iterable[Receipt],
    answers: Answers,
    services: Collection[str],
    *,
    broken_chains: Iterable[str] = (),
    sample: int | None = None,
    patience_s: float = 0.0,
    ghosts: bool = True,
    report: Report = unreported,
) -> Verdict:
    """Check one municipality. Raises NoAnswer if a service can't be asked."""
    messages, given = list(sent), list(receipts)
    expectation, findings = replayed(messages, given)
    findings += [Finding("unexpected", "receipts", text) for text in broken_chains]
    checker = Checker(expectation, answers, services, report)
    asked = await checker.findings(sample=sample, patience_s=patience_s, ghosts=ghosts)
    ours = {message.identity for message in messages}
    outcomes = {receipt.identity: receipt.accepted for receipt in given if receipt.identity in ours}
    return Verdict(
        tuple(findings) + tuple(finding for finding in asked if finding is not _AGAIN),
        sent=len(ours),
        accepted=sum(outcomes.values()),
        refused=len(outcomes) - sum(outcomes.values()),
        people=len(expectation.people) if sample is None else min(sample, len(expectation.people)),
    )


async def check_municipality(
    municipality: str,
    services: Collection[str],
    out: Path,
    broker: Broker,
    peers: dict[str, str],
    *,
    sample: int | None = None,
    patience_s: float = 0.0,
    ghosts: bool = True,
    report: Report = unreported,
) -> Verdict:
    """Check what a simulator's ledger in `out` says against the running federation."""
    feed = ReceiptFeed(municipality, [name for name in services if name in (REGISTRY, TAXATION)])
    try:
        await feed.start(broker)
        receipts = await feed.read_to_end()
    finally:
        await feed.stop()
    answers = HttpAnswers(municipality, broker.credentials, peers)
    try:
        return await check(
            read_sent(out / SENT),
            receipts,
            answers,
            services,
            broken_chains=feed.breaks,
            sample=sample,
            patience_s=patience_s,
            ghosts=ghosts,
            report=report,
        )
    finally:
        await answers.close()


def main() -> int:
    """Parse the command line, check, write the verdict as JSON."""
    parser = argparse.ArgumentParser(prog="python -m kumiai_demo.checker", description=__doc__)
    parser.add_argument("--municipality", required=True)
    parser.add_argument("--services", required=True, help="comma list of what the municipality subscribes to")
    parser.add_argument("--credentials", type=Path, required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--security-protocol", default="SASL_PLAINTEXT", choices=("SASL_PLAINTEXT", "SASL_SSL"))
    parser.add_argument("--ca-file", type=Path)
    parser.add_argument("--peers", required=True, help="comma list service=http://host:port, membership included")
    parser.add_argument("--out", type=Path, required=True, help="the simulator's folder")
    parser.add_argument("--sample", type=int, help="ask only about so many people")
    parser.add_argument("--patience", type=float, default=0.0, help="seconds to wait for effects that are under way")
    parser.add_argument("--shared", action="store_true", help="others send notices for this municipality, too")
    given = parser.parse_args()
    broker = Broker(given.bootstrap, Credentials.read(given.credentials), given.security_protocol, given.ca_file)
    peers = dict(peer.split("=", 1) for peer in given.peers.split(","))
    try:
        with reported(given.out, given.municipality) as report:
            verdict = asyncio.run(
                check_municipality(
                    given.municipality,
                    given.services.split(","),
                    given.out,
                    broker,
                    peers,
                    sample=given.sample,
                    patience_s=given.patience,
                    ghosts=not given.shared,
                    report=report,
                )
            )
    except (NoAnswer, KafkaError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(verdict.document(), ensure_ascii=False))
    return 0 if verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
