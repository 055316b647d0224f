"""Who differs from the standard: settings, ordinances of the parameter files, and what only seems to differ."""

from datetime import date
from typing import Any

from kumiai_cli.drift import differences

APRIL = date(2027, 4, 1)
CHIYODA, YOKOHAMA = "131016", "141003"


def member(code: str, *settings: dict[str, Any]) -> dict[str, Any]:
    return {"municipality": code, "name": "市", "prefecture": "県", "parameters": list(settings)}


def setting(
    version: int, name: str, value: Any, service: str = "taxation", since: str = "2027-04-01"
) -> dict[str, Any]:
    return {
        "version": version,
        "service": service,
        "name": name,
        "value": value,
        "valid_from": since,
        "reason": "市税条例",
        "set_by": "131016/system",
        "set_at": "2026-11-25T04:10:00.000000Z",
        "late": False,
    }


def found(*members: dict[str, Any], day: date = APRIL) -> list[tuple[str, str, Any, Any]]:
    return [(each.municipality, each.parameter, each.value, each.standard) for each in differences(members, day)]


def test_whoever_has_set_nothing_is_as_the_standard() -> None:
    assert found(member(CHIYODA)) == []


def test_a_setting_differs_from_its_day_on_with_its_source() -> None:
    own = member(CHIYODA, setting(1, "resident-tax.municipal-rate", "6.1%"))
    assert found(own) == [(CHIYODA, "resident-tax.municipal-rate", "6.1%", "6%")]
    assert found(own, day=date(2027, 3, 31)) == []
    assert differences([own], APRIL)[0].source == "setting 1 by 131016/system: 市税条例"


def test_a_setting_of_the_standards_value_is_no_difference() -> None:
    assert found(member(CHIYODA, setting(1, "resident-tax.municipal-per-capita", 3000))) == []


def test_an_ordinance_of_the_parameter_files_differs_and_a_designated_citys_rate_does_not() -> None:
    assert found(member(YOKOHAMA)) == [(YOKOHAMA, "resident-tax.municipal-per-capita", 3900, 3000)]
    assert "parameter file" in differences([member(YOKOHAMA)], APRIL)[0].source
    own = setting(1, "resident-tax.municipal-per-capita", 3000)
    assert found(member(YOKOHAMA, own)) == []


def test_a_namespace_of_extra_attributes_always_differs() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": False}
    own = member(CHIYODA, setting(1, "extensions.ward", schema, "resident-registry"))
    assert found(own, member(YOKOHAMA)) == [
        (CHIYODA, "extensions.ward", schema, None),
        (YOKOHAMA, "resident-tax.municipal-per-capita", 3900, 3000),
    ]
