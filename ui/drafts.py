"""What is typed and not saved yet: it outlives leaving the screen, the lock and, where the port is durable, a crash."""

from typing import Protocol

from app.client.observable import Observable


class Drafts(Protocol):
    """Half-typed texts of the person who is signed in. Another person never sees them.

    `put` answers at once; writing it down follows within two seconds. Empty text is the same as `forget`.
    """

    def get(self, key: str) -> str | None: ...
    def put(self, key: str, text: str) -> None: ...
    def forget(self, key: str) -> None: ...


class MemoryDrafts:
    """Drafts of one person in memory: survive the screen and the lock, not the process."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self.count = Observable(0)

    def get(self, key: str) -> str | None:
        return self._texts.get(key)

    def put(self, key: str, text: str) -> None:
        if not text:
            self.forget(key)
            return
        self._texts[key] = text
        self.count.set(len(self._texts))

    def forget(self, key: str) -> None:
        self._texts.pop(key, None)
        self.count.set(len(self._texts))
