"""Topics and rights: what follows from what is recorded."""

from itertools import product

from kumiai_contracts.topics import FEDERATION, parse_topic
from kumiai_membership.domain.rights import NOTICED, Action, Right, Standing, possible, topics, wanted

CHIYODA = "131016"


def names(principal: str, action: Action, subscriptions: dict[str, bool]) -> set[str]:
    return {
        right.name
        for right in wanted(CHIYODA, Standing(subscriptions))
        if right.principal == principal and right.action is action and right.resource == "topic"
    }


def test_a_municipality_writes_only_the_notices_of_what_it_subscribes_to() -> None:
    assert names("lg-131016", Action.WRITE, {"taxation": True, "resident-registry": False}) == {
        "lg.131016.taxation.notices"
    }


def test_a_municipality_reads_its_own_topics_and_nobody_elses() -> None:
    found = names("lg-131016", Action.READ, {"taxation": True})
    assert all(parse_topic(name).municipality == CHIYODA for name in found)
    assert not any(name.endswith(".notices") for name in found)
    assert "lg.131016.taxation.receipts" in found


def test_only_the_owner_writes_an_events_topic() -> None:
    every = dict.fromkeys(NOTICED, True)
    writers: dict[str, set[str]] = {}
    for right in wanted(CHIYODA, Standing(every)):
        if right.action is Action.WRITE:
            writers.setdefault(right.name, set()).add(right.principal)
    assert writers["lg.131016.resident.events"] == {"svc-resident-registry"}
    assert writers["lg.131016.membership.events"] == {"svc-membership"}
    assert writers["lg.131016.taxation.receipts"] == {"svc-taxation"}
    assert all(len(principals) == 1 for principals in writers.values())


def test_a_service_reads_a_foreign_stream_only_where_both_are_subscribed() -> None:
    resident = "lg.131016.resident.events"
    assert resident in names("svc-taxation", Action.READ, {"taxation": True, "resident-registry": True})
    assert resident not in names("svc-taxation", Action.READ, {"taxation": False, "resident-registry": True})
    assert resident not in names("svc-taxation", Action.READ, {"resident-registry": True})
    assert resident not in names("svc-taxation", Action.READ, {"taxation": True})


def test_what_a_service_that_was_left_had_published_is_read_to_its_end() -> None:
    assert "lg.131016.resident.events" in names(
        "svc-taxation", Action.READ, {"taxation": True, "resident-registry": False}
    )


def test_every_service_learns_who_is_a_member() -> None:
    for service in NOTICED:
        assert "lg.131016.membership.events" in names(f"svc-{service}", Action.READ, {})


def test_whatever_is_wanted_is_possible_and_every_right_is_on_a_topic_that_exists() -> None:
    for choice in product((None, False, True), repeat=len(NOTICED)):
        subscriptions = {service: on for service, on in zip(NOTICED, choice, strict=True) if on is not None}
        rights = wanted(CHIYODA, Standing(subscriptions))
        assert rights <= possible(CHIYODA)
        assert {right.name for right in rights if right.resource == "topic"} <= topics(CHIYODA).keys()


def test_a_group_prefix_ends_so_that_no_other_code_begins_with_it() -> None:
    groups = [right for right in wanted(CHIYODA, Standing()) if right.resource == "group"]
    assert groups == [Right("lg-131016", Action.READ, "group", "lg.131016.")]


def test_whoever_is_leaving_a_service_may_not_write_to_it_and_goes_on_reading() -> None:
    every = dict.fromkeys(NOTICED, True)
    before, closing = (wanted(CHIYODA, Standing(every, leaving)) for leaving in (frozenset(), frozenset(("taxation",))))
    assert before - closing == {Right("lg-131016", Action.WRITE, "topic", "lg.131016.taxation.notices")}
    assert closing <= before


def test_of_a_service_that_was_left_neither_topics_nor_rights_remain() -> None:
    standing = Standing(dict.fromkeys(NOTICED, True), gone=frozenset(("taxation",)))
    names = {right.name for right in wanted(CHIYODA, standing)}
    assert topics(CHIYODA).keys() - topics(CHIYODA, standing.gone).keys() == {
        "lg.131016.taxation.events",
        "lg.131016.taxation.receipts",
        "lg.131016.taxation.notices",
    }
    assert not any(".taxation." in name for name in names)
    assert wanted(CHIYODA, standing._replace(left=True)) == frozenset()


def test_the_federations_own_organisation_has_its_membership_stream_and_nothing_else() -> None:
    assert topics(FEDERATION).keys() == {"lg.000001.membership.events"}
    assert {right.name for right in wanted(FEDERATION, Standing())} == topics(FEDERATION).keys()
    assert not any(right.principal.startswith("lg-") for right in wanted(FEDERATION, Standing()))
