"""The engines by name, for callers that let the user choose."""

from __future__ import annotations

from temporal_interp.engines.linear_blend import LinearBlend
from temporal_interp.engines.protocol import InterpolationEngine
from temporal_interp.errors import InvalidInputError

ENGINE_NAMES = ("student", "refined", "velocity_field", "linear_blend")
"""Names that `create_engine` knows."""

DEFAULT_ENGINE = "velocity_field"
"""What is used where none is chosen: it needs no model, sees all there is in slices and in volumes, and a frame of a
prepared pair takes it the least time."""

EASED_ENGINE = "velocity_field:eased"
"""The default engine between two phases at which the motion turns."""

EASE = 0.5
"""Of that: the speed at both ends is half of the mean speed (our choice; real hearts are not quite at rest there)."""

MODEL_ENGINES = ("student", "refined")
"""Those that need a trained model."""


def available_engine_names() -> tuple[str, ...]:
    """Return the engines that can be used on this machine: student and refined need a model."""
    from temporal_interp.models.registry import Registry

    return (
        ENGINE_NAMES
        if Registry().default() is not None
        else tuple(name for name in ENGINE_NAMES if name not in MODEL_ENGINES)
    )


def create_engine(name: str, *, device: str = "cpu") -> InterpolationEngine:
    """Return the engine of that name with its default settings.

    Args:
        name: one of ENGINE_NAMES; "student:MODEL" and "refined:MODEL" take a registered model or a model file,
            "velocity_field:neural" fits a network in place of a grid, EASED_ENGINE moves slowly near both ends.
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
    if name in ("velocity_field", "velocity_field:neural", EASED_ENGINE):
        from temporal_interp.engines.velocity_field import VelocityFieldEngine
        from temporal_interp.registration.settings import VelocitySettings

        return VelocityFieldEngine(
            VelocitySettings.neural() if model == "neural" else None,
            ease=EASE if name == EASED_ENGINE else 0.0,
            device=device,
        )
    raise InvalidInputError(f"There is no engine '{name}'; choose one of {', '.join(ENGINE_NAMES)}.")
