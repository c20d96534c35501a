"""How a contour lies to the heart; apart from what computes, so that a command line can name it at once."""

from __future__ import annotations

from enum import StrEnum


class ContourView(StrEnum):
    """How the contour lies to the heart, which names the strains along and across it."""

    SHORT_AXIS = "short-axis"
    LONG_AXIS = "long-axis"

    @property
    def tangential_name(self) -> str:
        """What the strain along the contour is called."""
        return "circumferential" if self is ContourView.SHORT_AXIS else "longitudinal"
