"""Evaluation over a data set: who is scored, from which endpoint to which, and what happens when one cannot be."""

from dataclasses import replace

import numpy as np
import pytest

from stand_in_engines import StandIn, shifted
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.errors import CancelledError, InvalidInputError
from temporal_interp.evaluation.dataset import ScoredSubjects, evaluate_subjects, subjects_to_score
from temporal_interp.evaluation.literature import SOURCE, TABLE_1
from temporal_interp.evaluation.report import as_text
from temporal_interp.evaluation.summary import as_table_1, as_tables, summarise
from temporal_interp.tensors import metrics
from temporal_interp.training.datasets import lung4d, phantoms
from temporal_interp.training.datasets.catalogue import DataSettings, open_split
from temporal_interp.training.datasets.subject import LoadedSubject

FRAMES = np.random.default_rng(0).integers(0, 900, (8, 2, 10, 12)).astype(np.int16)


def still(settings=""):
    """Repeats the first frame and claims that nothing moved."""
    return StandIn(shifted(), name="still", settings=settings)


def names(chosen):
    return [subject.name for subject in chosen.subjects]


def chosen_from(subjects, dataset="folder", split="all"):
    return ScoredSubjects(dataset, split, tuple(subjects), len(subjects))


@pytest.fixture
def folder(tmp_path, save_nifti):
    """Seven sequences of 8 frames."""
    for number in range(7):
        save_nifti(FRAMES, tmp_path / "folder" / f"cine{number}.nii.gz")
    return tmp_path / "folder"


@pytest.fixture
def make_heart():
    """Function that gives a phantom of one slice and 9 frames, by its number."""
    hearts = phantoms.phantom_subjects(3, dimensions=2, frames=9)
    return lambda number: hearts[number]


class TestSubjectsToScore:
    def test_acdc_is_the_test_set_of_the_literature(self, acdc):
        chosen = subjects_to_score("acdc", acdc(range(1, 105)))
        assert names(chosen) == [f"patient{number:03d}" for number in range(91, 101)]
        assert chosen.description == "acdc: 10 of 10 test subjects of the paper split"
        assert chosen.as_in_the_paper

    def test_fewer_subjects_are_the_first_ones_and_no_longer_those_of_the_paper(self, acdc):
        chosen = subjects_to_score("acdc", acdc(range(1, 101)), count=2)
        assert names(chosen) == ["patient091", "patient092"]
        assert chosen.description == "acdc: 2 of 10 test subjects of the paper split"
        assert not chosen.as_in_the_paper

    @pytest.mark.parametrize("validation", [0.1, 0.3])
    def test_the_random_split_is_the_one_that_training_leaves_out(self, validation, folder):
        trained = open_split(DataSettings("folder", folder, validation=validation))
        chosen = subjects_to_score("folder", folder)
        assert chosen.split == "random"
        assert names(chosen) == [subject.name for subject in trained.test]
        assert not set(names(chosen)) & {subject.name for subject in trained.train + trained.validation}

    def test_all_takes_every_subject_and_needs_no_partition(self, acdc, folder):
        chosen = subjects_to_score("acdc", acdc([7, 101]), split="all")
        assert names(chosen) == ["patient007", "patient101"]
        assert not chosen.as_in_the_paper
        assert len(subjects_to_score("folder", folder, split="all").subjects) == 7

    def test_phantoms_are_those_that_no_training_is_given(self):
        chosen = subjects_to_score("phantoms", count=3)
        settings = DataSettings("phantoms", validation_subjects=3)
        assert chosen.subjects == open_split(settings).test
        assert len(subjects_to_score("phantoms").subjects) == 10
        assert not chosen.as_in_the_paper

    @pytest.mark.parametrize(
        ("dataset", "options", "words"),
        [
            ("synthetic", {}, "no data set to score on 'synthetic'; choose one of acdc, lung4d, folder, phantoms"),
            ("phantoms", {"split": "test"}, "no split 'test'; choose one of paper, random, all"),
            ("phantoms", {"split": "paper"}, "no split 'paper'"),
            ("phantoms", {"count": 0}, "at least 1, got 0"),
            ("acdc", {}, "the folder of the data set"),
            ("lung4d", {"split": "all"}, "the folder of the data set"),
        ],
    )
    def test_what_cannot_be_chosen_is_refused(self, dataset, options, words):
        with pytest.raises(InvalidInputError, match=words):
            subjects_to_score(dataset, **options)

    def test_the_literature_has_no_split_of_your_folder(self, folder):
        with pytest.raises(InvalidInputError, match="no split of your folder"):
            subjects_to_score("folder", folder, split="paper")


