"""What handlers read from a request and how they answer: parameters are checked here, once."""

import re
from typing import Any

import orjson
from kumiai_contracts.identifiers import local_government_check_digit
from starlette.requests import Request
from starlette.responses import Response

from kumiai_common.http import problems
from kumiai_common.http.problems import Problem

MUNICIPALITY = re.compile(r"[0-9]{6}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,15}", re.ASCII)


def municipality_of(request: Request) -> str:
    """全国地方公共団体コード from the path. Raises Problem, 404: an address with anything else does not exist."""
    code = str(request.path_params["municipality"])
    if not MUNICIPALITY.fullmatch(code):
        raise Problem(problems.NO_MUNICIPALITY, "six digits, such as 131016")
    if (digit := local_government_check_digit(code[:-1])) != code[-1]:
        raise Problem(problems.NO_MUNICIPALITY, f"the check digit of {code} should be {digit}")
    return code


def number_of(request: Request, name: str) -> str:
    """A number from the path; what is none is not found (Problem, 404), and a NUL never reaches the database."""
    number = str(request.path_params[name])
    if not (number.isascii() and number.isdigit()):
        raise Problem(problems.NOT_FOUND)
    return number


def count_of(request: Request, name: str, default: int, most: int) -> int:
    """A number from the query, between 0 and `most`. Raises Problem, 400."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _COUNT.fullmatch(text) or int(text) > most:
        raise Problem(problems.PARAMETER_INVALID, f"{name}: a number from 0 to {most}")
    return int(text)


def text_of(request: Request, name: str) -> str:
    """A text from the query, one that PostgreSQL can hold. Raises Problem, 400."""
    text = request.query_params.get(name, "")
    if not 0 < len(text) <= 200 or "\x00" in text:
        raise Problem(problems.PARAMETER_INVALID, f"{name}: a text of 1 to 200 characters")
    return text


def answer(value: Any, status: int = 200) -> Response:
    """A value as JSON. Nothing that a service says may be kept by a cache."""
    return json_text(orjson.dumps(value), status)


def json_text(body: bytes, status: int = 200, **headers: str) -> Response:
    """JSON that is written already."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, status, {"cache-control": "no-store", **named}, "application/json")
