"""The sequence of a phantom as a scanner would give it, with the exact motion between any two of its frames."""

from __future__ import annotations

import itertools
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates, spline_filter

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.provenance import PREFIX
from temporal_interp.data.scalar_type import to_scalar_type
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.simulation.acquisition import Acquisition, acquire, slice_geometries, slice_shifts
from temporal_interp.simulation.beating_heart import BeatingHeart
from temporal_interp.simulation.breathing_lung import BreathingLung
from temporal_interp.simulation.heart_anatomy import BLOOD_SIGNAL
from temporal_interp.simulation.motion import MovingBody, require_phase, slab_points, slabs
from temporal_interp.simulation.thorax import draw_thorax

PHANTOM_KEY = PREFIX + "Phantom"
"""Attribute of every frame of a phantom; the value names the phantom."""

PHASE_KEY = PREFIX + "PhantomPhase"


@dataclass(frozen=True, eq=False)
class PhantomCine:
    """Frames of a phantom and their truth.

    Attributes:
        sequence: the frames; the index is time in ms, and every frame's attributes say that it is a phantom's. It is a
            loop where three frames or more are evenly spaced over one cycle, as `even_phases` spaces them; two are a
            pair.
        body: the moving body.
        phases: phase of every frame, from 0 to 1.
        slice_shifts_mm: (K, 3), LPS mm, the shift of every slice; zero unless the acquisition shifts slices.
    """

    sequence: Sequence
    body: MovingBody
    phases: tuple[float, ...]
    slice_shifts_mm: np.ndarray

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def name(self) -> str:
        """Description for the user."""
        return self.body.name

    @property
    def geometry(self) -> Geometry:
        """The voxel grid of the frames."""
        return self.sequence.volumes[0].geometry

    def displacement_field(self, from_frame: int, to_frame: int) -> DisplacementField:
        """Return the exact resampling field between two frames, by number: frame_to(x) = frame_from(x + u(x)).

        Where slices are shifted, it is the motion of the tissue that each slice shows.

        Raises:
            InvalidInputError: there is no such frame.
        """
        self.sequence.require_item(from_frame, "The frame to resample from")
        self.sequence.require_item(to_frame, "The frame to resample to")
        return self.displacement_between(self.phases[from_frame], self.phases[to_frame])

    def displacement_between(self, from_phase: float, to_phase: float) -> DisplacementField:
        """Return the exact resampling field between any two phases on the grid of the frames.

        Raises:
            InvalidInputError: a phase is not a number from 0 to 1.
        """
        array = np.empty((*self.geometry.shape, 3), np.float32)
        jacobian = np.empty(self.geometry.shape, np.float32)
        for k, one in enumerate(slice_geometries(self.geometry, self.slice_shifts_mm)):
            array[k] = self.body.displacement(one, from_phase, to_phase)[0]
            jacobian[k] = self.body.jacobian_determinant(one, from_phase, to_phase)[0]
        return DisplacementField(array, jacobian, self.geometry)

    def motion_truth(self) -> MotionTruth:
        """Return the exact motion for an evaluation; errors count in the region of interest of the body."""
        return MotionTruth(self._displacement, self._region_of_interest)  # methods can be pickled, lambdas cannot

    def _displacement(self, source: int, frame: int) -> np.ndarray:
        return self.displacement_field(source, frame).array

    def _region_of_interest(self, frame: int) -> np.ndarray | None:
        return self.body.region_of_interest(self.geometry, self.phases[frame])


def even_phases(count: int) -> list[float]:
    """Return `count` phases from 0, evenly spaced over one cycle, without its end, which is its beginning.

    >>> even_phases(4)
    [0.0, 0.25, 0.5, 0.75]

    Raises:
        InvalidInputError: the count is below 1.
    """
    if count < 1:
        raise InvalidInputError(f"The number of phases must be at least 1, got {count}.")
    return [n / count for n in range(count)]


def make_heart_cine(
    heart: BeatingHeart,
    geometry: Geometry,
    phases: abc.Sequence[float],
    *,
    acquisition: Acquisition | None = None,
    seed: int = 0,
) -> PhantomCine:
    """Return a uint16 cine of a beating heart.

    >>> from temporal_interp.simulation import CLINICAL, BeatingHeart, make_heart_cine, short_axis_slice
    >>> heart = BeatingHeart().in_plane()
    >>> cine = make_heart_cine(heart, short_axis_slice(heart), [0.0, 0.2, 0.37], acquisition=CLINICAL)
    >>> len(cine), cine.sequence.times
    (3, (0.0, 180.0, 333.0))
    >>> cine.displacement_field(from_frame=0, to_frame=2).array.shape
    (1, 128, 128, 3)

    Args:
        heart: the motion and the picture.
        geometry: any voxel grid, oblique or of one slice.
        phases: of the frames, rising, from 0 to 1.
        acquisition: the effects of the scanner; None samples the picture at the voxel centres, without noise.
        seed: of the noise, the coil shading and the slice shifts.

    Raises:
        InvalidInputError: phases are not rising numbers from 0 to 1, or the seed is negative.
    """
    _require_seed(seed)
    acquisition = acquisition or Acquisition()
    shifts = slice_shifts(geometry, acquisition, seed)

    def frame(number: int, phase: float) -> np.ndarray:
        gain = acquisition.blood_gain(phase / heart.end_systole)
        return acquire(
            lambda points: heart.intensity(points, phase, blood_gain=gain),
            geometry,
            acquisition,
            shifts=shifts,
            signal=BLOOD_SIGNAL,
            seed=seed,
            frame=number,
        )

    return _assemble(
        heart, geometry, phases, frame, np.dtype(np.uint16), shifts, thickness=acquisition.slice_thickness_mm or None
    )


