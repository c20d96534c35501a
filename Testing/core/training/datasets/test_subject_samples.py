"""Samples: the frames, their times, scaling, crops, flips and the memory they take."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.presets import UVI_SHAPE, scale_native, scale_uvi
from temporal_interp.training.datasets.sequence_folder import SequenceSubject
from temporal_interp.training.datasets.subject import Case
from temporal_interp.training.datasets.subject_samples import SubjectSamples


def drawn(samples, count, index=0):
    rng = np.random.default_rng(0)
    return [samples.draw(index, rng) for _ in range(count)]


def numbered(count=10, shape=(2, 6, 8), **changes):
    """Frames whose every voxel is the number of the frame."""
    frames = [Volume(np.full(shape, n, np.uint8), Geometry(shape, (1, 1, 2))) for n in range(count)]
    return Sequence(frames, **({"times": range(count)} | changes))


def numbers(sample, frames=10):
    """The numbers of a sample's frames from `numbered`, scaled as a sequence."""
    return tuple(round(float(image.mean()) * (frames - 1)) for image in (sample.first, sample.target, sample.last))


class TestFrames:
    def test_endpoints_are_the_case_s_and_the_target_is_any_between(self, subject_of):
        samples = SubjectSamples([subject_of(numbered(), first=2, last=6)], policy="endpoints")
        seen = {numbers(sample) for sample in drawn(samples, 60)}
        assert seen == {(2, 3, 6), (2, 4, 6), (2, 5, 6)}

    def test_triplets_are_all_that_lie_within_the_gap(self, subject_of):
        samples = SubjectSamples([subject_of(numbered(6))], policy="triplets", max_gap=3)
        seen = {numbers(sample, 6) for sample in drawn(samples, 400)}
        wanted = {(i, k, j) for i in range(6) for j in range(i + 2, min(6, i + 4)) for k in range(i + 1, j)}
        assert seen == wanted

    def test_distances_of_triplets_are_equally_likely(self, subject_of):
        samples = SubjectSamples([subject_of(numbered())], policy="triplets", max_gap=5)
        gaps = [j - i for i, _, j in map(numbers, drawn(samples, 800))]
        counts = [gaps.count(gap) for gap in range(2, 6)]
        assert sum(counts) == 800
        assert min(counts) > 150

    def test_the_largest_gap_is_by_default_that_of_the_endpoints(self, subject_of):
        samples = SubjectSamples([subject_of(numbered(), first=1, last=5)], policy="triplets")
        assert max(j - i for i, _, j in map(numbers, drawn(samples, 200))) == 4

    def test_only_the_allowed_frames_are_drawn(self, subject_of):
        samples = SubjectSamples([subject_of(numbered())], policy="triplets", frames=range(0, 10, 2))
        seen = {number for sample in drawn(samples, 100) for number in numbers(sample, 9)}
        assert seen <= {0, 2, 4, 6, 8}

    def test_nothing_depends_on_frames_that_are_not_allowed(self, make_sequence, subject_of):
        sequence = make_sequence(7)
        arrays = [v.array if n % 2 == 0 else v.array[::-1] * 9 + 5000 for n, v in enumerate(sequence.volumes)]
        other = Sequence([Volume(a, sequence.volumes[0].geometry) for a in arrays], sequence.times)
        settings = {"policy": "triplets", "shape": (2, 4, 4), "frames": (0, 2, 4, 6)}
        one, two = (drawn(SubjectSamples([subject_of(s)], **settings), 20) for s in (sequence, other))
        for a, b in zip(one, two, strict=True):
            assert torch.equal(a.first, b.first)
            assert torch.equal(a.target, b.target)

    def test_time_comes_from_the_index(self, subject_of):
        sequence = numbered(3, times=(10, 13, 20))
        (sample,) = drawn(SubjectSamples([subject_of(sequence)], policy="endpoints"), 1)
        assert sample.t == pytest.approx(0.3)
        assert sample.displacements is None

    @pytest.mark.parametrize("policy", ["endpoints", "triplets"])
    def test_too_few_allowed_frames_are_refused_by_name(self, policy, subject_of):
        samples = SubjectSamples([subject_of(numbered(), name="nobody")], policy=policy, frames=(0, 9))
        with pytest.raises(InvalidInputError, match=r"^nobody: "):
            drawn(samples, 1)

    def test_allowed_frames_must_exist(self, subject_of):
        samples = SubjectSamples([subject_of(numbered())], policy="triplets", frames=(0, 1, 10))
        with pytest.raises(InvalidInputError, match="somebody: A frame that may be used is frame 10"):
            drawn(samples, 1)

    def test_equal_states_give_equal_samples_whether_in_memory_or_not(self, make_sequence, subject_of):
        settings = {"policy": "triplets", "shape": (2, 5, 5)}
        subject = subject_of(make_sequence())
        kept, forgotten = SubjectSamples([subject], **settings), SubjectSamples([subject], cache_bytes=0, **settings)
        for one, other in zip(drawn(kept, 10), drawn(forgotten, 10), strict=True):
            assert torch.equal(one.first, other.first)
            assert torch.equal(one.last, other.last)
            assert one.t == other.t


