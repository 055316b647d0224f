"""The local stack: Kafka, PostgreSQL and the services on one machine."""
