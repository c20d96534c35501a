"""The data sets by name: every one can be opened from its settings."""

from pathlib import Path

import numpy as np
import pytest
import torch

from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError
from temporal_interp.io import write_sequence
from temporal_interp.training.datasets.catalogue import (
    DATASETS,
    TEST_SEED,
    VALIDATION_SEED,
    DataSettings,
    open_split,
    sample_sources,
    synthetic_samples,
)

TINY = DataSettings(subjects=3, validation_subjects=2, shape=(1, 16, 16), seed=5)


def draw(source, index=0, seed=0):
    return source.draw(index, np.random.default_rng(seed))


def names(subjects):
    return {subject.name for subject in subjects}


@pytest.fixture
def folder_of_sequences(make_sequence, tmp_path):
    for number in range(5):
        write_sequence(make_sequence(shape=(1, 20, 24)), tmp_path / "data" / f"cine{number}.seq.nrrd")
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _data_folder(tmp_path):
    (tmp_path / "data").mkdir()


def test_synthetic_samples_come_in_the_numbers_and_the_shape_requested():
    training, validation = sample_sources(TINY)
    assert (len(training), len(validation)) == (3, 2)
    assert draw(training).first.shape == (1, 1, 16, 16)
    assert not torch.equal(draw(training).target, draw(validation).target)


def test_no_set_of_synthetic_subjects_shares_one_with_another():
    sets = [synthetic_samples(TINY, 1, offset) for offset in (0, VALIDATION_SEED, TEST_SEED)]
    seeds = [source.settings.seed for source in sets]
    assert seeds == [5, 5 + VALIDATION_SEED, 5 + TEST_SEED]
    one, other = draw(sets[0]), draw(sets[1])
    assert not torch.equal(one.target, other.target)
    assert not torch.equal(one.target, draw(synthetic_samples(DataSettings(shape=(1, 16, 16), seed=6), 1, 0)).target)


def test_more_synthetic_subjects_begin_with_the_same_ones():
    few, many = (synthetic_samples(TINY, count, 0) for count in (1, 3))
    assert torch.equal(draw(few).target, draw(many).target)


def test_synthetic_subjects_are_kept_in_the_folder(tmp_path):
    training, _ = sample_sources(DataSettings(shape=(1, 16, 16), subjects=1, folder=tmp_path / "kept"))
    draw(training)
    assert len(list((tmp_path / "kept").rglob("*.npz"))) == 1


def test_synthetic_samples_have_no_sequences_to_open():
    with pytest.raises(InvalidInputError, match="choose another data set"):
        open_split(TINY)


@pytest.mark.parametrize(("shape", "dimensions"), [((1, 32, 32), 2), ((4, 32, 32), 3), (None, 3)])
@pytest.mark.parametrize("body", ["heart", "lung"])
def test_phantoms_are_slices_or_volumes_by_the_shape(shape, dimensions, body):
    settings = DataSettings(dataset="phantoms", body=body, subjects=3, validation_subjects=2, shape=shape)
    split = open_split(settings)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [3, 2, 2]
    assert {(s.dimensions, s.body) for s in split.train} == {(dimensions, body)}
    assert len(names(split.train) | names(split.validation) | names(split.test)) == 7


def test_a_body_that_there_is_no_phantom_of_is_refused():
    with pytest.raises(InvalidInputError, match="'body' must be 'heart' or 'lung', got 'kidney'"):
        open_split(DataSettings(dataset="phantoms", body="kidney"))


@pytest.mark.parametrize("policy", ["endpoints", "triplets"])
def test_a_folder_of_sequences_is_learnt_from(folder_of_sequences, policy):
    settings = DataSettings(
        dataset="folder", folder=folder_of_sequences, shape=(1, 16, 16), policy=policy, validation=0.2, test=0.2
    )
    training, validation = sample_sources(settings)
    assert (len(training), len(validation)) == (3, 4)  # all frames between the ends of one of the five
    sample = draw(training)
    assert sample.first.shape == (1, 1, 16, 16)
    assert sample.displacements is None