class TestFramesAround:
    def around(self, subject, **settings):
        """The numbers of the frames before, at both ends and after, and the distances, of many samples."""
        seen = set()
        for sample in drawn(SubjectSamples([subject], **{"flip": False, **settings}), 200):
            sides = [
                None if side is None else (round(float(side.image.mean()) * 9), round(side.distance, 3))
                for side in (sample.before, sample.after)
            ]
            first, _, last = numbers(sample)
            seen.add((sides[0], first, last, sides[1]))
        return seen

    def test_without_them_there_are_none(self, subject_of):
        seen = self.around(subject_of(numbered(), first=3, last=6), policy="endpoints")
        assert seen == {(None, 3, 6, None)}

    def test_they_lie_outside_of_the_endpoints_at_their_distances_in_time(self, subject_of):
        sequence = numbered(times=(0, 1, 2, 3, 4, 5, 6, 8, 9, 10))
        seen = self.around(subject_of(sequence, first=2, last=6), policy="endpoints", beside="kept")
        assert {before for before, *_ in seen} == {(0, 0.5), (1, 0.25)}
        assert {after for *_, after in seen} == {(7, 0.5), (8, 0.75), (9, 1.0)}

    def test_a_loop_goes_on(self, subject_of):
        sequence = numbered().as_loop(10.0)
        seen = self.around(subject_of(sequence, first=0, last=8), policy="endpoints", beside="kept")
        assert seen == {((9, 0.125), 0, 8, (9, 0.125))}

    def test_drawn_ones_are_sometimes_left_out(self, subject_of):
        seen = self.around(subject_of(numbered(), first=3, last=6), policy="endpoints", beside="drawn")
        assert {(before is None, after is None) for before, _, _, after in seen} == {
            (False, False), (False, True), (True, False), (True, True),
        }  # fmt: skip

    def test_only_allowed_frames_are_shown(self, subject_of):
        settings = {"policy": "endpoints", "beside": "kept", "frames": (0, 3, 4, 6, 9)}
        seen = self.around(subject_of(numbered(), first=3, last=6), **settings)
        assert seen == {((0, 1.0), 3, 6, (9, 1.0))}
        others = self.around(subject_of(numbered(), first=3, last=6), **settings, around=(2, 7))
        assert others == {((2, 0.333), 3, 6, (7, 0.333))}

    def test_frames_that_do_not_exist_are_refused(self, subject_of):
        samples = SubjectSamples([subject_of(numbered())], policy="endpoints", beside="kept", around=(10,))
        with pytest.raises(InvalidInputError, match="A frame that may be shown around the endpoints is frame 10"):
            drawn(samples, 1)

    @pytest.mark.parametrize("scaling", ["sequence", "frame"])
    def test_they_are_cropped_mirrored_and_scaled_as_the_endpoints(self, scaling, make_sequence, subject_of):
        frame = make_sequence(1, shape=(2, 14, 15)).volumes[0]
        same = Sequence([frame] * 6, range(6))
        settings = {"policy": "triplets", "shape": (1, 6, 6), "beside": "kept", "max_gap": 2, "scaling": scaling}
        for sample in drawn(SubjectSamples([subject_of(same)], **settings), 20):
            for side in (sample.before, sample.after):
                assert side is None or torch.equal(side.image, sample.first)


