#!/bin/sh
# usage: make-secrets.sh OPERATOR.pub.pem
# Makes the secrets that the base refers to, in the namespace `kumiai` of the current kubectl context, once: what exists
# is kept, nothing is printed, and nothing is left on this machine. Strimzi and CloudNativePG make their own
# (the administrator's password at the broker, the certificates).
# The first operator makes the key pair himself and hands over the public half:
#   openssl genpkey -algorithm ed25519 -out operator.pem && openssl pkey -in operator.pem -pubout -out operator.pub.pem
set -eu
for program in kubectl openssl; do
  command -v "$program" >/dev/null || { echo "install $program" >&2; exit 1; }
done
[ -r "${1:-}" ] || { echo "usage: make-secrets.sh OPERATOR.pub.pem" >&2; exit 2; }
operator=$1
umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
namespace=kumiai

missing() { ! kubectl -n "$namespace" get "$1" "$2" >/dev/null 2>&1; }

random() { openssl rand -hex 32 | tr -d '\n' > "$scratch/$1"; }

kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace"
for service in membership resident-registry taxation national-id-linkage; do
  database=kumiai_$(echo "$service" | tr - _)
  if missing secret "kafka-svc-$service"; then
    random password
    kubectl -n "$namespace" create secret generic "kafka-svc-$service" --from-file=password="$scratch/password"
  fi
  for role in owner app; do
    name=postgres-$(echo "${database}_$role" | tr _ -)
    if missing secret "$name"; then
      random password
      printf '%s_%s' "$database" "$role" > "$scratch/username"
      kubectl -n "$namespace" create secret generic "$name" --type=kubernetes.io/basic-auth \
        --from-file=username="$scratch/username" --from-file=password="$scratch/password"
      kubectl -n "$namespace" label secret "$name" cnpg.io/reload=true
    fi
  done
  if missing secret "signing-key-$service"; then
    openssl genpkey -algorithm ed25519 -out "$scratch/signing-key.pem"
    kubectl -n "$namespace" create secret generic "signing-key-$service" \
      --from-file=signing-key.pem="$scratch/signing-key.pem"
  fi
  kubectl -n "$namespace" get secret "signing-key-$service" -o jsonpath='{.data.signing-key\.pem}' | base64 -d \
    | openssl pkey -pubout -out "$scratch/$service.pub.pem"
done
if missing secret vault-keys; then
  "$(dirname "$0")/../setup/vault-keys.sh" "$scratch/vault-keys.json"
  kubectl -n "$namespace" create secret generic vault-keys --from-file=vault-keys.json="$scratch/vault-keys.json"
fi
# The codes that other institutions know people by follow from this key: it is never changed.
if missing secret linkage-code-key; then
  random linkage-code-key
  kubectl -n "$namespace" create secret generic linkage-code-key --from-file=key="$scratch/linkage-code-key"
fi
if missing configmap operator-keys; then
  kubectl -n "$namespace" create configmap operator-keys --from-file=operator.pub.pem="$operator"
fi
if missing configmap trusted-keys; then
  set --
  for key in "$scratch"/*.pub.pem; do set -- "$@" "--from-file=$key"; done
  kubectl -n "$namespace" create configmap trusted-keys "$@"
fi
