"""Builders for the rules about inquiry and provision: a table, a person, a request, a moment."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from kumiai_contracts.decision import Context
from kumiai_contracts.exchange import TAX_FACTS, CodeAcquisitionRow, FactItem, FactVersionRow, ProcedureGrantRow
from kumiai_contracts.exchange_notices import InquiryNotice, ProvisionRequestNotice
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import Row
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.legal_table import LegalRow, LegalTables, TableVersion

HERE, THERE, PERSON, CODE = institution_of("131016"), institution_of("151009"), "0000000019", "7d" * 16
NOW = datetime(2026, 6, 15, 1, 12, 9, tzinfo=UTC)
AFFAIR = {
    "affair": "JM00000000000001",
    "procedure": "JT00000000000001",
    "fact_kind": TAX_FACTS,
    "scope": "2026",
}


class Cases:
    """What the tests of these rules start from; every value can be changed."""

    here, there, person, code = HERE, THERE, PERSON, CODE
    table = LegalTables(
        [
            TableVersion(
                valid_from=date(2024, 5, 27),
                source="test",
                rows=(
                    LegalRow(
                        affair=AFFAIR["affair"],
                        procedure=AFFAIR["procedure"],
                        title="児童手当の認定の請求",
                        inquirer="municipality",
                        provider="municipality",
                        fact_kind=TAX_FACTS,
                        items=("assessment", "total-income"),
                    ),
                ),
            )
        ]
    )

    @staticmethod
    def time(**shift: float) -> str:
        """The moment of the decision, or another one."""
        return (NOW + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def context(self, municipality: str = "131016", **shift: float) -> Context:
        now = self.time(**shift)
        return Context(municipality, date(2026, 6, 15), now, "receipts:1:1", lambda n: sha256(b"%d" % n).digest())

    def version(self, number: int = 1, **changed: Any) -> FactVersionRow:
        values = {"assessment": "assessed", "total-income": "3560000", "taxable-income": "1970000"} | changed
        return FactVersionRow(
            fact_kind=TAX_FACTS,
            addressee_number=PERSON,
            scope="2026",
            version=number,
            items=tuple(FactItem(item=item, value=value) for item, value in sorted(values.items())),
            source="taxation:1:5",
            as_of=self.time(),
        )

    def acquired(self) -> CodeAcquisitionRow:
        return CodeAcquisitionRow(
            addressee_number=PERSON,
            acquisition_number="ab" * 16,
            state="acquired",
            requested_at=self.time(),
            acquired_at=self.time(),
        )

    def grant(self, *items: str) -> ProcedureGrantRow:
        return ProcedureGrantRow(
            procedure=AFFAIR["procedure"], fact_kind=TAX_FACTS, items=items, changed_at=self.time()
        )

    def state(self, *rows: Row) -> ExchangeState:
        """A person on file with a code, and more rows."""
        return ExchangeState((self.version(), self.acquired(), *rows), {CODE: PERSON})

    def delivered(self, **changed: Any) -> dict[str, Any]:
        base = {
            "sender": THERE,
            "receiver": HERE,
            "sent_at": self.time(seconds=-2),
            "accepted_at": self.time(seconds=-1),
            "expires_at": self.time(days=1),
            "proof": "5e" * 64,
        }
        return base | changed

    def request(self, **changed: Any) -> ProvisionRequestNotice:
        base = self.delivered() | AFFAIR | {"request_number": "r-1", "items": ("total-income",), "code": CODE}
        return ProvisionRequestNotice(**base | changed)

    def inquiry(self, **changed: Any) -> InquiryNotice:
        base: dict[str, Any] = {
            **AFFAIR,
            "request_number": "r-1",
            "inquirer": HERE,
            "provider": THERE,
            "items": ("total-income",),
            "addressee_number": PERSON,
        }
        return InquiryNotice(**base | changed)


@pytest.fixture
def cases() -> Cases:
    return Cases()
