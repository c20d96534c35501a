"""Random subjects on disk: read back as they were, and made again where a file is damaged or of other settings."""

from random_subjects import SLICE, STACK, draw, equal
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.training.datasets.random_subject_samples import RandomSubjectSamples


def test_subjects_are_read_back_as_they_were_written(slices, tmp_path):
    made = draw(RandomSubjectSamples(SLICE, tmp_path))
    read = draw(RandomSubjectSamples(SLICE, tmp_path))
    assert equal(made, read)
    assert equal(made, draw(slices))
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_cache_file_is_made_again(slices, tmp_path):
    RandomSubjectSamples(SLICE, tmp_path).subject(0)
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    assert equal(draw(RandomSubjectSamples(SLICE, tmp_path)), draw(slices))
    assert path.stat().st_size > 1000


def test_other_settings_do_not_read_what_these_wrote(tmp_path):
    folders = {RandomSubjectSamples(s, tmp_path).folder for s in (SLICE, STACK, SyntheticSettings(seed=1))}
    assert len(folders) == 3