class TestScaling:
    def test_sequence_scaling_is_that_of_the_native_preset(self, make_sequence, subject_of):
        sequence = make_sequence(3)
        (sample,) = drawn(SubjectSamples([subject_of(sequence)], policy="endpoints", flip=False), 1)
        for image, wanted in zip(
            (sample.first, sample.target, sample.last), scale_native(sequence).volumes, strict=True
        ):
            assert image.dtype == torch.float32
            np.testing.assert_array_equal(image[0], wanted.array)

    @pytest.mark.parametrize("shape", [(5, 131, 150), (33, 120, 128)])
    def test_frame_scaling_of_the_centre_is_that_of_the_uvi_preset(self, shape, make_sequence, subject_of):
        sequence = make_sequence(3, shape=shape)
        samples = SubjectSamples(
            [subject_of(sequence)], policy="endpoints", shape=UVI_SHAPE, crop="centre", scaling="frame", flip=False
        )
        (sample,) = drawn(samples, 1)
        for image, wanted in zip((sample.first, sample.target, sample.last), scale_uvi(sequence).volumes, strict=True):
            np.testing.assert_array_equal(image[0], wanted.array)

    def test_frame_scaling_stretches_every_whole_frame(self, make_sequence, subject_of):
        samples = SubjectSamples([subject_of(make_sequence(3))], policy="endpoints", scaling="frame")
        (sample,) = drawn(samples, 1)
        assert {(float(i.min()), float(i.max())) for i in (sample.first, sample.target, sample.last)} == {(0.0, 1.0)}

    def test_a_constant_frame_cannot_be_scaled_on_its_own(self, subject_of):
        samples = SubjectSamples([subject_of(numbered(), name="nobody")], policy="endpoints", scaling="frame")
        with pytest.raises(InvalidInputError, match=r"^nobody: frame 0 is constant"):
            drawn(samples, 1)

    @pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", "float64"])
    def test_scalar_types(self, dtype, subject_of):
        rng = np.random.default_rng(0)
        arrays = rng.integers(0, 100, (4, 2, 6, 6)).astype(dtype)
        if dtype in ("int16", "float32"):
            arrays -= 50
        sequence = Sequence([Volume(a, Geometry(a.shape)) for a in arrays], range(4))
        (sample,) = drawn(SubjectSamples([subject_of(sequence)], policy="endpoints", shape=(4, 8, 8)), 1)
        assert sample.target.dtype == torch.float32
        assert (float(sample.target.min()), sample.target.shape) == (0.0, (1, 4, 8, 8))
        assert float(sample.target.max()) <= 1


def with_a_beat(shape=(6, 40, 50), at=(4, 30, 10), noise=1.0):
    """A still noisy picture with a spot, 3 voxels wide, that brightens and fades."""
    rng = np.random.default_rng(0)
    k, j, i = (slice(c - 1, c + 2) for c in at)
    arrays = rng.uniform(100, 200, shape) + rng.normal(0, noise, (7, *shape))
    for number, array in enumerate(arrays):
        array[k, j, i] += 200 * np.sin(np.pi * number / 6)
    return Sequence([Volume(a.astype(np.float32), Geometry(shape, (1, 1, 2))) for a in arrays], range(7))


class TestCrop:
    def test_crops_hold_what_moves(self, subject_of):
        samples = SubjectSamples([subject_of(with_a_beat())], policy="endpoints", shape=(3, 12, 12))
        beats = [float((sample.target - sample.first).max()) > 0.3 for sample in drawn(samples, 100)]
        assert np.mean(beats) > 0.4  # evenly spread it would be about one in ten

    def test_crops_are_somewhere_else_every_time(self, subject_of):
        samples = SubjectSamples([subject_of(with_a_beat())], policy="endpoints", shape=(3, 12, 12), flip=False)
        corners = {float(sample.first[0, 0, 0, 0]) for sample in drawn(samples, 50)}
        assert len(corners) > 25

    def test_crops_of_a_static_sequence_reach_everywhere(self, subject_of):
        ramp = np.arange(400, dtype=np.float32).reshape(1, 20, 20)
        still = Sequence([Volume(ramp, Geometry(ramp.shape)) for _ in range(3)], range(3))
        samples = SubjectSamples([subject_of(still)], policy="endpoints", shape=(1, 4, 4), flip=False)
        corners = [round(float(sample.first[0, 0, 0, 0]) * 398.601) for sample in drawn(samples, 400)]
        assert min(corners) == 0
        assert max(corners) == 16 * 20 + 16

    def test_what_is_smaller_gets_a_centred_black_border(self, make_sequence, subject_of):
        sequence = make_sequence(3, shape=(2, 5, 6))
        settings = {"policy": "endpoints", "flip": False}
        (whole,), (bordered,) = (
            drawn(SubjectSamples([subject_of(sequence)], shape=shape, **settings), 1) for shape in (None, (4, 8, 6))
        )
        assert torch.equal(bordered.last[:, 1:3, 1:6], whole.last)
        border = torch.ones(1, 4, 8, 6, dtype=bool)
        border[:, 1:3, 1:6] = False
        assert not bordered.last[border].any()

    def test_the_border_is_black_in_ct_too(self, subject_of):
        rng = np.random.default_rng(0)
        frames = [Volume(rng.integers(-1000, 500, (2, 4, 4)).astype(np.int16), Geometry((2, 4, 4))) for _ in range(3)]
        samples = SubjectSamples([subject_of(Sequence(frames, range(3)))], policy="endpoints", shape=(4, 6, 6))
        (sample,) = drawn(samples, 1)
        assert not sample.first[:, 0].any()

    def test_flips_are_in_the_plane_and_the_same_for_all_three(self, make_sequence, subject_of):
        subject = subject_of(make_sequence(3))
        (straight,) = drawn(SubjectSamples([subject], policy="endpoints", flip=False), 1)
        seen = set()
        for sample in drawn(SubjectSamples([subject], policy="endpoints"), 40):
            (flips,) = [f for f in ((), (2,), (3,), (2, 3)) if torch.equal(sample.first, straight.first.flip(f))]
            assert torch.equal(sample.target, straight.target.flip(flips))
            assert torch.equal(sample.last, straight.last.flip(flips))
            seen.add(flips)
        assert len(seen) == 4


