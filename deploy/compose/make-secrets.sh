#!/bin/sh
# Makes every password and key of docker-compose.yml into .local/compose-secrets, once; what exists is kept.
# The folder is closed to other users of this machine. The files in it are readable, because Compose mounts a file with
# its owner and mode as they are, and each container reads it with a user id of its own.
set -eu
command -v openssl >/dev/null || { echo "install openssl" >&2; exit 1; }
cd "$(dirname "$0")/../.."
umask 077
folder=.local/compose-secrets
mkdir -p "$folder"
chmod 700 "$folder"

password() { # name: 256 random bits, in letters and digits only
  [ -s "$folder/$1" ] || openssl rand -hex 32 | tr -d '\n' > "$folder/$1"
  chmod 444 "$folder/$1"
}

signing_key() { # name: an Ed25519 pair, PKCS 8 and SubjectPublicKeyInfo
  [ -s "$folder/$1.pem" ] || openssl genpkey -algorithm ed25519 -out "$folder/$1.pem"
  openssl pkey -in "$folder/$1.pem" -pubout -out "$folder/$1.pub.pem"
  chmod 444 "$folder/$1.pem" "$folder/$1.pub.pem"
}

# The first operator's: `kumiai` on this machine uses the private half (KUMIAI_OPERATOR_KEY_FILE), no container sees it.
signing_key operator
for name in kafka-admin kafka-controller postgres-superuser grafana-admin linkage-code-key; do password "$name"; done
for service in membership resident-registry taxation national-id-linkage; do
  database=kumiai_$(echo "$service" | tr - _)
  password "kafka-svc-$service"
  password "postgres-${database}_owner"
  password "postgres-${database}_app"
  signing_key "$service"
done
deploy/setup/vault-keys.sh "$folder/vault-keys.json"
chmod 444 "$folder/vault-keys.json"
echo "secrets are in $folder"
