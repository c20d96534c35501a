"""Training samples from subjects: the choice of frames, the crop and the scaling."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from temporal_interp.data.intensity import IntensityRange
from temporal_interp.data.physical_displacement import from_physical
from temporal_interp.data.slice_independence import slices_are_independent
from temporal_interp.data.training_sample import TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.tensors.metrics import variation
from temporal_interp.training.datasets.subject import Case, Subject, errors_of

Policy = Literal["endpoints", "triplets"]
Scaling = Literal["sequence", "frame"]
Crop = Literal["moving", "centre"]
Shape = tuple[int, int, int]

DEFAULT_CACHE_BYTES = 4 * 2**30


@dataclass(frozen=True, eq=False)
class _Pair:
    """The numbers of two endpoints, and of the frames between them that may be the target."""

    first: int
    last: int
    between: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A case that is ready to be drawn from.

    Attributes:
        case: the sequence, as acquired.
        pairs: endpoints to choose from, grouped by their distance in frames.
        ranges: the intensities that become 0 and 1, for every frame that may be used.
        cumulated_motion: running sum over all voxels of how much each voxel moves; None where crops are not random.
    """

    case: Case
    pairs: tuple[tuple[_Pair, ...], ...]
    ranges: dict[int, IntensityRange]
    cumulated_motion: np.ndarray | None

    @property
    def nbytes(self) -> int:
        voxels = sum(volume.array.nbytes for volume in self.case.sequence.volumes)
        return voxels + (0 if self.cumulated_motion is None else self.cumulated_motion.nbytes)


