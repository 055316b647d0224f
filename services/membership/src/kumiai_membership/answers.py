"""How a decision becomes an answer: a refusal is a problem with its reasons."""

from kumiai_common.http import problems
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.tokens import public_key_of_text
from kumiai_contracts.decision import Accepted, Decision, Refused

from kumiai_membership.domain.refusals import refusal

_STATUS = {
    "not-a-member": 404,
    "party-not-found": 404,
    "no-leave": 404,
    "already-member": 409,
    "merged": 409,
    "merger-differs": 409,
    "merger-incomplete": 409,
    "merger-unknown": 404,
    "predecessor-not-sealed": 409,
    "has-left": 409,
    "leave-under-way": 409,
    "not-in-this-state": 409,
    "erasure-has-begun": 409,
    "readers-behind": 409,
    "acknowledgement-missing": 409,
    "acknowledgement-key-too-new": 409,
}


def accepted(decision: Decision) -> Accepted:
    """The decision, if it is none to refuse. Raises Problem."""
    if isinstance(decision, Refused):
        raise refused(decision)
    return decision


def refused(decision: Refused, detail: str = "") -> Problem:
    """The problem that a refusal is to the caller."""
    first = decision.reasons[0]
    return Problem(Kind(first.code, _STATUS.get(first.code, 422), first.ja, first.en), detail, reasons=decision.reasons)


def no_member(municipality: str) -> Problem:
    """Why there is nothing to read about a municipality: it is not a member."""
    return refused(Refused((refusal("not-a-member", "/municipality"),)), municipality)


def key_of(text: str) -> str:
    """An Ed25519 public key in base64url, if it is one. Raises Problem."""
    try:
        public_key_of_text(text)
    except ValueError:
        raise Problem(problems.BODY_INVALID, "an Ed25519 public key in base64url") from None
    return text
