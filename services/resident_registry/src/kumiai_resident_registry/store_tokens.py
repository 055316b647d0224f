"""What the registry reads from its database about tokens of 個人番号. Notices with none make no query."""

from collections.abc import Iterator, Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import MoveInNotice
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_tokens import MyNumberTokensNotice

from kumiai_resident_registry.named_queries import QUERIES


async def load(connection: Connection, wanted: Mapping[str, Sequence[Notice]]) -> dict[str, dict[str, str]]:
    """Whose the tokens are that notices name, by municipality and token."""
    found: dict[str, dict[str, str]] = {m: {} for m in wanted}
    named = sorted({(m, token) for m, notices in wanted.items() for each in notices for token in _named(each)})
    if named:
        municipalities, tokens = zip(*named, strict=True)
        for record in await QUERIES.bearers(connection, municipalities=municipalities, tokens=tokens):
            found[record["municipality"]][record["token"]] = record["addressee_number"]
    return found


def _named(notice: Notice) -> Iterator[str]:
    if isinstance(notice, MyNumberTokensNotice):
        yield from (each.token for each in notice.tokens)
    elif isinstance(notice, MoveInNotice | ExOfficioEntryNotice):
        yield from (each.my_number_token for each in notice.identified if each.my_number_token is not None)
