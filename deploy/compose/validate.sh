#!/bin/sh
# Reads docker-compose.yml as Compose does: with the Compose plugin if there is one, otherwise with the library that
# Compose itself reads its files with (a Go module). No daemon is needed.
set -eu
cd "$(dirname "$0")/../.."
if docker compose version >/dev/null 2>&1; then
  docker compose config --quiet
else
  command -v go >/dev/null || { echo "install Docker's Compose plugin, or Go 1.24 or later" >&2; exit 1; }
  tools=$PWD/.local/compose-validate
  [ -x "$tools/cmd" ] || GOBIN=$tools go install github.com/compose-spec/compose-go/v2/cmd@v2.16.2
  "$tools/cmd" docker-compose.yml >/dev/null
fi
echo "docker-compose.yml: valid"
