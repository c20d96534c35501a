"""Parts that slice synthesis can be trained without, to measure their effect (Fang et al. 2022, Table 3)."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from temporal_interp.slices.settings import SliceNetworkSettings, SliceTrainingSettings


class Part(StrEnum):
    """A part of the training or of the slice network that can be left out; in-plane learning is ours."""

    DISTILLATION = "distillation"
    CORONAL_DISTILLATION = "coronal-distillation"
    SAGITTAL_DISTILLATION = "sagittal-distillation"
    WAVELETS = "wavelets"
    MEMORY = "memory"
    IN_PLANE = "in-plane"


_WEIGHTS = {
    Part.DISTILLATION: ("coronal_distillation", "sagittal_distillation"),
    Part.CORONAL_DISTILLATION: ("coronal_distillation",),
    Part.SAGITTAL_DISTILLATION: ("sagittal_distillation",),
    Part.WAVELETS: ("wavelets",),
    Part.MEMORY: ("memory",),
    Part.IN_PLANE: ("in_plane",),
}
"""Settings of the training that are zero without a part."""


def training_without(part: Part | None, settings: SliceTrainingSettings) -> SliceTrainingSettings:
    """Return the settings with the weight of a part, if any, at zero."""
    weights: dict[str, Any] = {} if part is None else dict.fromkeys(_WEIGHTS[part], 0.0)
    return replace(settings, **weights)


def slice_network_without(part: Part | None) -> SliceNetworkSettings:
    """Return the default slice network, without its memory bank if that is the part."""
    return SliceNetworkSettings(memory_items=0) if part is Part.MEMORY else SliceNetworkSettings()
