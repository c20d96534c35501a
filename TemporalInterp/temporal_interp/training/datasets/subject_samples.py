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
from temporal_interp.data.training_sample import Neighbour, TrainingSample
from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets.cropping import Shape, centre_start, cumulated_motion, cut, moving_start
from temporal_interp.training.datasets.frame_choice import (
    Pair,
    Pairs,
    around,
    choose,
    endpoint_pairs,
    targets_of,
    time_of,
    triplet_pairs,
)
from temporal_interp.training.datasets.neighbour_choice import Around, Beside, choose_around, frames_around
from temporal_interp.training.datasets.subject import Case, Subject, errors_of

Policy = Literal["endpoints", "triplets"]
Scaling = Literal["sequence", "frame"]
Crop = Literal["moving", "centre"]

DEFAULT_CACHE_BYTES = 4 * 2**30


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A case that is ready to be drawn from.

    Attributes:
        case: the sequence, as acquired.
        pairs: endpoints to choose from, grouped by their distance in frames.
        ranges: the intensities that become 0 and 1, for every frame that may be used.
        around: numbers of the frames that may be shown around the endpoints.
        cumulated_motion: running sum over all voxels of how much each voxel moves; None where crops are not random.
    """

    case: Case
    pairs: Pairs
    ranges: dict[int, IntensityRange]
    around: Sequence[int]
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
        beside: whether samples show frames around the endpoints, see `choose_around`.
        around: numbers of the frames that may be shown there; `frames` if None.
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
        beside: Beside = "none",
        around: Iterable[int] | None = None,
        cache_bytes: int = DEFAULT_CACHE_BYTES,
    ) -> None:
        if not subjects:
            raise InvalidInputError("Samples need at least one subject.")
        if shape is not None and (len(shape) != 3 or min(shape) < 1):
            raise InvalidInputError(f"The shape of samples must be three numbers (K, J, I) above 0, got {shape}.")
        self._subjects = tuple(subjects)
        self._policy, self._shape, self._crop, self._scaling = policy, shape, crop, scaling
        self._frames = None if frames is None else sorted(set(frames))
        self._beside, self._around = beside, None if around is None else sorted(set(around))
        self._max_gap, self._flip, self._cache_bytes = max_gap, flip, cache_bytes
        self._cache: OrderedDict[int, _Loaded] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self._subjects)

    def targets(self, index: int) -> tuple[int, ...]:
        """Return the numbers of the frames of subject `index` that may be the target of a sample.

        Raises:
            InvalidInputError: as `draw`.
        """
        return targets_of(self._loaded(index).pairs)

    def draw(self, index: int, rng: np.random.Generator, *, target: int | None = None) -> TrainingSample:
        """Return a sample from subject `index`; equal states of `rng` give equal samples.

        With a target, one of `targets`, only its endpoints and its crop are drawn.

        The spacing along K is infinite where the slices of the subject are independent of one another, or the sample is
        a single slice. Only phantoms have displacements. Those are zero in a black border, and zero along K where the
        spacing is infinite.

        Raises:
            InvalidInputError: the subject cannot be read, or is not suitable for learning; the message names it.
        """
        loaded = self._loaded(index)
        sequence = loaded.case.sequence
        pair, target = choose(loaded.pairs if target is None else around(loaded.pairs, target), rng)
        geometry = sequence.volumes[0].geometry
        shape = self._shape or geometry.shape
        start = self._start(loaded, shape, rng)
        flips = tuple(axis for axis in (1, 2) if self._flip and rng.random() < 0.5)

        def image(number: int) -> torch.Tensor:
            scale = loaded.ranges[number]
            part = scale.normalise(cut(sequence.volumes[number].array, start, shape, border=scale.low))
            return torch.from_numpy(np.flip(part, flips).copy())[None]

        def neighbour(chosen: Around | None) -> Neighbour | None:
            return None if chosen is None else Neighbour(image(chosen.frame), chosen.distance)

        sides = frames_around(sequence.times, sequence.period, loaded.around, pair.first, pair.last)
        before, after = choose_around(sides, self._beside, rng)
        independent = slices_are_independent(replace(geometry, shape=shape), sequence.slice_thickness)
        along_k, along_j, along_i = geometry.spacing_kji
        return TrainingSample(
            first=image(pair.first),
            last=image(pair.last),
            target=image(target),
            t=time_of(sequence.times, pair, target),
            spacing=(math.inf if independent else along_k, along_j, along_i),
            displacements=_displacements(loaded.case, pair, target, start, shape, flips, in_plane_only=independent),
            before=neighbour(before),
            after=neighbour(after),
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
        pairs = (
            endpoint_pairs(case, allowed)
            if self._policy == "endpoints"
            else triplet_pairs(case, allowed, self._max_gap)
        )
        around = allowed if self._around is None else self._around
        for number in around:
            case.sequence.require_item(number, "A frame that may be shown around the endpoints")
        ranges = self._ranges(case, allowed, around if self._beside != "none" else ())
        random_crop = self._shape is not None and self._crop == "moving"
        moving = cumulated_motion(case, {number: ranges[number] for number in allowed}) if random_crop else None
        return _Loaded(case, pairs, ranges, around, moving)

    def _ranges(self, case: Case, allowed: Sequence[int], around: Sequence[int]) -> dict[int, IntensityRange]:
        volumes, shown = case.sequence.volumes, sorted({*allowed, *around})
        if self._scaling == "sequence":
            return dict.fromkeys(shown, IntensityRange.of([volumes[number] for number in allowed]))
        ranges = {}
        for number in shown:
            array = volumes[number].array
            if self._shape is not None and self._crop == "centre":
                array = cut(array, centre_start(array.shape, self._shape), self._shape)
            low, high = float(array.min()), float(array.max())
            if low == high:
                raise InvalidInputError(f"frame {number} is constant; it cannot be scaled on its own.")
            ranges[number] = IntensityRange(low, high)
        return ranges

    def _start(self, loaded: _Loaded, shape: Shape, rng: np.random.Generator) -> Shape:
        """Return the voxel (K, J, I) of the subject where the sample starts; negative where a border is added."""
        whole = loaded.case.sequence.volumes[0].geometry.shape
        if loaded.cumulated_motion is None:
            return centre_start(whole, shape)
        return moving_start(loaded.cumulated_motion, whole, shape, rng)


def _displacements(
    case: Case, pair: Pair, target: int, start: Shape, shape: Shape, flips: tuple[int, ...], *, in_plane_only: bool
) -> torch.Tensor | None:
    """Return the two resampling fields of a phantom, (2, 3, K, J, I) voxels, cropped and flipped like the images."""
    if case.truth is None:
        return None
    geometry = case.sequence.volumes[0].geometry
    fields = [case.truth.displacement(source, target) for source in (pair.first, pair.last)]
    voxels = torch.stack([from_physical(cut(field, start, shape), geometry) for field in fields])
    for axis in flips:
        voxels = voxels.flip(axis + 2)
        voxels[:, axis].neg_()
    if in_plane_only:
        voxels[:, 0] = 0.0
    return voxels
