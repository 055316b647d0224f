"""The certificate of erasure (消去証明書): what it says remains. It never claims more than was done."""

from collections.abc import Mapping, Sequence
from typing import get_args

from kumiai_contracts.leaving import CertificateRow, Counted, LeaveRow, Remaining, ServiceErasedRow
from kumiai_contracts.membership import ServiceName
from kumiai_contracts.topics import READS, STREAM_OF

_MEMBERSHIP = Remaining(
    what="membership-stream",
    ja="加入、利用サービス、利用者の識別子と公開鍵、脱退及びこの証明の記録(membershipのストリーム)は、"
    "加入と脱退の事実を証明するために残ります。",
    en="The stream membership remains as evidence of having been a member and of leaving: subscriptions, identifiers "
    "and public keys of parties, the steps of the leave, and this certificate.",
)
_TOMBSTONES = Remaining(
    what="tombstones",
    ja="団体コードと、消去した表ごとの件数は、停止していた処理が再び読み始めないように、各サービスに残ります。",
    en="Each service keeps the municipality's code and how many rows were erased, so that nothing that slept begins "
    "again.",
)
_HEADS = Remaining(
    what="closed-heads",
    ja="締め切ったストリームの末尾の位置とハッシュ値は、各サービスに残ります。内容は含みません。",
    en="Each service that was left keeps where its streams ended, position and hash, and nothing of what was in them.",
)
_LOGS = Remaining(
    what="operating-logs",
    ja="運用ログとトレースには、団体コード、種別、位置が、その保存期間の終わりまで残ります。内容は記録していません。",
    en="Operating logs and traces hold the municipality's code, types and positions until they expire; never a record.",
)
_ACCOUNTS = Remaining(
    what="accounts",
    ja="負担金の請求その他の会計書類は、組合の会計書類として、法令の保存期間まで組合に残ります。このシステムは保有していません。",
    en="Bills and other accounts remain with the federation's organisation for as long as the law has them kept. None "
    "of them is in this system.",
)
_BACKUPS = Remaining(
    what="backups",
    ja="データベースのバックアップと更新ログ(WAL)には、記載の期限まで、消去前の内容が残り得ます。",
    en="Backups and write-ahead logs of the databases may hold bytes from before erasure until the date given.",
)


def counted(counts: Mapping[str, int]) -> tuple[Counted, ...]:
    """What there was, in order, without what there was none of."""
    return tuple(Counted(what=what, count=count) for what, count in sorted(counts.items()) if count)


def remaining(leave: LeaveRow) -> tuple[Remaining, ...]:
    """Everything that a leave leaves behind."""
    partly = () if leave.altogether else (_HEADS, *_replicas(leave))
    return (_MEMBERSHIP, _TOMBSTONES, *partly, _LOGS, _halves_of_others(leave), _ACCOUNTS, _BACKUPS)


def certificate(leave: LeaveRow, backups_until: str, now: str) -> CertificateRow:
    """The certificate, not signed yet. The leave has been acknowledged."""
    return CertificateRow(
        leave=leave.leave,
        bundle_hash=leave.bundle_hash or "",
        acknowledgement=leave.acknowledgement or "",
        acknowledged_with=leave.acknowledged_with or "",
        remains=remaining(leave),
        backups_until=backups_until,
        issued_at=now,
        signature="",
    )


def of_leave(erased: Sequence[ServiceErasedRow], leave: LeaveRow) -> list[ServiceErasedRow]:
    """What was erased for a leave, place by place."""
    return [row for row in erased if row.leave == leave.leave]


def _halves_of_others(leave: LeaveRow) -> Remaining:
    """Where the others keep what they exchanged with the municipality: in the same services, in their own streams."""
    names = [STREAM_OF[service] for service in (get_args(ServiceName) if leave.altogether else leave.services)]
    return Remaining(
        what="halves-of-others",
        ja="他団体との間で交わされた記録は、相手方団体の記録として、"
        f"その団体のストリーム({'、'.join(names)})に残ります。",
        en="What was exchanged with other municipalities remains as their record, in their streams "
        f"({', '.join(names)}).",
    )


def _replicas(leave: LeaveRow) -> list[Remaining]:
    """What services that go on have read of those that were left."""
    found = []
    for reader, streams in READS.items():
        read = [STREAM_OF[service] for service in leave.services if STREAM_OF[service] in streams]
        if read and reader not in leave.services:
            names = ", ".join(read)
            found.append(
                Remaining(
                    what=f"replica-in-{reader}",
                    ja=f"{reader}が利用する{names}の複製は、{reader}から脱退するまで残ります。",
                    en=f"The replica of {names} in {reader} remains until the municipality leaves {reader}, too.",
                )
            )
    return found
