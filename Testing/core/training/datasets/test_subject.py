"""Cases that can be learnt from, and splits of subjects."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from temporal_interp.data.provenance import Provenance
from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets.subject import Case, split_at_random


@dataclass(frozen=True)
class Named:
    name: str
    group: str = ""
    patient: str = ""


PEOPLE = [Named(f"{n:02d}", group="abcde"[n // 20], patient=f"p{n // 5}") for n in range(100)]


def test_a_case_keeps_what_it_was_given(make_sequence):
    case = Case("me", make_sequence(), 1, 4)
    assert (case.name, case.first, case.last, case.truth) == ("me", 1, 4, None)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 2), (4, 1), (-1, 3), (0, 6)])
def test_endpoints_without_a_frame_between_are_refused_with_the_name(first, last, make_sequence):
    with pytest.raises(InvalidInputError, match=r"^me: "):
        Case("me", make_sequence(), first, last)


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_frames_are_refused(count, make_sequence):
    with pytest.raises(InvalidInputError, match=f"me: the sequence has {count} frames"):
        Case("me", make_sequence(count), 0, count - 1)


def test_synthetic_frames_are_refused(make_sequence):
    synthetic = Provenance("linear_blend", 0.0, 2.0, 0.5).as_attributes()
    with pytest.raises(InvalidInputError, match="me: frame 1 is synthetic"):
        Case("me", make_sequence(3, item_attributes=[{}, synthetic, {}]), 0, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_voxels_that_are_no_numbers_are_refused(bad, make_sequence):
    sequence = make_sequence(dtype="float32")
    sequence.volumes[3].array[0, 1, 2] = bad
    with pytest.raises(InvalidInputError, match="me: Frame 3 has 1 voxels that are NaN"):
        Case("me", sequence, 0, 5)


def names(subjects):
    return [subject.name for subject in subjects]


def test_a_split_gives_everybody_one_place_and_keeps_the_order():
    split = split_at_random(PEOPLE, validation=0.1, test=0.2, seed=3)
    assert (len(split.train), len(split.validation), len(split.test)) == (70, 10, 20)
    assert sorted(names(split.train + split.validation + split.test)) == names(PEOPLE)
    for part in (split.train, split.validation, split.test):
        assert names(part) == sorted(names(part))


def test_a_split_depends_on_the_seed_alone():
    one, same, other = (split_at_random(PEOPLE, validation=0.1, test=0.2, seed=seed) for seed in (3, 3, 4))
    assert one == same
    assert one != other


@pytest.mark.parametrize("seed", range(5))
def test_every_stratum_has_its_share_of_every_set(seed):
    split = split_at_random(PEOPLE, validation=0.1, test=0.2, seed=seed, stratum=lambda person: person.group)
    assert set(Counter(p.group for p in split.test).values()) == {4}
    assert set(Counter(p.group for p in split.validation).values()) == {2}


def test_shares_of_strata_too_small_for_a_whole_one_still_add_up():
    pairs = [Named(f"{n}", group=f"{n // 2}") for n in range(20)]
    split = split_at_random(pairs, validation=0.0, test=0.25, seed=0, stratum=lambda person: person.group)
    assert len(split.test) == 5
    assert set(Counter(p.group for p in split.test).values()) == {1}


@pytest.mark.parametrize("seed", range(5))
def test_what_belongs_together_is_never_divided(seed):
    split = split_at_random(PEOPLE, validation=0.1, test=0.2, seed=seed, unit=lambda person: person.patient)
    sets = [{p.patient for p in part} for part in (split.train, split.validation, split.test)]
    assert [len(patients) for patients in sets] == [14, 2, 4]
    assert len(set.union(*sets)) == 20


def test_a_share_above_zero_is_at_least_one_subject():
    split = split_at_random(PEOPLE[:3], validation=0.01, test=0.01, seed=0)
    assert (len(split.train), len(split.validation), len(split.test)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("people", "validation", "test", "seed"),
    [
        (PEOPLE, 0.5, 0.5, 0),
        (PEOPLE[:2], 0.1, 0.1, 0),
        ([], 0.0, 0.0, 0),
        (PEOPLE, -0.1, 0.1, 0),
        (PEOPLE, 0.1, 0.1, -1),
    ],
)
def test_splits_that_leave_nothing_to_learn_from_are_refused(people, validation, test, seed):
    with pytest.raises(InvalidInputError):
        split_at_random(people, validation=validation, test=test, seed=seed)