@pytest.mark.parametrize("flip", [True, False])
def test_only_training_samples_are_mirrored_and_only_if_they_shall_be(folder_of_sequences, flip):
    settings = DataSettings(dataset="folder", folder=folder_of_sequences, validation=0.2, test=0.2, flip=flip)
    training, validation = sample_sources(settings)
    ends = {tuple(draw(validation, seed=seed).first.flatten().tolist()) for seed in range(12)}
    assert len(ends) == 1  # the same endpoints, the same way round
    mirrored = len({tuple(draw(training, seed=seed).first.flatten().tolist()) for seed in range(12)}) > 1
    assert mirrored is flip


def test_the_seed_chooses_the_split(folder_of_sequences):
    def validation(seed):
        return names(
            open_split(
                DataSettings(dataset="folder", folder=folder_of_sequences, validation=0.2, test=0.2, seed=seed)
            ).validation
        )

    assert validation(1) == validation(1)
    assert len({frozenset(validation(seed)) for seed in range(8)}) > 1


@pytest.mark.parametrize("split", ["paper", "random"])
def test_acdc_is_found_and_divided(acdc, split):
    folder = acdc(range(1, 101) if split == "paper" else range(1, 7))
    settings = DataSettings(dataset="acdc", folder=folder, split=split, validation=0.2, test=0.2)
    opened = open_split(settings)
    assert len(opened.validation) == (18 if split == "paper" else 1)
    if split == "paper":
        assert len(opened.test) == 10
        assert len(opened.train) == 72
    training, validation = sample_sources(settings)
    assert len(training) == len(opened.train)
    assert len(validation.samples) == len(opened.validation)


@pytest.mark.parametrize("dataset", ["acdc", "lung4d", "folder"])
def test_data_of_patients_need_their_folder(dataset, tmp_path):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=f"the folder of the data set '{dataset}'"):
        sample_sources(DataSettings(dataset=dataset))
    for folder in (tmp_path / "absent", tmp_path / "data"):
        with pytest.raises((InvalidInputError, MissingFileError, UnreadableFileError), match=folder.name):
            sample_sources(DataSettings(dataset=dataset, folder=folder))


def test_the_literature_has_no_split_of_any_folder(folder_of_sequences):
    with pytest.raises(InvalidInputError, match="set split to random"):
        open_split(DataSettings(dataset="folder", folder=folder_of_sequences, split="paper"))


def test_without_a_share_for_validation_all_others_learn(folder_of_sequences):
    settings = DataSettings(dataset="folder", folder=folder_of_sequences, validation=0, test=0.2)
    training, validation = sample_sources(settings)
    assert (len(training), validation) == (4, None)


@pytest.mark.parametrize(("name", "value"), [("policy", "all"), ("crop", "left"), ("scaling", "none")])
def test_how_samples_are_drawn_is_refused_by_name(folder_of_sequences, name, value):
    with pytest.raises(InvalidInputError, match=f"'{name}' must be .*, got '{value}'"):
        sample_sources(DataSettings(dataset="folder", folder=folder_of_sequences, **{name: value}))


def test_every_data_set_has_a_name():
    assert [DataSettings(dataset=name).dataset for name in DATASETS] == list(DATASETS)
    with pytest.raises(InvalidInputError, match=r"'dataset' must be 'acdc', 'lung4d', .* or 'synthetic', got 'mnist'"):
        DataSettings(dataset="mnist")


def test_the_settings_for_json_are_without_the_machines_folder():
    given = DataSettings(folder=Path("~/here"), shape=[1, 16, 16])
    assert given.folder == Path.home() / "here"
    assert given.shape == (1, 16, 16)
    assert not {"folder", "cache", "cache_gib"} & set(given.as_dict())
    assert given.as_dict()["shape"] == [1, 16, 16]
