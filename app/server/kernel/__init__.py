"""What every server module stands on: database, journal, security, idempotency and refusals."""