class TestEvaluateSubjects:
    def test_acdc_is_scored_from_end_diastole_to_end_systole_under_both_presets(self, acdc):
        chosen = subjects_to_score("acdc", acdc([3, 4], ed=2, es=5, array=FRAMES), split="all")
        one, other = evaluate_subjects(chosen, [LinearBlend()])
        assert (one.patient, other.patient) == ("patient003", "patient004")
        for evaluation in (one, other):
            rows = [(r.preset, r.patient, r.first, r.last, r.frame) for r in evaluation.rows if "blend" in r.engine]
            assert rows == [(p, evaluation.patient, 1, 4, n) for p in ("native", "uvi") for n in (2, 3)]
            assert [r.t for r in evaluation.rows[:2]] == pytest.approx([1 / 3, 2 / 3])

    def test_4d_lung_is_scored_between_its_phases_frame_by_frame_and_not_cropped(self, lung_scan, monkeypatch):
        monkeypatch.setattr(lung4d, "PREPARED_SIZES", (32, 16))
        chosen = subjects_to_score("lung4d", lung_scan(), split="all")
        (evaluation,) = evaluate_subjects(chosen, [LinearBlend()])
        assert {r.preset for r in evaluation.rows} == {"native", "uvi_lung"}
        rows = [r for r in evaluation.rows if (r.preset, r.engine) == ("uvi_lung", "nearest_endpoint")]
        assert [(r.first, r.last, r.frame, r.t) for r in rows] == [(0, 5, n, n / 5) for n in (1, 2, 3, 4)]
        arrays = [volume.array.astype(float) for volume in chosen.subjects[0].load().sequence.volumes]
        first, truth = ((arrays[n] - arrays[n].min()) / np.ptp(arrays[n]) for n in (0, 2))
        assert rows[1].measures["psnr"] == pytest.approx(metrics.psnr(first, truth), rel=1e-5)

    def test_phantoms_give_the_end_point_error(self, make_heart):
        chosen = chosen_from([make_heart(0)], "phantoms", "random")
        (evaluation,) = evaluate_subjects(chosen, [still()])
        rows = [r.measures for r in evaluation.rows if r.engine == "still"]
        assert {r.preset for r in evaluation.rows} == {"native"}
        assert all(row["epe_mm"] == row["epe_still_mm"] > 1 for row in rows)
        assert "EPE mm" in as_text(as_tables(summarise([evaluation])))

    def test_a_subject_that_cannot_be_read_is_named_and_stops_the_work(self, acdc):
        acdc([3], array=FRAMES)
        chosen = subjects_to_score("acdc", acdc([4]), split="all")
        with pytest.raises(InvalidInputError, match=r"^patient004: .*patient004_4d.nii.gz"):
            evaluate_subjects(chosen, [LinearBlend()])

    def test_a_subject_that_cannot_be_scored_is_named(self, acdc):
        frames = FRAMES.copy()
        frames[2] = 0
        chosen = subjects_to_score("acdc", acdc([3], array=frames), split="all")
        with pytest.raises(InvalidInputError, match=r"^patient003: Frame 2 is constant"):
            evaluate_subjects(chosen, [LinearBlend()], preset="uvi")

    def test_an_unknown_preset_is_refused_before_a_subject_is_read(self):
        class Unreadable:
            name = "nobody"

            def load(self):
                raise AssertionError

        with pytest.raises(InvalidInputError, match="no preset 'best'"):
            evaluate_subjects(chosen_from([Unreadable()]), [LinearBlend()], preset="best")

    def test_progress_rises_over_all_subjects_and_names_them(self, make_heart):
        told = []
        subjects = [make_heart(0), make_heart(1)]
        evaluate_subjects(
            chosen_from(subjects), [LinearBlend()], progress=lambda fraction, words: told.append((fraction, words))
        )
        fractions = [fraction for fraction, _ in told]
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, pytest.approx(1.0))
        assert told[0][1] == f"{subjects[0].name}: reading"
        assert (0.5, f"{subjects[1].name}: reading") in told

    def test_the_work_can_be_cancelled_before_a_subject_is_read(self, make_heart):
        read = []

        class Watched(LoadedSubject):
            def load(self):
                read.append(self.name)
                return super().load()

        def cancel(fraction, message):
            if message == f"{subjects[1].name}: reading":
                raise CancelledError

        subjects = [Watched(make_heart(number).load()) for number in (0, 1)]
        with pytest.raises(CancelledError):
            evaluate_subjects(chosen_from(subjects), [], progress=cancel)
        assert read == [subjects[0].name]


class TestTable1:
    """The published figures beside measured ones."""

    def test_quoted_figures_are_below_the_measured_ones_and_marked_as_such(self, acdc):
        chosen = subjects_to_score("acdc", acdc([3], array=FRAMES), split="all")
        summaries = summarise(evaluate_subjects(chosen, [LinearBlend()], preset="uvi"))
        table = as_table_1(summaries, TABLE_1["acdc"], title="acdc", caption=f"quoted: {SOURCE}")
        text = as_text([table])
        lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
        assert [line[:2] for line in lines[:2]] == [
            ["nearest endpoint", "measured here"],
            ["linear blend", "measured here"],
        ]
        assert {line[1] for line in lines[2:]} == {"quoted"}
        assert lines[-1] == ["TM-MSDF", "quoted", "35.21", "0.579", "0.982", "1.869"]
        assert lines[1][2] == f"{summaries[1].means['psnr']:.2f}"
        assert SOURCE in text

    def test_every_table_fits_100_columns(self, acdc):
        chosen = subjects_to_score("acdc", acdc([3], array=FRAMES), split="all")
        summaries = summarise(evaluate_subjects(chosen, [LinearBlend()]))
        engines = ("nearest_endpoint", "velocity_field", "cubic_blend", "linear_blend", "student")
        summaries = [replace(s, engine=name) for s in summaries[::2] for name in engines]
        tables = as_tables(summaries, title=chosen.description)
        assert len(tables) == 2
        lines = as_text(tables, width=100).splitlines()
        assert max(len(line) for line in lines) <= 100
        assert all(any(word in line for line in lines) for word in ("velocity field", "nearest endpoint", "student"))