def make_lung_cine(
    lung: BreathingLung,
    anatomy: Volume | Geometry,
    phases: abc.Sequence[float],
    *,
    noise_hu: float = 0.0,
    seed: int = 0,
) -> PhantomCine:
    """Return a cine of a breathing lung, in HU.

    A given CT is resampled by cubic splines, and the frames keep its scalar type; the frame at the reference phase of
    the lung is the CT itself. Beyond the CT its border is repeated.

    >>> from temporal_interp.simulation import BreathingLung, coronal_slice, make_lung_cine
    >>> cine = make_lung_cine(BreathingLung().in_plane(), coronal_slice(), [0.0, 0.5])
    >>> cine.sequence.volumes[0].array.shape, cine.sequence.times
    ((1, 192, 192), (0.0, 2000.0))

    Args:
        lung: the motion; `BreathingLung.fitted_to` fits it to a CT.
        anatomy: a CT in HU, taken at the lung's reference phase, or a voxel grid on which a chest is drawn (int16).
        phases: of the frames, rising, from 0 to 1.
        noise_hu: standard deviation of Gaussian noise.
        seed: of the noise.

    Raises:
        InvalidInputError: phases are not rising numbers from 0 to 1, the noise or the seed is negative, or the CT
            cannot hold HU (its scalar type is unsigned) or has voxels that are not finite.
    """
    _require_seed(seed)
    if not 0 <= noise_hu < np.inf:
        raise InvalidInputError(f"The noise must be 0 HU or more, got {noise_hu}.")
    if isinstance(anatomy, Volume):
        geometry, dtype, density = anatomy.geometry, anatomy.array.dtype, _ct_density(anatomy)
    else:
        geometry, dtype, density = anatomy, np.dtype(np.int16), lambda points: draw_thorax(points, lung)

    def frame(number: int, phase: float) -> np.ndarray:
        rng = np.random.default_rng([seed, number])
        picture = np.empty(geometry.shape, np.float32)
        for slab in slabs(geometry.shape):
            material = lung.inverse(slab_points(geometry, slab), phase)
            picture[slab] = lung.diluted(density(material), lung.material_jacobian(material, phase))
            picture[slab] += noise_hu * rng.standard_normal(picture[slab].shape, dtype=np.float32)
        return picture

    shifts = np.zeros((geometry.shape[0], 3))
    return _assemble(lung, geometry, phases, frame, dtype, shifts, thickness=None)


def _assemble(
    body: MovingBody,
    geometry: Geometry,
    phases: abc.Sequence[float],
    frame: Callable[[int, float], np.ndarray],
    dtype: np.dtype,
    shifts: np.ndarray,
    *,
    thickness: float | None,
) -> PhantomCine:
    phases = tuple(require_phase(phase) for phase in phases)
    if any(later <= earlier for earlier, later in itertools.pairwise(phases)):
        raise InvalidInputError(f"The phases of a cine must rise from frame to frame, got {list(phases)}.")
    sequence = Sequence(
        volumes=[Volume(to_scalar_type(frame(n, p), dtype), geometry) for n, p in enumerate(phases)],
        times=[phase * body.cycle_ms for phase in phases],
        item_attributes=[{PHANTOM_KEY: body.name, PHASE_KEY: f"{phase:.9g}"} for phase in phases],
        notes=(f"Simulated images ({body.name}), not a patient's.",),
        slice_thickness=thickness,
        period=body.cycle_ms if _is_whole(phases) else None,  # bodies return exactly to where they were
    )
    return PhantomCine(sequence, body, phases, shifts)


def _is_whole(phases: tuple[float, ...]) -> bool:
    """Tell whether phases are evenly spaced over one cycle, and more than a pair."""
    return len(phases) > 2 and np.allclose(np.diff(phases), 1 / len(phases), rtol=0, atol=1e-9)


def _require_seed(seed: int) -> None:
    if seed < 0:
        raise InvalidInputError(f"The seed of random numbers must be 0 or more, got {seed}.")


def _ct_density(ct: Volume) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that reads the CT, in HU, at LPS points (..., 3)."""
    if ct.array.dtype.kind == "u":
        raise InvalidInputError(f"A CT in HU needs a signed scalar type, got {ct.array.dtype}; convert it first.")
    ct.require_finite("The CT")
    coefficients = spline_filter(ct.array, order=3, output=np.float32, mode="mirror")
    to_index = np.linalg.inv(ct.geometry.voxel_to_physical).T
    origin, last = np.asarray(ct.geometry.origin), np.array(ct.array.shape[::-1]) - 1.0
    lowest, highest = float(ct.array.min()), float(ct.array.max())

    def density(points_mm: np.ndarray) -> np.ndarray:
        index = np.clip((points_mm - origin) @ to_index, 0.0, last)
        values = map_coordinates(
            coefficients, np.moveaxis(index[..., ::-1], -1, 0), np.float32, order=3, mode="mirror", prefilter=False
        )
        # splines overshoot at the edges of bone and air
        return np.clip(values, lowest, highest)

    return density
