"""What commands look like as JSON."""

from typing import Literal

from kumiai_contracts.fields import ShortText
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.model import Frozen


class JoinBody(Frozen):
    """加入の申請."""

    municipality: ShortText
    name: ShortText
    """団体名, such as 千代田区."""
    prefecture: ShortText
    """都道府県名."""
    services: tuple[ShortText, ...]


class PartyBody(Frozen):
    """利用者登録の申請; who it is stands in the path."""

    kind: Literal["person", "system"]
    public_key: ShortText
    """Ed25519, 32 bytes in base64url without padding; the private key never leaves its owner."""
    roles: tuple[Role, ...]
    purposes: tuple[Purpose, ...]