class TestSpacing:
    @pytest.mark.parametrize(
        ("slices", "thickness", "shape", "along_k"),
        [
            (6, 4.0, None, 4.0),
            (6, 4.0, (3, 8, 8), 4.0),
            (6, 4.0, (1, 8, 8), np.inf),  # a slice of a volume
            (6, 2.0, None, np.inf),  # slices with gaps
            (6, 2.0, (3, 8, 8), np.inf),
            (1, None, None, np.inf),  # 2D + t
        ],
    )
    def test_spacing_along_k_is_infinite_where_slices_are_on_their_own(
        self, slices, thickness, shape, along_k, make_sequence, subject_of
    ):
        sequence = make_sequence(shape=(slices, 10, 12), slice_thickness=thickness)
        (sample,) = drawn(SubjectSamples([subject_of(sequence)], policy="endpoints", shape=shape), 1)
        assert sample.spacing == (along_k, 1.25, 1.5)
        assert sample.first.shape == (1, *(shape or (slices, 10, 12)))


@dataclass
class Counting:
    """A subject that counts how often it is loaded."""

    sequence: Sequence
    name: str = "counted"
    loads: list = field(default_factory=list)

    def load(self):
        self.loads.append(1)
        return Case(self.name, self.sequence, 0, 2)


class TestMemory:
    def test_the_longest_unused_subject_is_given_up(self, make_sequence):
        subjects = [Counting(make_sequence(3)) for _ in range(3)]
        size = sum(volume.array.nbytes for volume in subjects[0].sequence.volumes)
        samples = SubjectSamples(subjects, policy="endpoints", cache_bytes=2 * size)
        for index in (0, 1, 0, 0, 2, 0, 1):
            drawn(samples, 1, index)
        assert [len(subject.loads) for subject in subjects] == [1, 2, 1]

    def test_a_subject_above_the_limit_is_read_every_time(self, make_sequence):
        subject = Counting(make_sequence(3))
        drawn(SubjectSamples([subject], policy="endpoints", cache_bytes=10), 3)
        assert len(subject.loads) == 3

    def test_nothing_is_read_before_it_is_drawn(self, make_sequence):
        subject = Counting(make_sequence(3))
        assert len(SubjectSamples([subject, subject], policy="endpoints")) == 2
        assert not subject.loads


@pytest.mark.parametrize("changes", [{"shape": (0, 4, 4)}, {"shape": (4, 4)}])
def test_impossible_samples_are_refused(changes, make_sequence, subject_of):
    with pytest.raises(InvalidInputError):
        SubjectSamples([subject_of(make_sequence())], **({"policy": "endpoints"} | changes))


def test_samples_of_nobody_are_refused():
    with pytest.raises(InvalidInputError, match="at least one subject"):
        SubjectSamples([], policy="endpoints")


def test_samples_of_a_real_cine_are_of_single_slices_that_move(real_data):
    subject = SequenceSubject("cine", real_data / "cine-sax-dicom")
    samples = SubjectSamples([subject], policy="triplets", shape=(1, 96, 96), frames=range(0, 25, 2))
    for sample in drawn(samples, 10):
        assert sample.first.shape == (1, 1, 96, 96)
        assert sample.spacing[0] == np.inf
        assert 0 < sample.t < 1
        assert float((sample.last - sample.first).abs().max()) > 0.1
