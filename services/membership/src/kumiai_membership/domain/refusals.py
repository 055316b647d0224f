"""Why membership refuses a command: stable codes, with text for an operator in Japanese and English."""

from kumiai_contracts.receipts import Reason


def refusal(code: str, pointer: str) -> Reason:
    """The reason for a code, pointing at what is wrong. Raises KeyError for a code that is not here."""
    ja, en = TEXTS[code]
    return Reason(code=code, pointer=pointer, ja=ja, en=en)


TEXTS: dict[str, tuple[str, str]] = {
    "municipality-code-invalid": (
        "全国地方公共団体コードではありません。検査数字を含む6桁のコードを指定してください。",
        "This is no local government code. Give all six digits, the check digit included.",
    ),
    "already-member": (
        "この団体は既に加入しています。認証情報を失った場合は再発行してください。",
        "The municipality is a member already. If its credentials were lost, renew them.",
    ),
    "not-a-member": (
        "この団体は加入していません。先に加入の手続をしてください。",
        "The municipality is not a member. Let it join first.",
    ),
    "no-service": (
        "利用するサービスを一つ以上指定してください。",
        "Choose at least one service.",
    ),
    "service-unknown": (
        "そのようなサービスはありません。resident-registry、taxation、national-id-linkageから選んでください。",
        "There is no such service. Choose from resident-registry, taxation and national-id-linkage.",
    ),
    "text-missing": (
        "空欄にできません(200文字まで)。",
        "This needs a text of 1 to 200 characters.",
    ),
    "role-not-allowed": (
        "この利用者には付与できない役割です。運用者は組合(000001)の職員に限られ、"
        "システムにはsystem、職員にはclerkだけを付与できます。",
        "This party can't have this role. Only persons of the federation (000001) are operators; "
        "a system can be `system` and a person `clerk`.",
    ),
    "purpose-not-allowed": (
        "この利用目的は付与できません。運用者が持てるのはoperationだけで、それ以外の利用者は持てません。",
        "This purpose can't be given: `operation` is for operators, and operators have no other.",
    ),
    "key-was-revoked": (
        "この鍵は取り消されています。新しい鍵を作成してください。",
        "This key was revoked. Make a new one.",
    ),
    "party-not-found": (
        "そのような利用者は登録されていません。",
        "There is no such party.",
    ),
    "last-operator": (
        "最後の運用者は取り消せません。先に別の運用者を登録してください。",
        "The last operator can't be revoked. Register another one first.",
    ),
}
