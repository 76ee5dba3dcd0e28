"""Every URL of the API, once: routers and gateway read them here."""

from typing import Final

API: Final = "/api/v1"

HEALTH: Final = "/health"
READY: Final = "/health/ready"

LOGIN: Final = "/auth/login"
LOGOUT: Final = "/auth/logout"
REFRESH: Final = "/auth/refresh"
ME: Final = "/auth/me"
VERIFY_TOKEN: Final = "/auth/verify-token"
JWKS: Final = "/auth/jwks"
KEYS: Final = "/auth/keys"
STATION_TOKEN: Final = "/auth/station-token"
RESET_PASSWORD: Final = "/auth/reset-password"

WORKSTATIONS: Final = f"{API}/workstations"
WORKSTATION_CODES: Final = f"{WORKSTATIONS}/codes"
WORKSTATION_REVOKE: Final = f"{WORKSTATIONS}/{{station_id}}/revoke"
PEOPLE: Final = f"{API}/people"
PERSON_ROLE: Final = f"{PEOPLE}/{{user_id}}/role"
PERSON_DEACTIVATE: Final = f"{PEOPLE}/{{user_id}}/deactivate"
PERSON_RESET: Final = f"{PEOPLE}/{{user_id}}/reset"
PLANTS: Final = f"{API}/plants"
MASTERS: Final = f"{API}/masters"

BATCHES: Final = f"{API}/batches"
BATCH: Final = f"{API}/batches/{{batch_id}}"
BATCH_STAGES: Final = f"{BATCH}/stages"
BATCH_METRICS: Final = f"{BATCH}/metrics"
BATCH_COMPLETE: Final = f"{BATCH}/complete"
BATCH_RECORD: Final = f"{BATCH}/record"
BATCH_HISTORY: Final = f"{BATCH}/history"
BATCH_PDF: Final = f"{BATCH}/pdf"
BATCH_EVIDENCE: Final = f"{BATCH}/evidence"

DEVIATIONS: Final = f"{API}/deviations"
DEVIATION: Final = f"{API}/deviations/{{deviation_id}}"
DEVIATION_INVESTIGATE: Final = f"{DEVIATION}/investigate"
DEVIATION_CLOSE: Final = f"{DEVIATION}/close"

SYNC_COMMANDS: Final = f"{API}/sync/commands"
SYNC_FEED: Final = f"{API}/sync/feed"
SYNC_SNAPSHOT: Final = f"{API}/sync/snapshot"
SYNC_LIVE: Final = f"{API}/sync/live"
SYNC_HEADS: Final = f"{API}/sync/heads"
