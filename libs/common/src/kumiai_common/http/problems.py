"""Problems (RFC 9457): every refusal over HTTP has a stable code and says in Japanese and English what to do.

A kind of problem is a value; a handler raises `Problem(KIND)`. Whatever else is raised becomes one here: a database
that is away is a 503 to try again, a fault of our own is a 500 that tells the caller nothing about the data.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import asyncpg
import orjson
from kumiai_contracts.receipts import Reason
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kumiai_common.log import StreamEnded
from kumiai_common.waiting import IntakeHeld, MustWait

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1


class Kind(NamedTuple):
    """A kind of problem: its code for programs, its status, its text for people."""

    code: str
    status: int
    ja: str
    en: str


class Problem(Exception):
    """A request that is refused, raised by a handler.

    `detail` is for what differs from one occurrence to the next, in English; never a value from a record.
    """

    def __init__(self, kind: Kind, detail: str = "", *, reasons: Sequence[Reason] = ()) -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.detail = detail
        self.reasons = tuple(reasons)

    def response(self) -> Response:
        """The problem as it is sent."""
        members: dict[str, Any] = {
            "type": f"urn:kumiai:problem:{self.kind.code}",
            "title": self.kind.en,
            "status": self.kind.status,
            "code": self.kind.code,
            "ja": self.kind.ja,
            "en": self.kind.en,
        }
        if self.detail:
            members["detail"] = self.detail
        if self.reasons:
            members["reasons"] = [reason.model_dump(mode="json") for reason in self.reasons]
        return Response(orjson.dumps(members), self.kind.status, _headers(self.kind), MEDIA_TYPE)


TOKEN_MISSING = Kind(
    "token-missing",
    401,
    "アクセストークンがありません。membershipの/v1/tokenで取得し、Authorizationヘッダーに付けてください。",
    "There is no access token. Get one from membership (/v1/token) and send it in the Authorization header.",
)
TOKEN_INVALID = Kind(
    "token-invalid",
    401,
    "アクセストークンが無効か、期限が切れています。新しいトークンを取得してください。",
    "The access token is invalid or has expired. Get a new one.",
)
ASSERTION_INVALID = Kind(
    "assertion-invalid",
    401,
    "署名付きの要求(アサーション)が無効です。鍵、宛先、時刻、jtiを確認してください。",
    "The signed assertion is not accepted. Check the key, the audience, the clock and that its jti is new.",
)
MUNICIPALITY_MISMATCH = Kind(
    "municipality-mismatch",
    403,
    "他の団体の情報にはアクセスできません。",
    "The token is for another municipality.",
)
ROLE_MISSING = Kind(
    "role-missing",
    403,
    "この操作に必要な役割がありません。運用者に権限の付与を依頼してください。",
    "The caller has none of the roles that this needs. Ask an operator for the right.",
)
PURPOSE_MISSING = Kind(
    "purpose-missing",
    403,
    "この利用目的での閲覧は認められていません。運用者に権限の付与を依頼してください。",
    "The caller may not read for this purpose. Ask an operator for the right.",
)
PARTY_UNKNOWN = Kind(
    "party-unknown",
    403,
    "利用者が登録されていないか、登録がまだこのサービスに届いていません。数秒後に再試行してください。",
    "The party is not registered, or its registration has not reached this service yet. Try again in a few seconds.",
)
PARTY_REVOKED = Kind(
    "party-revoked",
    403,
    "利用者の権限は取り消されています。",
    "The party's rights have been revoked.",
)
STREAM_NOT_READ = Kind(
    "stream-not-read",
    403,
    "このサービスは当該団体のこのストリームを読み取る対象ではありません。",
    "This service is not one that reads this stream of this municipality.",
)
LOG_BROKEN = Kind(
    "log-broken",
    409,
    "ログがハッシュ連鎖として成立しないため、何も変更していません。検査点と受領書で生産者のログを確認してください。",
    "The log does not hold as a hash chain, so nothing was changed. Check the producer's log against its checkpoints.",
)
CLOSED = Kind(
    "closed",
    409,
    "貴団体はこのサービスから脱退の手続中のため、受け付けられません。取り消した後に、同じIDのまま再送してください。",
    "Your municipality is leaving this service, so it takes nothing. If the leave is cancelled, send the same again.",
)
LEFT = Kind(
    "left",
    410,
    "貴団体はこのサービスから脱退しました。記録は消去されています。",
    "Your municipality has left this service, and its records are erased.",
)
OLDER_PARKED = Kind(
    "older-parked",
    409,
    "同じ対象についてより古い保留があります。先にそちらを解除してください。",
    "An older event of the same key is parked. Settle that one first.",
)
NOT_FOUND = Kind("not-found", 404, "該当するものがありません。", "There is no such thing here.")
NO_MUNICIPALITY = Kind(
    "municipality-code-invalid",
    404,
    "全国地方公共団体コードではありません。検査数字を含む6桁を確認してください。",
    "This is not a municipality's code. Check its six digits; the last one is a check digit.",
)
METHOD_NOT_ALLOWED = Kind(
    "method-not-allowed", 405, "この操作は利用できません。", "This address does not offer this method."
)
PARAMETER_INVALID = Kind(
    "parameter-invalid",
    400,
    "パラメーターが不足しているか、正しくありません。",
    "A parameter is missing or malformed.",
)
BODY_INVALID = Kind(
    "body-invalid",
    400,
    "本文を読み取れません。形式を確認してください。",
    "The body can't be read. Check its format.",
)
BODY_TOO_LARGE = Kind(
    "request-too-large",
    413,
    "要求が大きすぎます。分割して送信してください。",
    "The request is too large. Send it in parts.",
)
MEDIA_TYPE_UNSUPPORTED = Kind(
    "media-type-unsupported",
    415,
    "Content-Typeが正しくありません。",
    "The content type is not the one that this address takes.",
)
ERASED = Kind(
    "part-erased",
    410,
    "この情報は消去されました。",
    "This part has been erased.",
)
UNAVAILABLE = Kind(
    "unavailable",
    503,
    "現在処理できません。しばらくしてから再試行してください。",
    "The service can't answer at the moment. Try again.",
)
INTAKE_HELD = Kind(
    "intake-held",
    503,
    "この団体の複製を作成中のため、まだ通知を受け付けられません。しばらくしてから再送してください。",
    "The service is still building this municipality's replicas and takes no notices yet. Send again later.",
)
INTERNAL = Kind(
    "internal",
    500,
    "サービス内部の誤りです。運用者に連絡してください。",
    "The service failed. Tell its operators.",
)

UNAVAILABLE_ERRORS = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    OSError,  # ConnectionError and TimeoutError too
)
"""What a repetition may cure."""


def problem_of(error: Exception) -> Problem:
    """The problem that any exception is to the caller. What it said stays here: it may hold a payload."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return Problem(
                BODY_INVALID, "; ".join(_fault(fault["loc"], fault["type"]) for fault in error.errors()[:20])
            )
        case HTTPException():
            known = {kind.status: kind for kind in (NOT_FOUND, METHOD_NOT_ALLOWED, BODY_TOO_LARGE, BODY_INVALID)}
            return Problem(known.get(error.status_code) or _plain(error.status_code))
    return Problem(_kind_of(error), error.why if isinstance(error, MustWait) else "")


def _kind_of(error: Exception) -> Kind:
    match error:
        case StreamEnded():
            return CLOSED
        case IntakeHeld():
            return INTAKE_HELD
        case MustWait():
            return UNAVAILABLE
    return UNAVAILABLE if isinstance(error, UNAVAILABLE_ERRORS) else INTERNAL


async def on_error(_: Request, error: Exception) -> Response:
    """Starlette's exception handler for everything that a handler raises on purpose."""
    return problem_of(error).response()


def _fault(location: Sequence[int | str], type_: str) -> str:
    return f"{type_} at /{'/'.join(map(str, location))}"


def _plain(status: int) -> Kind:
    return Kind(f"http-{status}", status, "要求を処理できません。", HTTPStatus(status).phrase)


def _headers(kind: Kind) -> Mapping[str, str]:
    headers = {"cache-control": "no-store"}
    if kind.status == 401:
        headers["www-authenticate"] = f'Bearer realm="kumiai", error="{kind.code}"'
    elif kind.status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    return headers