class SubjectSamples:
    """A source of training samples drawn from subjects; see `SampleSource`.

    A subject is loaded when it is first drawn from. Loaded subjects stay in memory up to a limit; the one unused for
    the longest time is dropped first.

    >>> from temporal_interp.training.datasets.phantoms import phantom_subjects
    >>> samples = SubjectSamples(phantom_subjects(1, frames=5), policy="triplets", shape=(1, 64, 64))
    >>> sample = samples.draw(0, np.random.default_rng(0))
    >>> sample.target.shape, sample.displacements.shape
    (torch.Size([1, 1, 64, 64]), torch.Size([2, 3, 1, 64, 64]))

    Args:
        subjects: the subjects to draw from; their number is the length of an epoch.
        policy: "endpoints" takes the endpoints of the case and a random frame between them, as the paper does.
            "triplets" takes any frames i < k < j: all distances j - i are equally likely, then all pairs of that
            distance, then all frames between (our choice: otherwise few samples would have a short gap).
        shape: (K, J, I) of every sample; a larger subject is cropped, a smaller one gets a black border. None keeps
            the shape of every subject.
        crop: "moving" crops at random, with a preference for motion: a voxel is drawn in proportion to its variance
            over time less the median variance, which is noise. The crop is random, but has that voxel in its middle
            half where the border of the subject allows it (our choice). "centre" crops the centre, as the literature
            does.
        scaling: "sequence" scales all frames by one range, as the native preset does. "frame" scales each frame by its
            own lowest and highest voxel, as the preset uvi does; with crop "centre", after cropping and zero-padding.
        frames: numbers of the frames that may be used, for every subject; no image, scaling or crop depends on the
            others. None allows all frames.
        max_gap: largest distance j - i of triplets, in frames. None takes the distance of the endpoints of the case:
            frames of a cycle that are further apart become similar again.
        flip: whether samples are mirrored at random along J and along I.
        cache_bytes: memory that loaded subjects may take, bytes.

    Raises:
        InvalidInputError: an argument makes no sense.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        *,
        policy: Policy,
        shape: Shape | None = None,
        crop: Crop = "moving",
        scaling: Scaling = "sequence",
        frames: Iterable[int] | None = None,
        max_gap: int | None = None,
        flip: bool = True,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        if not subjects:
            raise InvalidInputError("Samples need at least one subject.")
        if shape is not None and (len(shape) != 3 or min(shape) < 1):
            raise InvalidInputError(f"The shape of samples must be three numbers (K, J, I) above 0, got {shape}.")
        self._subjects = tuple(subjects)
        self._policy, self._shape, self._crop, self._scaling = policy, shape, crop, scaling
        self._frames = None if frames is None else sorted(set(frames))
        self._max_gap, self._flip, self._cache_bytes = max_gap, flip, cache_bytes
        self._cache: OrderedDict[int, _Loaded] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self._subjects)

    def draw(self, index: int, rng: np.random.Generator) -> TrainingSample:
        """Return a sample from subject `index`; equal states of `rng` give equal samples.

        The spacing along K is infinite where the slices of the subject are independent of one another, or the sample is
        a single slice. Only phantoms have displacements. Those are zero in a black border, and zero along K where the
        spacing is infinite.

        Raises:
            InvalidInputError: the subject cannot be read, or is not suitable for learning; the message names it.
        """
        loaded = self._loaded(index)
        sequence = loaded.case.sequence
        pair, target = _choose(loaded.pairs, rng)
        geometry = sequence.volumes[0].geometry
        shape = self._shape or geometry.shape
        start = self._start(loaded, shape, rng)
        flips = tuple(axis for axis in (1, 2) if self._flip and rng.random() < 0.5)

        def image(number: int) -> torch.Tensor:
            scale = loaded.ranges[number]
            part = scale.normalise(_cut(sequence.volumes[number].array, start, shape, border=scale.low))
            return torch.from_numpy(np.flip(part, flips).copy())[None]

        independent = slices_are_independent(replace(geometry, shape=shape), sequence.slice_thickness)
        along_k, along_j, along_i = geometry.spacing_kji
        return TrainingSample(
            first=image(pair.first),
            last=image(pair.last),
            target=image(target),
            t=_time_of(sequence.times, pair, target),
            spacing=(math.inf if independent else along_k, along_j, along_i),
            displacements=_displacements(loaded.case, pair, target, start, shape, flips, in_plane_only=independent),
        )

    def _loaded(self, index: int) -> _Loaded:
        if index not in self._cache:
            subject = self._subjects[index]
            with errors_of(subject.name):
                self._cache[index] = self._prepare(subject.load())
        self._cache.move_to_end(index)
        loaded = self._cache[index]
        while self._cache and sum(kept.nbytes for kept in self._cache.values()) > self._cache_bytes:
            self._cache.popitem(last=False)
        return loaded

    def _prepare(self, case: Case) -> _Loaded:
        allowed = list(range(len(case.sequence))) if self._frames is None else self._frames
        for number in allowed:
            case.sequence.require_item(number, "A frame that may be used")
        pairs = _endpoints(case, allowed) if self._policy == "endpoints" else _triplets(case, allowed, self._max_gap)
        ranges = self._ranges(case, allowed)
        random_crop = self._shape is not None and self._crop == "moving"
        return _Loaded(case, pairs, ranges, _cumulated_motion(case, ranges) if random_crop else None)

    def _ranges(self, case: Case, allowed: Sequence[int]) -> dict[int, IntensityRange]:
        volumes = case.sequence.volumes
        if self._scaling == "sequence":
            return dict.fromkeys(allowed, IntensityRange.of([volumes[number] for number in allowed]))
        ranges = {}
        for number in allowed:
            array = volumes[number].array
            if self._shape is not None and self._crop == "centre":
                array = _cut(array, _centre_start(array.shape, self._shape), self._shape)
            low, high = float(array.min()), float(array.max())
            if low == high:
                raise InvalidInputError(f"frame {number} is constant; it cannot be scaled on its own.")
            ranges[number] = IntensityRange(low, high)
        return ranges

    def _start(self, loaded: _Loaded, shape: Shape, rng: np.random.Generator) -> Shape:
        """Return the voxel (K, J, I) of the subject where the sample starts; negative where a border is added."""
        whole = loaded.case.sequence.volumes[0].geometry.shape
        start = _centre_start(whole, shape)
        if loaded.cumulated_motion is None:
            return start
        drawn = rng.random() * loaded.cumulated_motion[-1]
        voxel = np.unravel_index(np.searchsorted(loaded.cumulated_motion, drawn, side="right"), whole)
        k, j, i = (
            _start_around(int(v), have, wanted, rng) if have > wanted else centred
            for v, have, wanted, centred in zip(voxel, whole, shape, start, strict=True)
        )
        return k, j, i


def _endpoints(case: Case, allowed: Sequence[int]) -> tuple[tuple[_Pair, ...], ...]:
    between = tuple(number for number in allowed if case.first < number < case.last)
    if not between or not {case.first, case.last} <= set(allowed):
        raise InvalidInputError(
            f"the endpoints, frames {case.first} and {case.last}, and one between must be among the frames that may be "
            f"used, {list(allowed)}."
        )
    return ((_Pair(case.first, case.last, between),),)


def _triplets(case: Case, allowed: Sequence[int], max_gap: int | None) -> tuple[tuple[_Pair, ...], ...]:
    longest = case.last - case.first if max_gap is None else max_gap
    by_gap: dict[int, list[_Pair]] = {}
    for place, first in enumerate(allowed):
        for step, last in enumerate(allowed[place + 2 :], 2):
            if last - first <= longest:
                pair = _Pair(first, last, tuple(allowed[place + 1 : place + step]))
                by_gap.setdefault(last - first, []).append(pair)
    if not by_gap:
        raise InvalidInputError(
            f"no three of the frames that may be used, {list(allowed)}, lie within a gap of {longest} frames."
        )
    return tuple(tuple(pairs) for _, pairs in sorted(by_gap.items()))


def _choose(pairs: tuple[tuple[_Pair, ...], ...], rng: np.random.Generator) -> tuple[_Pair, int]:
    of_one_gap = pairs[rng.integers(len(pairs))]
    pair = of_one_gap[rng.integers(len(of_one_gap))]
    return pair, pair.between[rng.integers(len(pair.between))]


def _time_of(times: Sequence[float], pair: _Pair, target: int) -> float:
    start, stop = times[pair.first], times[pair.last]
    return (times[target] - start) / (stop - start)


def _cumulated_motion(case: Case, ranges: dict[int, IntensityRange]) -> np.ndarray:
    moving = variation(scale.normalise(case.sequence.volumes[number].array) for number, scale in ranges.items())
    moving = np.maximum(moving**2 - np.median(moving) ** 2, 0.0).ravel()
    return np.cumsum(moving if moving.any() else np.ones_like(moving))


def _centre_start(have: Shape, wanted: Shape) -> Shape:
    """Return where a centred crop starts; negative where it is larger. An odd voxel goes to the end, as in CropPad."""
    k, j, i = (int((n - w) / 2) for n, w in zip(have, wanted, strict=True))
    return k, j, i


def _start_around(voxel: int, have: int, wanted: int, rng: np.random.Generator) -> int:
    """Return a random start of `wanted` out of `have` voxels, with `voxel` in their middle half where possible."""
    earliest, latest = np.clip([voxel - 3 * wanted // 4, voxel - wanted // 4], 0, have - wanted)
    return int(rng.integers(earliest, latest + 1))


def _cut(array: np.ndarray, start: Shape, shape: Shape, *, border: float = 0.0) -> np.ndarray:
    """Return the part of an array (K, J, I, ...) from `start` on, with `border` beyond the array."""
    part = np.full((*shape, *array.shape[3:]), border, array.dtype)
    inside = [(max(0, s), min(n, s + w)) for s, n, w in zip(start, array.shape, shape, strict=False)]
    target = tuple(slice(a - s, b - s) for (a, b), s in zip(inside, start, strict=True))
    part[target] = array[tuple(slice(a, b) for a, b in inside)]
    return part


def _displacements(
    case: Case, pair: _Pair, target: int, start: Shape, shape: Shape, flips: tuple[int, ...], *, in_plane_only: bool
) -> torch.Tensor | None:
    """Return the two resampling fields of a phantom, (2, 3, K, J, I) voxels, cropped and flipped like the images."""
    if case.truth is None:
        return None
    geometry = case.sequence.volumes[0].geometry
    fields = [case.truth.displacement(source, target) for source in (pair.first, pair.last)]
    voxels = torch.stack([from_physical(_cut(field, start, shape), geometry) for field in fields])
    for axis in flips:
        voxels = voxels.flip(axis + 2)
        voxels[:, axis].neg_()
    if in_plane_only:
        voxels[:, 0] = 0.0
    return voxels
