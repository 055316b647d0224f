"""What the certificate of erasure claims: everything that remains, nothing that does not."""

from itertools import combinations
from typing import Any, get_args

import pytest
from kumiai_contracts.leaving import LeaveRow, ServiceErasedRow, certificate_statement
from kumiai_contracts.membership import ServiceName
from kumiai_contracts.topics import READS, STREAM_OF
from kumiai_membership.domain import certificate as certificates

NOW, UNTIL = "2027-04-01T00:00:00.000000Z", "2027-05-06T00:00:00.000000Z"
SERVICES = get_args(ServiceName)
ALWAYS = ["membership-stream", "tombstones", "operating-logs", "halves-of-others", "accounts", "backups"]


def leave(*services: str, altogether: bool = False) -> LeaveRow:
    given: dict[str, Any] = dict.fromkeys(("requested_at", "changed_at", "readers_until"), NOW)
    return LeaveRow(
        leave=1, services=services, altogether=altogether, state="erased", requested_by="131016/system",  # type: ignore[arg-type]
        bundle_hash="ab" * 32, seal="5f" * 64, acknowledgement="5e" * 64, acknowledged_with="key", readers_behind=(),
        **given,
    )  # fmt: skip


@pytest.mark.parametrize("services", [s for n in (1, 2, 3) for s in combinations(SERVICES, n)], ids="+".join)
def test_whoever_leaves_some_services_is_told_which_others_keep_what_they_read_of_them(
    services: tuple[str, ...],
) -> None:
    found = [item.what for item in certificates.remaining(leave(*services))]
    keeping = {
        f"replica-in-{reader}"
        for reader, streams in READS.items()
        if reader not in services and any(STREAM_OF[left] in streams for left in services)
    }
    assert set(found) == {*ALWAYS, "closed-heads", *keeping}
    assert len(found) == len(set(found))


@pytest.mark.parametrize(("services", "altogether", "streams"), [
    (("taxation",), False, "taxation"),
    (("resident-registry", "national-id-linkage"), False, "resident, linkage"),
    (("national-id-linkage",), True, "resident, taxation, linkage"),
])  # fmt: skip
def test_the_halves_of_others_are_where_the_left_services_keep_them(
    services: tuple[str, ...], altogether: bool, streams: str
) -> None:
    items = certificates.remaining(leave(*services, altogether=altogether))
    (half,) = [item for item in items if item.what == "halves-of-others"]
    assert f"({streams})" in half.en and f"({streams.replace(', ', '、')})" in half.ja


def test_whoever_leaves_altogether_leaves_no_replica_and_no_head() -> None:
    assert [item.what for item in certificates.remaining(leave(*SERVICES, altogether=True))] == ALWAYS


def test_whatever_remains_is_said_in_both_languages() -> None:
    for item in certificates.remaining(leave(SERVICES[0])):
        assert item.ja.endswith("。") and item.en.endswith("."), item


def test_what_is_signed_covers_the_date_of_the_backups_and_what_was_erased() -> None:
    given = certificates.certificate(leave(*SERVICES, altogether=True), UNTIL, NOW)
    assert (given.backups_until, given.issued_at, given.bundle_hash) == (UNTIL, NOW, "ab" * 32)
    counts = certificates.counted({"assessment": 2, "inbox": 0})
    assert [(each.what, each.count) for each in counts] == [("assessment", 2)]
    erased = ServiceErasedRow(leave=1, place="taxation", erased=counts, erased_at=NOW)
    said = certificate_statement("131016", given, [erased])
    later = given.model_copy(update={"backups_until": NOW})
    assert said != certificate_statement("131016", later, [erased])
    assert said != certificate_statement("131016", given, [])
    assert said != certificate_statement("131024", given, [erased])
