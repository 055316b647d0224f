"""`python -m kumiai_national_id_linkage.network_simulator.people KEY URL < people.csv`: say for 住基ネット who is who.

Each line is a 取得番号 and a name that only the network knows; two with one name are one person. For the simulator
alone: the real network learns it from 住基ネット.
"""

import argparse
import csv
import sys
from pathlib import Path

import httpx
import orjson
from kumiai_common.clock import now, timestamp
from kumiai_common.http.tokens import load_private_key, public_key_text

from kumiai_national_id_linkage.network.http_network import signed_bytes

PATH = "/operator/people"


def main() -> None:
    """Read the lines from standard input and tell the simulator. Exits with a line for what can't be meant."""
    parser = argparse.ArgumentParser(
        prog="python -m kumiai_national_id_linkage.network_simulator.people", description=__doc__
    )
    parser.add_argument("key", type=Path, help="the network's private key, such as .local/keys/network.pem")
    parser.add_argument("url", help="the simulator's address: `network` in .local/run/federation.json")
    given = parser.parse_args()
    people = [line for line in csv.reader(sys.stdin) if line]
    if wrong := next((n for n, line in enumerate(people, start=1) if len(line) != 2 or not all(line)), None):
        sys.exit(f"line {wrong} is no 取得番号 and name, separated by a comma")
    try:
        tell(given.url, given.key, people)
    except (OSError, ValueError, httpx.HTTPError) as error:
        sys.exit(f"not told: {error}")
    print(f"{len(people)} people told")


def tell(url: str, key_file: Path, people: list[list[str]]) -> None:
    """Tell the simulator. Raises OSError or ValueError for the key file, or httpx.HTTPError."""
    key = load_private_key(key_file)
    body, time = orjson.dumps({"people": people}), timestamp(now())
    headers = {
        "kumiai-key": public_key_text(key.public_key()),
        "kumiai-time": time,
        "kumiai-signature": key.sign(signed_bytes(PATH, time, body)).hex(),
    }
    httpx.post(url + PATH, content=body, headers=headers, timeout=30).raise_for_status()


if __name__ == "__main__":
    main()
