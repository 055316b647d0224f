"""How a municipality's own program reaches the federation: with what `kumiai join` wrote, and nothing else."""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import httpx
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context
from joserfc import jwt
from joserfc.jwk import OKPKey


class Connection:
    """Credentials of one municipality's system: a SCRAM user for Kafka, an Ed25519 key for HTTP."""

    def __init__(self, path: Path) -> None:
        self._given: dict[str, Any] = json.loads(path.read_text())
        if "municipality" not in self._given:
            raise ValueError(f"{path} is not the file that `kumiai join` has written")
        self.municipality: str = self._given["municipality"]

    def kafka(self) -> dict[str, Any]:
        """Settings of aiokafka's producer and consumer. Without TLS only on this machine."""
        local = self._given["kafka_bootstrap"].startswith("127.0.0.1:")
        return {
            "bootstrap_servers": self._given["kafka_bootstrap"],
            "security_protocol": "SASL_PLAINTEXT" if local else "SASL_SSL",
            "ssl_context": None if local else create_ssl_context(cafile=self._given.get("kafka_ca_file")),
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": self._given["scram_username"],
            "sasl_plain_password": self._given["scram_password"],
        }

    def http(self, service: str) -> httpx.AsyncClient:
        """A client of a service; its paths begin after `/v1/{municipality}/`."""
        base = f"{self._given['services'][service]}/v1/{self.municipality}/"
        return httpx.AsyncClient(base_url=base, auth=_Token(self._given), timeout=30)


class _Token(httpx.Auth):
    """Exchanges an assertion, signed with our own key, for an access token; again when that is half used up."""

    requires_response_body = True

    def __init__(self, given: dict[str, Any]) -> None:
        self._url = given["services"]["membership"] + "/v1/token"
        self._subject = f"{given['municipality']}/{given['party']}"
        self._key = OKPKey.import_key(given["private_key"])
        self._token, self._renew_at = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the token with a request, after fetching one where that is needed."""
        if time.monotonic() >= self._renew_at:
            grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._assertion()}
            answer = (yield httpx.Request("POST", self._url, data=grant)).raise_for_status().json()
            self._token, self._renew_at = answer["access_token"], time.monotonic() + answer["expires_in"] / 2
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request

    def _assertion(self) -> str:
        now = int(time.time())
        who = {"iss": self._subject, "sub": self._subject, "aud": "kumiai-membership"}
        once = {"iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(16)}
        return jwt.encode({"alg": "Ed25519"}, {**who, **once}, self._key, ["Ed25519"])


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a program; what its user can mend is said in one line. Exit codes: 0 done, 1 not done, 130 broken off."""
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except httpx.HTTPStatusError as error:
        sys.exit(f"{error.request.url} answers {error.response.status_code}: {error.response.text}")
    except (httpx.TransportError, KafkaError) as error:
        sys.exit(f"The federation does not answer ({error!r}). Does it run, and are the credentials of this run of it?")
    except (OSError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
