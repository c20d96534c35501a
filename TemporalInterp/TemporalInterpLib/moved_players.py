"""Which player has moved: the user who touches one wants to see what it plays."""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk

from TemporalInterpLib.scene_transaction import nodes_of

Browser = slicer.vtkMRMLSequenceBrowserNode


class MovedPlayers:
    """Hears when a sequence browser selects another item, starts or stops.

    Args:
        on_move: called with a browser that has selected another item.
        on_play: called with a browser that has started or stopped playing.
    """

    def __init__(self, on_move: Callable[[Browser], None], on_play: Callable[[Browser], None]) -> None:
        self._on_move, self._on_play = on_move, on_play
        self._tags: dict[Browser, int] = {}
        self._known: dict[Browser, tuple[str, bool]] = {}

    def follow(self, scene: slicer.vtkMRMLScene) -> None:
        """Observe the browsers that there are; call it again when nodes were added or removed."""
        browsers = set(nodes_of(scene, "vtkMRMLSequenceBrowserNode"))
        for browser in set(self._tags) - browsers:
            self._leave(browser)
        for browser in browsers - set(self._tags):
            self._known[browser] = _state_of(browser)
            self._tags[browser] = browser.AddObserver(vtk.vtkCommand.ModifiedEvent, self._hear)

    def release(self) -> None:
        """Observe nothing any more."""
        for browser in list(self._tags):
            self._leave(browser)

    def _leave(self, browser: Browser) -> None:
        browser.RemoveObserver(self._tags.pop(browser))
        del self._known[browser]

    def _hear(self, browser: Browser, _event: str) -> None:
        (value, playing), now = self._known[browser], _state_of(browser)
        self._known[browser] = now
        if now[0] != value and value and now[0]:  # not while it is filled
            self._on_move(browser)
        if now[1] != playing:
            self._on_play(browser)


def _state_of(browser: Browser) -> tuple[str, bool]:
    """Return the index value that a browser is at, which stays where items before it are removed; and if it plays."""
    master, number = browser.GetMasterSequenceNode(), browser.GetSelectedItemNumber()
    value = master.GetNthIndexValue(number) if master is not None and number >= 0 else ""
    return value, bool(browser.GetPlaybackActive())
