"""One frozen value that others may watch. Knows no Qt, so that view models can be tested without it."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

Unsubscribe = Callable[[], None]


class Observable(Generic[T]):
    """Holds one value; tells its subscribers when it was replaced by an unequal one.

    Subscribers are called in the order of subscription, on the caller's thread. A subscriber that sets the
    value again wins: the older value is not delivered to those who had not seen it yet.
    """

    __slots__ = ("_subscribers", "_value")

    def __init__(self, value: T) -> None:
        self._value = value
        self._subscribers: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        return self._value

    def set(self, value: T) -> None:
        """Replace the value; equal values are not news."""
        if value is self._value or value == self._value:
            return
        self._value = value
        for subscriber in tuple(self._subscribers):
            if self._value is not value:
                return
            if subscriber in self._subscribers:
                subscriber(value)

    def subscribe(self, subscriber: Callable[[T], None]) -> Unsubscribe:
        """Call `subscriber` on every later change. The answer ends the subscription; calling it twice is
        harmless.
        """
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe
