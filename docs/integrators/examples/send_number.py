"""Telling the vault a 個人番号 (My Number): encrypted to its public key, for one person, in an ordinary notice.

python send_number.py CREDENTIALS.json ADDRESSEE_NUMBER < number.txt

The number is read from standard input, so that it stands in no list of processes and in no shell's history.
"""

import argparse
import secrets
import sys
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from connection import Connection, run
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey
from kumiai_contracts.my_number import JWE_ALGORITHM, JWE_ENCRYPTION, MyNumberNotice, MyNumberOfPerson
from send_notice import Sender, show

ALLOWED = JWERegistry(algorithms=[JWE_ALGORITHM, JWE_ENCRYPTION])


def encrypted(person: MyNumberOfPerson, key: ECKey) -> str:
    """The JWE: only the vault opens it, and only for the municipality and the person that stand in it."""
    header = {"alg": JWE_ALGORITHM, "enc": JWE_ENCRYPTION, "kid": key.kid}
    return encrypt_compact(header, person.model_dump_json(), key, registry=ALLOWED)


async def public_key(client: httpx.AsyncClient) -> ECKey:
    """The key of this hour; it may be another tomorrow, so ask before each batch and not once for ever."""
    answer = await client.get("../vault/jwks.json")
    return ECKey.import_key(answer.raise_for_status().json()["keys"][0])


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("credentials", type=Path)
    parser.add_argument("addressee_number")
    asked = parser.parse_args()
    connection = Connection(asked.credentials)
    person = MyNumberOfPerson(
        municipality=connection.municipality,
        addressee_number=asked.addressee_number,
        my_number=sys.stdin.readline().strip(),
    )
    async with connection.http("national-id-linkage") as client:
        key = await public_key(client)
    # A JWE is another one each time, and so is this notice. A system that may have to send again after a crash keeps
    # the notice's bytes and id, and not the number.
    notice = MyNumberNotice(
        addressee_number=person.addressee_number,
        reason="assigned",
        my_number=encrypted(person, key),
        place="本庁",
        operator="guide",
    )
    async with (
        AIOKafkaProducer(**connection.kafka(), acks="all", enable_idempotence=True) as producer,
        AIOKafkaConsumer(**connection.kafka()) as receipts,
    ):
        sender = Sender(connection, producer, receipts)
        show(await sender.tell(notice, f"number-{secrets.token_hex(8)}"))


if __name__ == "__main__":
    run(main)
