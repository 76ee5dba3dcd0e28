"""The sync centre: what waits, what was refused and why, and whether the server's past is the one seen here."""
