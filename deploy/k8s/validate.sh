#!/bin/bash
# Builds the base and every overlay, and lets `kubeconform -strict` check them against the schemas of the very versions
# they are written for. Programs and schemas come through package managers alone, into .local/kubeconform:
# Kubernetes' OpenAPI document and CloudNativePG's definitions from their Go modules, Strimzi's from the generator and the
# API classes that Strimzi publishes for Maven.
set -euo pipefail
cd "$(dirname "$0")"
KUBECONFORM=v0.8.0 KUSTOMIZE=v5.7.1 KUBERNETES=v1.34.1 CLOUDNATIVE_PG=v1.30.0
work=$(cd ../.. && pwd)/.local/kubeconform
ready=$work/ready-$KUBECONFORM-$KUSTOMIZE-$KUBERNETES-$CLOUDNATIVE_PG-$(cat schemas/* | sha256sum | cut -c1-12)

need() { command -v "$1" >/dev/null || { echo "install $2" >&2; exit 1; }; }

java_21() { # Strimzi's generator is compiled for Java 21
  local java
  for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} java /usr/lib/jvm/*/bin/java; do
    if [ "$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')" -ge 21 ] 2>/dev/null; then
      echo "$java"
      return
    fi
  done
  echo "install Java 21 or later, or set JAVA_HOME to it" >&2
  exit 1
}

module() { # path version: the folder of a Go module in the cache
  go mod download -json "$1@$2" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p'
}

prepare() {
  need go "Go 1.24 or later"
  need mvn Maven
  need python3 "Python 3.11 or later"
  local java kubernetes postgres
  java=$(java_21)
  rm -rf "$work"
  mkdir -p "$work/crds"
  GOBIN=$work/bin go install "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM"
  GOBIN=$work/bin go install "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE"
  kubernetes=$(module k8s.io/kubernetes "$KUBERNETES")
  postgres=$(module github.com/cloudnative-pg/cloudnative-pg "$CLOUDNATIVE_PG")
  mvn -q -B -f schemas/pom.xml dependency:copy-dependencies -DoutputDirectory="$work/strimzi"
  for class in kafka.Kafka user.KafkaUser nodepool.KafkaNodePool; do
    "$java" -cp "$work/strimzi/*" io.strimzi.crdgenerator.CrdGenerator --yaml \
      "io.strimzi.api.kafka.model.$class=$work/crds/${class#*.}.yaml"
  done
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r schemas/requirements.txt
  "$work/venv/bin/python" schemas/convert.py "$work/schemas" "$kubernetes/api/openapi-spec/swagger.json" \
    "$work"/crds/*.yaml "$postgres"/config/crd/bases/*.yaml
  touch "$ready"
}

[ -e "$ready" ] || prepare
for folder in base overlays/*; do
  echo "$folder:"
  "$work/bin/kustomize" build "$folder" \
    | "$work/bin/kubeconform" -strict -summary -schema-location "$work/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json"
done
