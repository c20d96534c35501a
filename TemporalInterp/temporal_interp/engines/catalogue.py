"""The engines by name, for callers that let the user choose."""

from __future__ import annotations

from temporal_interp.engines.linear_blend import LinearBlend
from temporal_interp.engines.protocol import InterpolationEngine
from temporal_interp.errors import InvalidInputError
from temporal_interp.slice_gaps import slices_are_independent
from temporal_interp.volumes import Geometry

ENGINE_NAMES = ("student", "refined", "velocity_field", "linear_blend")
"""Names that `create_engine` knows."""

MODEL_ENGINES = ("student", "refined")
"""Those that need a trained model."""


def available_engine_names() -> tuple[str, ...]:
    """Return the engines that can be used on this machine: student and refined need a model."""
    from temporal_interp.weights.registry import Registry

    return (
        ENGINE_NAMES
        if Registry().default() is not None
        else tuple(name for name in ENGINE_NAMES if name not in MODEL_ENGINES)
    )


def default_engine_name(geometry: Geometry, slice_thickness: float | None) -> str:
    """Return the engine to use where none is chosen.

    The student is where it sees all there is to see: slices that have nothing to do with their neighbours, or any
    stack if it has learnt to look at neighbours. Else it is refined, which follows tissue from slice to slice. Without
    a model the velocity field does that.

    Args:
        geometry: of the volumes.
        slice_thickness: see `VolumeSequence`.
    """
    from temporal_interp.weights.registry import Registry

    model = Registry().default()
    if model is None:
        return "velocity_field"
    return "student" if model.sees_neighbours or slices_are_independent(geometry, slice_thickness) else "refined"


def create_engine(name: str, *, device: str = "cpu") -> InterpolationEngine:
    """Return the engine of that name with its default settings.

    Args:
        name: one of ENGINE_NAMES; "student:MODEL" and "refined:MODEL" take a registered model or a model file.
        device: "cpu", "cuda", "cuda:1" or "mps"; where the engine computes.

    Raises:
        InvalidInputError: there is no engine of that name, or its model cannot be used.
    """
    kind, _, model = name.partition(":")
    if kind in MODEL_ENGINES:
        from temporal_interp.engines.refined import RefinedEngine
        from temporal_interp.engines.student import StudentEngine

        student = StudentEngine.from_model(model or None, device=device)
        return student if kind == "student" else RefinedEngine(student)
    if name == "linear_blend":
        return LinearBlend()
    if name == "velocity_field":
        from temporal_interp.engines.velocity_field import VelocityFieldEngine

        return VelocityFieldEngine(device=device)
    raise InvalidInputError(f"There is no engine '{name}'; choose one of {', '.join(ENGINE_NAMES)}.")
