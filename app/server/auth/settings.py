"""What a site decides about signing in. The defaults are those of `security.md`'s sources."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """`issuer` and `audience` name this server in its tokens; all processes of one plant share them and the keys."""

    keys_file: Path
    issuer: str = "batchwright"
    audience: str = "batchwright-api"
    access_life: timedelta = timedelta(
        minutes=15
    )  # ASVS 9.2.1; the specification's 30 days are the refresh token's
    session_life: timedelta = timedelta(days=30)  # absolute, however often it was refreshed (ASVS 10.4.8)
    lost_answer_grace: timedelta = timedelta(seconds=45)  # Zitadel #9631: without it, Wi-Fi signs people out
    code_life: timedelta = timedelta(minutes=15)  # one-time codes (ASVS 6.4.3)
    first_code_life: timedelta = timedelta(
        hours=24
    )  # a new colleague's first password; opens nothing before it
