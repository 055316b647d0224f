"""The ground the Kumiai services stand on: stream log, relay, reader, intake, tenancy, telemetry."""
