"""The methods of the registration table by name: each finds a resampling field between two volumes on one grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError, Progress
from temporal_interp.evaluation import pairwise_syn
from temporal_interp.evaluation.pairwise_catalogue import DEMONS, SYN_SETTINGS
from temporal_interp.evaluation.pairwise_methods import PairRegistration, register_parts
from temporal_interp.registration.register import default_settings, register
from temporal_interp.registration.settings import GridField, NetworkField, VelocitySettings

FindField = Callable[[Volume, Volume, Progress], np.ndarray]
"""Takes a fixed and a moving volume on one grid; returns (K, J, I, 3) in LPS mm: fixed(x) ~ moving(x + field(x))."""

START = "start"
"""Moves nothing: what the images are like at the start of all methods, after the affine transform if there is one."""

OURS = ("velocity_grid", "neural", "nevf", "nevf_voxels")
"""The velocity field of `register` on a grid and as a network; NeVF with the settings of the paper; and the same with a
vector for every voxel in place of its network, which its Section 3.5 compares."""

SYN = {**SYN_SETTINGS, "syn_nevf": {"type_of_transform": "SyNOnly", "reg_iterations": (160, 120, 80)}}
"""Also with the iterations of NeVF's Table 1; the affine stage is our own start."""

METHOD_NAMES = (START, *DEMONS, *SYN, *OURS)
INTEGRATE_FIRST = "order=integrate-first"


def registration_method(name: str, *, device: str = "cpu") -> FindField:
    """Return the method of a name.

    Args:
        name: one of METHOD_NAMES. Ours take options after a colon each: `stride=N` (voxels between the points of the
            velocity), `iterations=N`, and `order=integrate-first` (the displacement is upsampled, not the velocity), as
            in "nevf:stride=4:iterations=80".
        device: where ours compute; the others run only on the CPU.

    Raises:
        InvalidInputError: there is no such method or option.
        MissingPackageError: it needs a package that is not installed.
    """
    base, *options = name.split(":")
    if base not in METHOD_NAMES:
        raise InvalidInputError(f"There is no registration '{base}'; choose among {', '.join(METHOD_NAMES)}.")
    if base in OURS:
        return _ours(name, base, options, device)
    if options:
        raise InvalidInputError(f"'{name}': {base} takes no options.")
    if base == START:
        return lambda fixed, moving, progress: np.zeros((*fixed.geometry.shape, 3), np.float32)
    return _of_others(DEMONS[base] if base in DEMONS else pairwise_syn.syn(SYN[base]))


def _of_others(method: PairRegistration) -> FindField:
    def find(fixed: Volume, moving: Volume, progress: Progress) -> np.ndarray:
        there, here = (IntensityRange.of_contrast([volume]).normalise(volume.array) for volume in (fixed, moving))

        def register_pair(*images: Any) -> list[np.ndarray]:
            return [method(*images)]

        (field,) = register_parts(register_pair, there, here, fixed.geometry, independent=False, progress=progress)
        return field

    return find


def _ours(name: str, base: str, options: list[str], device: str) -> FindField:
    settings = _settings(base)
    for option in options:
        settings = _changed(name, settings, option)

    def find(fixed: Volume, moving: Volume, progress: Progress) -> np.ndarray:
        return register(fixed, moving, settings=settings, device=device, progress=progress).displacement.array

    return find


def _settings(base: str) -> VelocitySettings:
    if base == "velocity_grid":
        return default_settings(independent=False)
    if base == "neural":
        return VelocitySettings.neural()
    if base == "nevf":
        return VelocitySettings.paper()
    # our choice of the rate: the paper's, 1e-4, is one of a network's weights, not of voxels
    return replace(VelocitySettings.paper(), field=GridField(stride=1.0, spread=0.0, starts=1), learning_rate=0.01)


def _changed(name: str, settings: VelocitySettings, option: str) -> VelocitySettings:
    """Return settings with one option of the name."""
    key, _, value = option.partition("=")
    field = settings.field
    if option == INTEGRATE_FIRST and isinstance(field, NetworkField):
        return replace(settings, field=replace(field, upsampled=False))
    try:
        if key == "stride":
            return replace(settings, field=replace(field, stride=float(value)))
        if key == "iterations":
            return replace(settings, iterations=(int(value),) * len(settings.levels))
    except ValueError as error:
        raise InvalidInputError(f"'{name}': {key} must be a number, got '{value}'.") from error
    raise InvalidInputError(
        f"'{name}' has no option '{option}'; there are stride=N, iterations=N and, with a network, {INTEGRATE_FIRST}."
    )
