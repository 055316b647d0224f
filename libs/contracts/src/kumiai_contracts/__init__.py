"""Events, notices and receipts of the Kumiai federation: all an integrator installs.

The package depends on pydantic alone. It knows nothing of Kafka or PostgreSQL: it says what the bytes mean.
"""
