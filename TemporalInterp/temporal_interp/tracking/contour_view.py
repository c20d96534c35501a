"""The view that a contour is drawn in; a module of its own, so that the command line loads it quickly."""

from __future__ import annotations

from enum import StrEnum


class ContourView(StrEnum):
    """The view that a contour is drawn in, which names the strains along and across it."""

    SHORT_AXIS = "short-axis"
    LONG_AXIS = "long-axis"

    @property
    def tangential_name(self) -> str:
        """Name of the strain along the contour."""
        return "circumferential" if self is ContourView.SHORT_AXIS else "longitudinal"
