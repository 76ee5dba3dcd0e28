"""The server's own Ed25519 key: it signs checkpoints, and seals the commands that come by the REST API.

The private half lies in a file of 0600 outside the database, so that whoever steals a dump, or reads every table
through the API's role, cannot sign the journal's past. Only public halves are in `kernel.server_keys`: after a restore
on another machine a new key begins, and what the old one signed is still checked by its public half.
"""

import os
import secrets
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.identity import KeyId, derived
from app.server.kernel.database import Transaction

_NAMESPACE: Final = UUID("2f2f9f0e-7c55-5d0c-9b7e-0b5d6d2f4c11")


class ServerKey:
    """The key in memory. Its id follows from its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = private.public_key().public_bytes_raw()
        self.key_id = KeyId(derived(_NAMESPACE, self.public_key.hex()))

    @classmethod
    def fresh(cls) -> "ServerKey":
        """A new key that is kept nowhere."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def of_file(cls, file: Path) -> "ServerKey":
        """The key that lies in `file`; made there, for its owner's eyes alone, when there is none.

        Raises OSError when the file can be neither read nor made, ValueError when it holds no key.
        """
        try:
            return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read_text("ascii").strip())))
        except FileNotFoundError:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate()
        fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(made.private_bytes_raw().hex() + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(fresh, file)  # unlike a rename, loses to another process that was first
        except FileExistsError:
            return cls.of_file(file)
        finally:
            fresh.unlink()
        return cls(made)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of signature."""
        return self._private.sign(message)

    async def register(self, tx: Transaction) -> None:
        """Put the public half where `verify` finds it."""
        await tx.execute(
            "INSERT INTO kernel.server_keys (key_id, public_key) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING",
            self.key_id,
            self.public_key.hex(),
        )
