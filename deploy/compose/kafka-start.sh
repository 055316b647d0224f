#!/bin/bash
# Starts the broker: one KRaft node, SASL on every listener, and nothing allowed that no ACL allows.
# The image's own start cannot make a first SCRAM user, so storage is formatted here, once.
set -euo pipefail
umask 077
admin=$(< /run/secrets/kafka-admin)
controller=$(< /run/secrets/kafka-controller)
scram=org.apache.kafka.common.security.scram.ScramLoginModule
plain=org.apache.kafka.common.security.plain.PlainLoginModule
config=/tmp/server.properties

cat > "$config" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=INTERNAL://:9092,HOST://:9094,CONTROLLER://127.0.0.1:9093
advertised.listeners=INTERNAL://kafka:9092,HOST://127.0.0.1:${KAFKA_HOST_PORT}
listener.security.protocol.map=INTERNAL:SASL_PLAINTEXT,HOST:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
sasl.enabled.mechanisms=SCRAM-SHA-256
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
sasl.mechanism.controller.protocol=PLAIN
listener.name.internal.scram-sha-256.sasl.jaas.config=$scram required username="kumiai-admin" password="$admin";
listener.name.host.scram-sha-256.sasl.jaas.config=$scram required;
# The controller cannot read SCRAM users from the log that it has yet to load: one fixed principal instead.
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=$plain required username="kumiai-controller" password="$controller" user_kumiai-controller="$controller";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:kumiai-admin;User:kumiai-controller
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Larger than our own limit for notices, so that an oversize notice reaches us and gets a receipt of ours.
message.max.bytes=4194304
replica.fetch.max.bytes=4194304
# Every partition maps its indexes in advance: small ones make thousands of topics fit.
log.index.size.max.bytes=262144
log.segment.bytes=134217728
log.dirs=/var/lib/kafka/data/kumiai
EOF

if [ ! -e /var/lib/kafka/data/formatted ]; then
  rm -rf /var/lib/kafka/data/kumiai
  /opt/kafka/bin/kafka-storage.sh format --cluster-id "$(/opt/kafka/bin/kafka-storage.sh random-uuid)" --config "$config" \
    --add-scram "SCRAM-SHA-256=[name=kumiai-admin,password=$admin]"
  touch /var/lib/kafka/data/formatted
fi
exec /opt/kafka/bin/kafka-server-start.sh "$config"
