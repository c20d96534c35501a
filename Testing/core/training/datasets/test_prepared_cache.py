"""Prepared subjects on disk: as they were read, made anew when anything changes, bounded, safe with many writers."""

import json
import multiprocessing
import os
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from temporal_interp.training.datasets import acdc as acdc_dataset
from temporal_interp.training.datasets import lung4d
from temporal_interp.training.datasets.catalogue import DataSettings, sample_sources
from temporal_interp.training.datasets.prepared_cache import PreparedCache, PreparedSubject
from temporal_interp.training.datasets.subject import Case


@dataclass
class Read:
    """A subject of one file, which counts how often it is read."""

    case: Case
    path: object
    reads: int = 0

    @property
    def name(self):
        return self.case.name

    def files(self):
        return [self.path]

    def load(self):
        self.reads += 1
        return self.case


@pytest.fixture
def read(make_sequence, tmp_path):
    """Function that makes a subject with a file of its own."""

    def make(name="somebody", **changes):
        path = tmp_path / f"{name}.nii"
        path.write_bytes(b"voxels")
        sequence = make_sequence(6, **{"dtype": "int16", **changes})
        sequence = replace(sequence, slice_thickness=3.5, notes=["assumed"], unit="s", index_name="phase")
        return Read(Case(name, sequence, 1, 4), path)

    return make


@pytest.fixture
def cache(tmp_path):
    return PreparedCache(tmp_path / "kept")


def frames_of(case):
    return np.stack([volume.array for volume in case.sequence.volumes])


@pytest.mark.parametrize("dtype", ["int16", "uint16", "float32", "float64", "uint8"])
def test_what_comes_back_is_what_was_read(read, cache, dtype):
    subject = read(dtype=dtype, values=[0.1 * n for n in range(6)])
    first, again = (PreparedSubject(subject, cache=cache).load() for _ in range(2))
    assert subject.reads == 1
    for case in (first, again):
        assert (case.name, case.first, case.last, case.truth) == ("somebody", 1, 4, None)
        np.testing.assert_array_equal(frames_of(case), frames_of(subject.case))
        assert frames_of(case).dtype == dtype
        for name in ("times", "index_name", "unit", "notes", "slice_thickness", "period"):
            assert getattr(case.sequence, name) == getattr(subject.case.sequence, name)
        assert case.sequence.geometry == subject.case.sequence.geometry


def test_without_a_cache_files_are_read_every_time(read):
    subject = read()
    for _ in range(2):
        PreparedSubject(subject).load()
    assert subject.reads == 2


def test_frames_beyond_the_endpoints_can_be_left_out(read, cache):
    subject = read()
    for _ in range(2):
        case = PreparedSubject(subject, only_between=True, cache=cache).load()
        assert (case.first, case.last) == (0, 3)
        assert case.sequence.times == (1, 2, 3, 4)
        np.testing.assert_array_equal(frames_of(case), frames_of(subject.case)[1:5])
    assert subject.reads == 1


def changed_file(subject):
    subject.path.write_bytes(b"other voxels")


def touched_file(subject):
    stat = subject.path.stat()
    os.utime(subject.path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))


@pytest.mark.parametrize("change", [changed_file, touched_file])
def test_a_file_that_changed_is_read_again(read, cache, change):
    subject = read()
    PreparedSubject(subject, cache=cache).load()
    change(subject)
    PreparedSubject(subject, cache=cache).load()
    assert subject.reads == 2


@pytest.mark.parametrize("other", [{"preparation": "finer"}, {"only_between": True}])
def test_another_preparation_is_another_case(read, cache, other):
    subject = read()
    PreparedSubject(subject, cache=cache).load()
    PreparedSubject(subject, cache=cache, **other).load()
    assert subject.reads == 2


def test_another_version_of_the_program_reads_again(read, cache, monkeypatch):
    subject = read()
    PreparedSubject(subject, cache=cache).load()
    monkeypatch.setattr("temporal_interp.__version__", "99.0")
    PreparedSubject(subject, cache=cache).load()
    assert subject.reads == 2


@pytest.mark.parametrize("ending", [".json", ".npy"])
@pytest.mark.parametrize(
    "harm", [lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:40]), lambda p: p.write_bytes(b"")]
)
def test_a_kept_case_that_is_not_whole_is_made_again(read, cache, ending, harm):
    subject = read()
    PreparedSubject(subject, cache=cache).load()
    (path,) = cache.folder.glob(f"*{ending}")
    harm(path)
    for _ in range(2):
        case = PreparedSubject(subject, cache=cache).load()
        np.testing.assert_array_equal(frames_of(case), frames_of(subject.case))
    assert subject.reads == 2


def test_the_longest_unused_cases_make_way(read, cache):
    subjects = [read(name) for name in ("a", "b", "c", "d")]
    of_one = frames_of(subjects[0].case).nbytes
    small = replace(cache, limit=round(3.5 * of_one))
    for age, subject in enumerate(subjects[:3]):
        PreparedSubject(subject, cache=small).load()
        newest = max(small.folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1000 + age, 1000 + age))
    PreparedSubject(subjects[0], cache=small).load()  # used again, so that b is the longest unused
    PreparedSubject(subjects[3], cache=small).load()
    for subject in subjects:
        PreparedSubject(subject, cache=replace(small, limit=10**9)).load()
    assert [subject.reads for subject in subjects] == [1, 2, 1, 1]


