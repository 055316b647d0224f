#!/bin/sh
# usage: vault-keys.sh FILE
# Makes the key file of the vault (a JWK Set with one wrapping and one receiving key) with openssl alone, for machines
# without Kumiai. `python -m kumiai_national_id_linkage.vault.keys` makes the same, and puts new keys in front later.
set -eu
[ -n "${1:-}" ] || { echo "usage: vault-keys.sh FILE" >&2; exit 2; }
[ ! -s "$1" ] || exit 0
umask 077
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
id() { printf '%s-%s-%s' "$1" "$(date -u +%Y%m%d)" "$(openssl rand -hex 4)"; }
# SEC 1: the private value stands behind seven bytes, the public point is the end.
der=$(mktemp)
trap 'rm -f "$der"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -outform DER -out "$der"
cat > "$1" <<END
{"keys": [
 {"kty": "oct", "use": "enc", "kid": "$(id w)", "k": "$(openssl rand 32 | base64url)"},
 {"kty": "EC", "use": "enc", "kid": "$(id r)", "crv": "P-256", "d": "$(tail -c +8 "$der" | head -c 32 | base64url)",
  "x": "$(tail -c 64 "$der" | head -c 32 | base64url)", "y": "$(tail -c 32 "$der" | base64url)"}
]}
END
