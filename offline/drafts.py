"""Half-typed values: back when their author is, unreadable for everybody else (ruling B25).

What `ui` is given answers at once from memory. A text is closed with its author's key as it is typed, so that a lock in
the next moment loses nothing; `run` writes it down within a second.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.client.personal_box import PersonalBox
from app.client.ports import Signatory
from app.client.vault import RandomBytes
from app.domain.identity import UserId
from offline.database import Database, StorageFailed

_WRITE_EVERY: Final = 1.0


class Drafts:
    """Texts of the signed-in person, by a key of the screen's choice. Nobody's while nobody is, or while locked."""

    def __init__(
        self,
        *,
        database: Database,
        signer: Callable[[], Signatory | None],
        random_bytes: RandomBytes,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._signer = signer
        self._random_bytes = random_bytes
        self._clock = clock
        self._author: UserId | None = None
        self._box: PersonalBox | None = None
        self._texts: dict[str, str] = {}
        self._unwritten: dict[tuple[UserId, str], bytes | None] = {}

    def get(self, key: str) -> str | None:
        """What the signed-in person had typed, or None."""
        return self._texts.get(key)

    def put(self, key: str, text: str) -> None:
        """Keep it. Empty text is the same as `forget`; nothing is kept while nobody is signed in."""
        if not text:
            self.forget(key)
        elif self._author is not None and self._box is not None:
            self._texts[key] = text
            self._unwritten[self._author, key] = self._box.close(text, place=key)

    def forget(self, key: str) -> None:
        """The value was saved, or is no longer wanted by its author."""
        if self._author is not None and self._texts.pop(key, None) is not None:
            self._unwritten[self._author, key] = None

    async def open_for_signed_in(self) -> None:
        """After an unlock: bring back what this person had typed."""
        self.shut()
        signer = self._signer()
        if signer is None:
            return
        await self.write()
        author, box = signer.user_id, PersonalBox(signer.sign, self._random_bytes)
        rows = await self._database.reader.run(
            lambda c: c.exec_driver_sql(
                "SELECT place, sealed FROM drafts WHERE author = ?", (author.bytes,)
            ).all()
        )
        texts = ((place, box.open(bytes(sealed), place=place)) for place, sealed in rows)
        self._texts = {place: text for place, text in texts if text}
        self._author, self._box = author, box

    def shut(self) -> None:
        """At lock, switch and sign-out: nothing readable is left in memory."""
        self._author, self._box = None, None
        self._texts = {}

    async def write(self) -> None:
        """Put down what was typed since the last time."""
        unwritten, self._unwritten = self._unwritten, {}
        if not unwritten:
            return
        now = self._clock().isoformat()

        def keep(connection: Connection) -> None:
            for (author, key), sealed in unwritten.items():
                if sealed is None:
                    connection.exec_driver_sql(
                        "DELETE FROM drafts WHERE author = ? AND place = ?", (author.bytes, key)
                    )
                else:
                    connection.exec_driver_sql(
                        "INSERT OR REPLACE INTO drafts (author, place, sealed, kept_at) VALUES (?, ?, ?, ?)",
                        (author.bytes, key, sealed, now),
                    )

        try:
            await self._database.writer.run(keep)
        except StorageFailed:
            self._unwritten = {**unwritten, **self._unwritten}
            raise

    async def run(self) -> None:
        """Write every second, until cancelled."""
        while True:
            await asyncio.sleep(_WRITE_EVERY)
            try:
                await self.write()
            except StorageFailed:
                continue  # the writer has said so in the log; the next second tries again
