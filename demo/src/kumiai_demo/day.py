"""A working day: movements, income reports, and among them what is wrong on purpose, in an order drawn by lot."""

from collections.abc import Callable
from random import Random

from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.resident import MoveInNotice
from kumiai_contracts.taxation import EmploymentIncomeReport

from kumiai_demo.hostile import one_of_each, other_content, wrong_report
from kumiai_demo.income_reports import EMPLOYERS, FISCAL_YEAR, reports
from kumiai_demo.message import Message, good
from kumiai_demo.movements import Office, movement, moving_in
from kumiai_demo.plan import Plan
from kumiai_demo.population import household
from kumiai_demo.script import Home, Script

Item = Script | Message | tuple[Message, ...]
"""A script to perform, a message on its own, or messages that follow one another."""

KINDS = 19
"""Kinds of wrong messages in one round."""

Envelope = Callable[..., NoticeEnvelope]


class Day:
    """What one municipality's systems send on the day after the initial load."""

    def __init__(self, plan: Plan, office: Office, envelope: Envelope) -> None:
        self._plan = plan
        self._office = office
        self._envelope = envelope
        self._rng = Random(f"wrong/{plan.seed}/{plan.municipality}")
        self._again: list[Message] = []

    def items(self, homes: list[Home]) -> list[Item]:
        """Everything of the day. Each household has at most one movement, and movements and reports don't interfere."""
        moving = self._rng.sample(homes, min(self._plan.movements, len(homes)))
        found: list[Item] = [movement(self._office, home) for home in moving]
        if "taxation" in self._plan.services:
            found += [script for home in homes for script in reports(self._office.rng, home)]
        rounds = max(1, round(self._plan.wrong_share * (len(homes) + len(found)) / KINDS))
        for _ in range(rounds):
            found += one_of_each(self._rng, self._envelope, self._move_in, self._foreign_code())
            found += self._repeated()
            if "taxation" in self._plan.services:
                found.append(self._report_about_nobody())
        self._rng.shuffle(found)
        return found

    def repeats(self) -> list[Message]:
        """Good messages that were answered long ago, to be sent once more, byte for byte."""
        return list(self._again)

    def _repeated(self) -> list[Item]:
        """A good notice, twice at once; another one and, under the same id, something else."""
        twice, first = (self._good_move_in() for _ in range(2))
        self._again.append(first)
        return [(twice, twice), (first, other_content(first, self._move_in()))]

    def _good_move_in(self) -> Message:
        notice = self._move_in()
        return good(self._envelope(notice), notice)

    def _move_in(self) -> MoveInNotice:
        return moving_in(self._office, household(self._office.rng, self._office.code))

    def _report_about_nobody(self) -> Message:
        report = EmploymentIncomeReport(
            fiscal_year=FISCAL_YEAR, addressee_number="0000000000", employer=EMPLOYERS[0], salary=3_000_000
        )
        notice, codes = wrong_report(report)
        right = good(self._envelope(notice), notice)
        return Message(
            right.service, right.source, right.id, right.type, right.headers, right.body, "unknown-tax-payer",
            "refused", codes,
        )  # fmt: skip

    def _foreign_code(self) -> str:
        return "011002" if self._plan.municipality != "011002" else "131016"
