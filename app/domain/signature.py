"""Electronic signatures: who, when and with which meaning (21 CFR 11.50), bound to what was shown (11.70)."""

from datetime import datetime
from enum import StrEnum

from app.domain.identity import CommandId, StationId, UserId
from app.domain.permissions import Role
from app.domain.record import record


class Meaning(StrEnum):
    """What a signature says, in the words printed beside it (11.50(a)(3))."""

    ISSUED = "Issued for execution"
    PERFORMED = "Performed"
    VERIFIED = "Verified"
    ASSESSED = "Assessed"
    REVIEWED_PRODUCTION = "Reviewed for production"
    REVIEWED_QUALITY = "Reviewed for quality"
    RETURNED = "Returned for correction"
    RELEASED = "Certified and released"
    REJECTED = "Rejected"
    HELD = "Placed on hold"
    LIFTED = "Hold lifted"
    ABORTED = "Aborted"
    INVESTIGATED = "Investigated"
    CLASSIFIED = "Classified"
    CLOSED = "Closed"
    CANCELLED = "Cancelled"
    REOPENED = "Reopened"
    CHOSEN = "Chosen between contested entries"
    PREPARED = "Prepared"
    APPROVED = "Approved"


@record
class Signature:
    """One signature as printed. `command_id` leads to the sealed command that proves it.

    `manifest` is the SHA-256 (hex) of what was shown and signed; see `review.manifest_of`. Empty where the
    command itself is the whole of what was signed.
    """

    signer_id: UserId
    printed_name: str
    role: Role
    meaning: Meaning
    signed_at: datetime
    command_id: CommandId
    station_id: StationId | None
    manifest: str = ""
