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
    "own-system-not-possible": (
        "このサービスの記録は、自団体システムでは管理できません。自団体システムを選べるのはresident-registryだけです。",
        "A municipality's own system can't keep this service's record; it can only for resident-registry.",
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
    "has-left": (
        "この団体は脱退しました。脱退後の再加入には、この版は対応していません。",
        "The municipality has left. This version does not take it in again under the same code.",
    ),
    "leave-under-way": (
        "脱退の手続が進行中です。先に取り消すか、完了を待ってください。",
        "A leave is under way. Cancel it first, or wait until it is done.",
    ),
    "no-leave": (
        "進行中の脱退手続がありません。",
        "No leave is under way.",
    ),
    "service-not-taken": (
        "このサービスは利用したことがないか、既に脱退しています。",
        "The municipality never took this service, or has left it already.",
    ),
    "service-was-erased": (
        "このサービスからは脱退済みで、記録は消去されています。再開には、この版は対応していません。",
        "The municipality has left this service and its records are erased. This version does not begin them again.",
    ),
    "not-in-this-state": (
        "脱退の手続は、いまの段階ではこの操作を受け付けません。進行状況を確認してください。",
        "The leave does not take this step in its present state. Look at its progress.",
    ),
    "bundle-hash-invalid": (
        "持出しデータの識別値ではありません。SHA-256を16進数64桁(小文字)で指定してください。",
        "This is no bundle's identity: give the SHA-256 as 64 hexadecimal digits in lower case.",
    ),
    "bundle-differs": (
        "記録されている持出しデータの識別値と異なります。封印された持出しデータを検証してください。",
        "This is not the bundle that is recorded. Verify the one that was sealed.",
    ),
    "bundle-heads-differ": (
        "持出しデータの先頭位置が、締め切られたストリームの末尾と一致しません。締切り後に持出しデータを作り直してください。",
        "The bundle's heads are not where the streams closed. Make it again, now that they are closed.",
    ),
    "acknowledgement-key-missing": (
        "検収鍵が登録されていません。団体自身の鍵を登録してください。",
        "No acknowledgement key is registered. The municipality has to register one of its own.",
    ),
    "acknowledgement-key-too-new": (
        "検収鍵は、まだ使用できません。登録から使用開始日時までお待ちください。",
        "The acknowledgement key can't be used yet. Wait until the time from which it holds.",
    ),
    "acknowledgement-key-change-unsigned": (
        "検収鍵の変更には、現在の検収鍵による署名が必要です。",
        "Another acknowledgement key needs the signature of the present one.",
    ),
    "acknowledgement-invalid": (
        "検収の署名が、登録された検収鍵と一致しません。署名する文(団体コード、脱退番号、識別値)と鍵を確認してください。",
        "The acknowledgement is not signed by the registered key. Check what is signed (municipality, number of the "
        "leave, bundle) and with which key.",
    ),
    "acknowledgement-missing": (
        "団体による検収がまだありません。消去には、団体自身の署名が必要です。",
        "The municipality has not acknowledged its bundle. Nothing is erased without its own signature.",
    ),
    "readers-behind": (
        "外部の読取者がまだ読み終えていません。期限まで待つか、読み終えさせてください。",
        "External readers have not read everything. Let them, or wait until their deadline.",
    ),
    "erasure-has-begun": (
        "消去が始まっているため、取り消せません。",
        "Erasure has begun: the leave can't be cancelled any more.",
    ),
    "deadline-invalid": (
        "外部の読取者の期限は、0日から366日の間で指定してください。",
        "The deadline for external readers is 0 to 366 days.",
    ),
    "merges-with-itself": (
        "自団体を引き継ぐことはできません。",
        "A municipality can't take itself over.",
    ),
    "predecessor-not-sealed": (
        "合併関係市町村の脱退手続(全サービス)が、持出しデータの封印まで進んでいません。",
        "The predecessor must be leaving altogether, and its bundle be sealed at its closed heads. See `kumiai leave`.",
    ),
    "merger-differs": (
        "別の持出しデータまたは合併期日で、既に引継ぎが始まっています。",
        "Taking this predecessor over has begun with another bundle or another date.",
    ),
    "merger-in-future": (
        "合併期日が未来の日付です。合併期日以降に引き継いでください。",
        "The merger lies in the future. Take the predecessor over on its day, or later.",
    ),
    "merger-unknown": (
        "この市町村の引継ぎは始まっていません。",
        "Taking this predecessor over has not begun.",
    ),
    "merger-incomplete": (
        "引き継ぐべき者の数と、引き継がれた者の数が一致しません。却下された者を確認してください。",
        "Not everybody has been taken over. Look at who was refused.",
    ),
    "merged": (
        "この団体は他の市町村に引き継がれているため、脱退を取り消せません。",
        "Another municipality takes this one over, so its leave can't be cancelled.",
    ),
    "no-parameter": (
        "設定するパラメータを一つ以上指定してください。",
        "Name at least one parameter to set.",
    ),
    "parameter-unknown": (
        "そのようなパラメータは目録にありません。名称とサービスを確認してください。",
        "The catalogue has no such parameter of this service. Look at `kumiai parameters list`.",
    ),
    "too-many-settings": (
        "この団体のパラメータ設定が上限(1,000件)に達しています。",
        "The municipality has reached the most settings that are kept (1,000).",
    ),
    "value-not-a-percentage": (
        "百分率で指定してください(例: 6.025%。小数は3桁まで)。",
        'Give a percentage as text, such as "6.025%", with three decimals at most.',
    ),
    "value-not-an-integer": (
        "整数で指定してください。",
        "Give a whole number.",
    ),
    "value-not-month-days": (
        "月日(MM-DD)の一覧で指定してください。02-29は使えません。",
        'Give a list of days such as ["06-30", "08-31"]; 02-29 can not be one.',
    ),
    "value-not-in-order": (
        "納期限は4月から翌年3月までの順に、重複なく指定してください。",
        "Give the days in the order of the fiscal year, April to March, each once.",
    ),
    "value-out-of-range": (
        "目録が定める範囲の外の値です。",
        "The value is outside of what the catalogue allows.",
    ),
    "value-too-long": (
        "値が長すぎます(16,000文字まで)。",
        "The value is too long: 16,000 characters of JSON at most.",
    ),
    "schema-not-allowed": (
        "拡張項目のスキーマとして使えません。項目がstring(maxLength必須)、integer、booleanだけの平らなobjectとし、"
        "additionalPropertiesをfalseにしてください。",
        "This is no schema for extra attributes: a flat object of string (with maxLength), integer and boolean, with "
        "additionalProperties false and nothing else.",
    ),
    "valid-from-not-a-fiscal-year": (
        "このパラメータは年度単位です。適用開始日を4月1日としてください。",
        "This parameter holds for whole fiscal years: let it be valid from 1 April.",
    ),
    "valid-from-has-passed": (
        "適用開始日が過ぎています。決定済みの内容は変わりません。それでも遡って設定する場合は、lateを指定してください(コマンドでは--late)。",
        "That day has passed, and what was issued since stays as it was. If that is what you want, say so: `late` "
        "(on the command line --late).",
    ),
    "valid-from-too-far": (
        "適用開始日は10年以内としてください。",
        "Let it be valid from a day within ten years.",
    ),
}
