"""The floor below keeps the one observable; screens find it here too."""

from app.client.observable import Observable, Unsubscribe

__all__ = ["Observable", "Unsubscribe"]
