"""Half-typed values: back when their author is, unreadable for everybody else (ruling B25)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from app.client.personal_box import PersonalBox
from app.client.ports import Signatory
from offline.database import Database


class Drafts:
    """`box` and `signer` are the signed-in person's, None while nobody is or the station is locked."""

    def __init__(
        self,
        *,
        database: Database,
        signer: Callable[[], Signatory | None],
        box: Callable[[], PersonalBox | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._signer = signer
        self._box = box
        self._clock = clock

    async def keep(self, place: str, text: str) -> None:
        """Keep what stands at `place` now; an empty text is no draft. Nothing is kept while nobody is signed in."""
        signer, box = self._signer(), self._box()
        if signer is None or box is None:
            return
        if not text:
            await self.drop(place)
            return
        row = (signer.user_id.bytes, place, box.close(text, place=place), self._clock().isoformat())
        await self._database.writer.run(
            lambda c: c.exec_driver_sql(
                "INSERT OR REPLACE INTO drafts (author, place, sealed, kept_at) VALUES (?, ?, ?, ?)", row
            ).close()
        )

    async def kept(self, place: str) -> str:
        """What the signed-in person had typed at `place`, empty where nothing."""
        signer, box = self._signer(), self._box()
        if signer is None or box is None:
            return ""
        author = signer.user_id.bytes

        def read(connection: Connection) -> bytes | None:
            sealed: bytes | None = connection.exec_driver_sql(
                "SELECT sealed FROM drafts WHERE author = ? AND place = ?", (author, place)
            ).scalar()
            return sealed

        sealed = await self._database.reader.run(read)
        return "" if sealed is None else box.open(bytes(sealed), place=place) or ""

    async def drop(self, place: str) -> None:
        """The value was saved, or is no longer wanted by its author."""
        signer = self._signer()
        if signer is None:
            return
        author = signer.user_id.bytes
        await self._database.writer.run(
            lambda c: c.exec_driver_sql(
                "DELETE FROM drafts WHERE author = ? AND place = ?", (author, place)
            ).close()
        )