def test_a_case_larger_than_the_limit_is_still_drawn_from(read, cache):
    subject, tiny = read(), replace(cache, limit=10)
    for _ in range(2):
        np.testing.assert_array_equal(
            frames_of(PreparedSubject(subject, cache=tiny).load()), frames_of(subject.case)
        )  # fmt: skip


def test_a_folder_that_cannot_be_written_to_is_said_and_does_not_stop_the_work(read, tmp_path):
    (tmp_path / "a file").write_text("")
    subject = read()
    with pytest.warns(UserWarning, match=r"a file/kept: somebody could not be kept .* Choose a folder with space left"):
        case = PreparedSubject(subject, cache=PreparedCache(tmp_path / "a file" / "kept")).load()
    np.testing.assert_array_equal(frames_of(case), frames_of(subject.case))


def test_a_source_file_that_is_gone_is_reported_by_its_reader(read, cache):
    subject = read()
    subject.path.unlink()
    PreparedSubject(subject, cache=cache).load()
    assert subject.reads == 1
    assert not cache.folder.exists()


def _write_many(arguments):
    cache, key, case, times = arguments
    for _ in range(times):
        cache.write(key, case)
        kept = cache.read(key, case.name)
        assert kept is None or np.array_equal(frames_of(kept), frames_of(case))


def test_processes_that_keep_the_same_case_do_not_disturb_each_other(read, cache):
    case = read(shape=(4, 64, 64)).case
    workers = [
        multiprocessing.get_context("spawn").Process(target=_write_many, args=((cache, "key", case, 40),))
        for _ in range(2)
    ]  # fmt: skip
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    np.testing.assert_array_equal(frames_of(cache.read("key", "somebody")), frames_of(case))
    assert sorted(path.name for path in cache.folder.iterdir()) == ["key.json", "key.npy"]


def test_what_is_kept_is_readable_without_the_program(read, cache):
    PreparedSubject(read(), cache=cache).load()
    (about,) = cache.folder.glob("*.json")
    assert json.loads(about.read_text())["times"] == [0, 1, 2, 3, 4, 5]
    assert np.load(about.with_suffix(".npy")).shape == (6, 3, 10, 12)


def samples_of(source, count=6):
    return [source.draw(index % len(source), np.random.default_rng(index)) for index in range(count)]


@pytest.mark.parametrize("policy", ["endpoints", "triplets"])
@pytest.mark.parametrize(("crop", "scaling"), [("centre", "frame"), ("moving", "sequence")])
def test_samples_are_the_same_from_files_and_from_the_cache(acdc, tmp_path, policy, crop, scaling, monkeypatch):
    array = np.random.default_rng(0).integers(0, 900, (8, 3, 10, 12)).astype(np.int16)
    given = DataSettings("acdc", acdc(range(1, 5), ed=2, es=7, array=array), shape=(3, 8, 8), policy=policy)
    given = replace(given, crop=crop, scaling=scaling, validation=0.25, test=0.25)
    kept = replace(given, cache=tmp_path / "kept")
    plain = [samples_of(source) for source in sample_sources(given)]
    for _ in range(2):
        for expected, source in zip(plain, sample_sources(kept), strict=True):
            for one, other in zip(expected, samples_of(source), strict=True):
                assert one.t == other.t
                assert one.spacing == other.spacing
                for name in ("first", "last", "target"):
                    assert torch.equal(getattr(one, name), getattr(other, name))
        monkeypatch.setattr(acdc_dataset, "read_sequence", None)  # the second time nothing is read


def test_a_scan_of_4d_lung_keeps_six_of_its_ten_phases(lung_scan, tmp_path, monkeypatch):
    monkeypatch.setattr(lung4d, "PREPARED_SIZES", (32, 16))
    for number in range(4):
        root = lung_scan(patient=f"10{number}_HM10395", study=f"1457{number}")
    settings = DataSettings("lung4d", root, crop="centre", scaling="frame", validation=0.25, test=0.25)
    settings = replace(settings, cache=tmp_path / "kept")
    read, phase = [], lung4d._read_phase
    monkeypatch.setattr(lung4d, "_read_phase", lambda folder: read.append(folder) or phase(folder))
    training, validation = sample_sources(settings)
    assert len(validation) == 4  # phases 10 to 40 %
    samples_of(training, 2)
    assert len(read) == 3 * 6
    assert {np.load(path).shape for path in (tmp_path / "kept").glob("*.npy")} == {(6, 16, 16, 16)}
    assert sorted({round(sample.t, 2) for sample in samples_of(validation, 4)}) == [0.2, 0.4, 0.6, 0.8]
    samples_of(sample_sources(settings)[0], 2)
    assert len(read) == 3 * 6  # from the folder
    monkeypatch.setattr(lung4d, "PREPARED_SIZES", (32, 8))
    samples_of(sample_sources(settings)[0], 1)
    assert len(read) == 4 * 6
