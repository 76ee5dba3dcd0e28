"""The workstation's own memory: the encrypted cache, the outbox and the sync loop."""
