"""What a parameter file may hold (パラメータファイルの書式): each parameter's name and type, and its JSON Schema.

The types are those of the rules' own `FiscalYearParameters`; a rate may stand as a percentage ("2.025%") wherever a
whole number may.
"""

from typing import Any, get_type_hints

from pydantic import NonNegativeInt, TypeAdapter

from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters, OwnExemption, Shares

NOT_IN_FILES = frozenset(("fiscal_year", "income_year", "municipalities", "ended", "sources"))
"""Fields of FiscalYearParameters that are no parameters."""

OF_MUNICIPALITY: dict[str, Any] = {
    "municipal_rate": NonNegativeInt,
    "prefectural_rate_surcharge": NonNegativeInt,
    "municipal_per_capita": NonNegativeInt,
    "prefectural_per_capita": NonNegativeInt,
    "own_exemption": OwnExemption,
    "area_class": NonNegativeInt,
}
"""What a prefecture or a municipality may have of its own."""

OF_NATION: dict[str, Any] = {
    **{name: kind for name, kind in get_type_hints(FiscalYearParameters).items() if name not in NOT_IN_FILES},
    "ordinary_shares": Shares,
    "designated_city_shares": Shares,
    "designated_cities": list[str],
    "area_classes": dict[str, list[str]],
    "municipal_per_capita": NonNegativeInt,
    "prefectural_per_capita": NonNegativeInt,
    "area_class": NonNegativeInt,
}
"""What holds for every municipality that has nothing of its own."""


def file_schema() -> dict[str, Any]:
    """The JSON Schema of a parameter file."""
    kinds = {**OF_NATION, **OF_MUNICIPALITY}
    values, definitions = TypeAdapter.json_schemas(
        [(name, "validation", TypeAdapter(kind)) for name, kind in kinds.items()]
    )
    year = {"$ref": "#/$defs/Year"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "年度別パラメータ",
        "type": "object",
        "required": ["fiscal_year", "income_year", "parameters"],
        "additionalProperties": False,
        "properties": {
            "fiscal_year": year,
            "income_year": {"type": "integer"},
            "based_on": {"anyOf": [year, {"type": "null"}]},
            "parameters": _entries(OF_NATION, values),
            "prefectures": _by(r"^\d{2}$"),
            "municipalities": _by(r"^\d{6}$"),
        },
        "$defs": {
            **_with_percentages(definitions.get("$defs", {})),
            "OfMunicipality": _entries(OF_MUNICIPALITY, values),
            "Year": {"type": "string", "pattern": r"^R[1-9]\d?$"},
            "Day": {"type": "string", "format": "date"},
            "Source": {"type": "string", "minLength": 1},
            "Percentage": {"type": "string", "pattern": r"^\d+(\.\d{1,3})?%$"},
        },
    }


def _entries(kinds: dict[str, Any], values: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {
                "type": "object",
                "required": ["value", "valid_from", "source"],
                "additionalProperties": False,
                "properties": {
                    "value": _with_percentages(values[name, "validation"]),
                    "valid_from": {"$ref": "#/$defs/Day"},
                    "valid_until": {"$ref": "#/$defs/Year"},
                    "source": {"$ref": "#/$defs/Source"},
                },
            }
            for name in kinds
        },
    }


def _by(code: str) -> dict[str, Any]:
    entries = {"$ref": "#/$defs/OfMunicipality"}
    return {"type": "object", "patternProperties": {code: entries}, "additionalProperties": False}


def _with_percentages(schema: Any) -> Any:
    match schema:
        case {"type": "integer"}:
            return {"anyOf": [schema, {"$ref": "#/$defs/Percentage"}]}
        case dict():
            return {key: _with_percentages(value) for key, value in schema.items()}
        case list():
            return [_with_percentages(item) for item in schema]
    return schema
