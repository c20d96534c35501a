"""Events of a widget for a function: what a widget does with the mouse and the keys, without a class of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import qt


class EventFilter(qt.QObject):
    """Passes events of a widget to a function, which returns True to end them there.

    Keep a reference: Qt does not.

    Args:
        widget: whose events are passed on.
        function: takes an event.
        kinds: of the events that are passed on, such as `qt.QEvent.Resize`; others may come when the widget is gone.
    """

    def __init__(self, widget: Any, function: Callable[[Any], bool], kinds: Iterable[int]) -> None:
        qt.QObject.__init__(self)
        self.function = function
        self.kinds = frozenset(int(kind) for kind in kinds)
        widget.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - as Qt names it
        """See QObject."""
        return int(event.type()) in self.kinds and bool(self.function(event))
