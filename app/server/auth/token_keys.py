"""The server's own keys for tokens: made at the first start, kept in a file that only its account reads.

The first key signs; all are published, so that a token outlives the key's turn. A file that others can read is
refused: whoever read it could be anybody.
"""

import json
import os
import secrets
import stat
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VERSION: Final = 1
KEY_BYTES: Final = 32
ALGORITHM: Final = "EdDSA"


class TokenKeysFailed(RuntimeError):
    """The key file cannot be used; the message says why and what to do, in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKeys:
    """The key that signs, all keys that verify, by their RFC 7638 thumbprint, and the secret of refresh tokens."""

    kid: str
    private: Ed25519PrivateKey = field(repr=False)
    public: Mapping[str, Ed25519PublicKey]
    refresh_secret: bytes = field(repr=False)

    def successor(self, refresh_token: str) -> str:
        """The token that follows `refresh_token`. Only this server can tell, and it tells the same twice.

        So a client whose answer was lost gets the same successor again, and no token lies anywhere in the clear.
        """
        mac = digest(self.refresh_secret, b"refresh-successor-1" + refresh_token.encode(), "sha256")
        return _base64(mac)

    @property
    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JWK set (RFC 7517, RFC 8037)."""
        return {
            "keys": [
                {**_jwk(key), "kid": kid, "use": "sig", "alg": ALGORITHM} for kid, key in self.public.items()
            ]
        }


def open_token_keys(file: Path, random_bytes: Callable[[int], bytes]) -> TokenKeys:
    """The keys in `file`, made there when it does not exist yet. Raises TokenKeysFailed."""
    try:
        if not file.exists():
            _make(file, random_bytes)
        mode = stat.S_IMODE(file.stat().st_mode)
        if os.name == "posix" and mode & 0o077:
            raise TokenKeysFailed(f"Others can read the key file {file}: set its mode to 0600.")
        return _parsed(json.loads(file.read_text(encoding="utf-8")))
    except OSError as cause:
        raise TokenKeysFailed(f"The key file {file} cannot be used: {cause.strerror}.") from cause
    except (ValueError, KeyError, TypeError) as cause:
        raise TokenKeysFailed(
            f"The key file {file} is damaged: put it back from a copy, or remove it and have everybody sign in again."
        ) from cause


def _make(file: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Write a fresh file whole or not at all; when two processes start at once, the first one's stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {
        "version": VERSION,
        "signing": [random_bytes(KEY_BYTES).hex()],
        "refresh": random_bytes(KEY_BYTES).hex(),
    }
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            json.dump(content, written)
            written.flush()
            os.fsync(written.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
    finally:
        fresh.unlink(missing_ok=True)


def _parsed(content: Any) -> TokenKeys:
    if content["version"] != VERSION:
        raise ValueError("another version")
    privates = [Ed25519PrivateKey.from_private_bytes(bytes.fromhex(each)) for each in content["signing"]]
    refresh_secret = bytes.fromhex(content["refresh"])
    if not privates or len(refresh_secret) != KEY_BYTES:
        raise ValueError("no key")
    publics = {thumbprint(each.public_key()): each.public_key() for each in privates}
    return TokenKeys(
        kid=thumbprint(privates[0].public_key()),
        private=privates[0],
        public=MappingProxyType(publics),
        refresh_secret=refresh_secret,
    )


def thumbprint(key: Ed25519PublicKey) -> str:
    """The name of a key that follows from the key itself (RFC 7638)."""
    canonical = json.dumps(_jwk(key), sort_keys=True, separators=(",", ":"))
    return _base64(sha256(canonical.encode()).digest())


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64(key.public_bytes_raw())}


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
