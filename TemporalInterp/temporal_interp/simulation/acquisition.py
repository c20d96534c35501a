"""The effects of a scanner on the picture of a moving body: thick slices, blur, coil shading, shifted slices, noise.

The acquisition is apart from the body, so that one motion can be seen clean or as a patient's scan would show it. All
randomness comes from an explicit seed: coil shading and slice shifts belong to the scan and are the same in every
frame; the noise is new in every frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.ndimage import gaussian_filter

from temporal_interp.data.geometry import Geometry
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.motion import slab_points
from temporal_interp.simulation.texture import Texture

if TYPE_CHECKING:
    import torch

Render = Callable[[np.ndarray], np.ndarray]
"""Returns the brightness (...) at spatial points (..., 3), LPS mm."""

Picture = TypeVar("Picture", np.ndarray, "torch.Tensor")

PROFILE_STEP_MM = 1.0
"""Largest distance between the samples over the thickness of a slice."""

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
BIAS_WAVELENGTHS_MM = (250.0, 500.0)

# the streams of random numbers drawn from one seed
_BIAS, _SHIFT, _NOISE = range(3)


@dataclass(frozen=True)
class Acquisition:
    """How a frame is acquired; the default is a perfect camera that samples the picture at the voxel centres.

    Attributes:
        slice_thickness_mm: width of the box-shaped slice profile along K; 0 samples the middle of the slice.
        resolution_mm: full width at half maximum of a Gaussian blur in the plane of the slice; 0 does not blur.
        snr: brightness of the blood in the left ventricle over the standard deviation of the noise in each of the two
            channels whose magnitude is taken (Rician noise); infinity adds no noise.
        bias: the smooth factor of the coil lies between 1 - bias and 1 + bias.
        slice_shift_mm: standard deviation of a shift of each slice in its plane, along I and along J. The shift is the
            same in all frames, as from one breath-hold to the next: a stress case.
        inflow: share by which fresh blood brightens in mid-systole, so that brightness is not kept along the motion.

    Raises:
        InvalidInputError: a parameter is out of range; the message says which.
    """

    slice_thickness_mm: float = 0.0
    resolution_mm: float = 0.0
    snr: float = math.inf
    bias: float = 0.0
    slice_shift_mm: float = 0.0
    inflow: float = 0.0

    def __post_init__(self) -> None:
        for name in ("slice_thickness_mm", "resolution_mm", "slice_shift_mm"):
            self._require(name, 0 <= getattr(self, name) < math.inf, "a finite number of mm, 0 or more")
        self._require("snr", self.snr > 0, "a positive number")
        self._require("bias", 0 <= self.bias < 1, "from 0 to below 1")
        self._require("inflow", -1 < self.inflow <= 1, "above -1 and at most 1")

    def _require(self, parameter: str, valid: bool, what: str) -> None:
        if not valid:
            raise InvalidInputError(f"Acquisition's {parameter} must be {what}, got {getattr(self, parameter)}.")

    def blood_gain(self, share_of_systole: float) -> float:
        """Return the factor on the brightness of blood at a share of systole; after systole (above 1) it is 1."""
        return 1.0 + self.inflow * math.sin(math.pi * min(share_of_systole, 1.0)) ** 2


CLINICAL = Acquisition(slice_thickness_mm=8.0, resolution_mm=1.8, snr=35.0, bias=0.25, inflow=0.08)
"""An ordinary short-axis cine at 1.5 T."""


def slice_profile(samples: int) -> np.ndarray:
    """Return where a thick slice is sampled, (samples,), in shares of its thickness from its middle: a box profile.

    >>> slice_profile(4)
    array([-0.375, -0.125,  0.125,  0.375])
    """
    return (np.arange(samples) + 0.5) / samples - 0.5


def rician(picture: Picture, noise: Picture) -> Picture:
    """Return the magnitude of a picture with noise in both of its channels; arrays and tensors alike.

    Source: Gudbjartsson and Patz, Magnetic Resonance in Medicine 34(6), 1995.

    Args:
        picture: (...), the signal, all of it in the first channel.
        noise: (2, ...), of the first and of the second channel.
    """
    return ((picture + noise[0]) ** 2 + noise[1] ** 2) ** 0.5


def slice_shifts(geometry: Geometry, acquisition: Acquisition, seed: int) -> np.ndarray:
    """Return how far every slice is shifted, (K, 3), LPS mm, in the plane of the slice."""
    shifts = _generator(seed, _SHIFT).normal(0.0, 1.0, (geometry.shape[0], 2)) * acquisition.slice_shift_mm
    return shifts @ np.asarray(geometry.direction)[:, :2].T


def slice_geometries(geometry: Geometry, shifts: np.ndarray) -> Iterator[Geometry]:
    """Yield, for every slice of a stack, a grid of one slice at the place that the shifted slice shows."""
    for k, shift in enumerate(shifts):
        x, y, z = geometry.physical_point((k, 0, 0)) + shift
        yield replace(geometry, shape=(1, *geometry.shape[1:]), origin=(x, y, z))


def acquire(
    render: Render,
    geometry: Geometry,
    acquisition: Acquisition,
    *,
    shifts: np.ndarray,
    signal: float,
    seed: int,
    frame: int,
) -> np.ndarray:
    """Return one acquired frame, (K, J, I) float32.

    Args:
        render: the picture at this instant.
        geometry: the voxel grid.
        acquisition: the effects of the scanner.
        shifts: (K, 3), LPS mm, from `slice_shifts`.
        signal: the brightness that the signal-to-noise ratio refers to.
        seed: of the random numbers, 0 or more.
        frame: number of the frame; every frame has noise of its own.
    """
    picture = np.concatenate([_slice(render, one, acquisition) for one in slice_geometries(geometry, shifts)])
    if acquisition.resolution_mm > 0:
        sigma = [acquisition.resolution_mm / FWHM_PER_SIGMA / spacing for spacing in geometry.spacing_kji[1:]]
        picture = gaussian_filter(picture, (0.0, *sigma), mode="nearest")
    if acquisition.bias > 0:
        picture = picture * _bias_field(geometry, acquisition.bias, seed)
    if math.isfinite(acquisition.snr):
        noise = _generator(seed, _NOISE, frame).normal(0.0, signal / acquisition.snr, (2, *picture.shape))
        picture = rician(picture, noise)
    return picture.astype(np.float32)


def _slice(render: Render, geometry: Geometry, acquisition: Acquisition) -> np.ndarray:
    """Return one slice, (1, J, I): the mean of the picture over the thickness of the slice."""
    thickness = acquisition.slice_thickness_mm
    depths = slice_profile(max(1, math.ceil(thickness / PROFILE_STEP_MM))) * thickness
    points, normal = slab_points(geometry, slice(0, 1)), np.asarray(geometry.direction)[:, 2]
    return np.mean([render(points + depth * normal) for depth in depths], axis=0)


def _bias_field(geometry: Geometry, bias: float, seed: int) -> np.ndarray:
    """Return the factor of the coil, (K, J, I) float32; it stays in place while the body moves."""
    waves = Texture.random(int(_generator(seed, _BIAS).integers(2**31)), BIAS_WAVELENGTHS_MM)
    points = slab_points(geometry, slice(0, geometry.shape[0]))
    return 1.0 + np.float32(bias) * np.tanh(waves.at(points))


def _generator(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, *stream])
