"""State flows down: a widget renders an observable for as long as it lives, and no longer."""

from collections.abc import Callable
from inspect import ismethod
from typing import TypeVar
from weakref import WeakMethod, ref

from PySide6.QtCore import QObject
from shiboken6 import isValid

from ui.observable import Observable, Unsubscribe

T = TypeVar("T")


def bind(widget: QObject, observable: Observable[T], render: Callable[[T], None]) -> Unsubscribe:
    """Render the value now and after every change; unsubscribed when the widget is destroyed.

    A bound method is held weakly: the observable must not keep a widget alive that nobody shows any more.
    """
    method = WeakMethod(render) if ismethod(render) else None
    kept = None if method is not None else render
    alive = ref(widget)

    def deliver(value: T) -> None:
        target = kept if method is None else method()
        shown = alive()
        if target is None or shown is None or not isValid(shown):
            unsubscribe()
        else:
            target(value)

    unsubscribe = observable.subscribe(deliver)
    widget.destroyed.connect(unsubscribe)
    deliver(observable.value)
    return unsubscribe
