"""Reports of checks: what they say, that nothing in a name can do harm, and that a file needs nothing else."""

import base64
import datetime
import html
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from drawn_sequences import beating_square
from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.registry import create_engine
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.evaluate import Evaluation, evaluate
from temporal_interp.evaluation.hold_out import every
from temporal_interp.figures.check_report import save_check_report
from temporal_interp.figures.report_content import report_content
from temporal_interp.figures.report_pictures import score_curves

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>$\\frac{$.nii.gz"


@pytest.fixture(scope="module")
def cine():
    return beating_square(count=5, shape=(2, 40, 50), k=1)


@pytest.fixture(scope="module")
def evaluation(cine):
    engines = [LinearBlend(), create_engine("cubic_blend")]
    return evaluate(cine, every(cine, 2), engines, patient="cine.nii.gz", keep_worst=2)


def written(cine, evaluation, tmp_path, **options):
    save_check_report(cine, evaluation, tmp_path / "r.html", **options)
    return (tmp_path / "r.html").read_text(encoding="utf-8")


def covered(evaluation, **shares):
    """The evaluation with these shares of errors within the intervals to expect, in every row."""
    return replace(evaluation, rows=[replace(row, measures={**row.measures, **shares}) for row in evaluation.rows])


class TestContent:
    def test_it_says_what_was_checked_with_what(self, cine, evaluation, tmp_path):
        text = html.unescape(written(cine, evaluation, tmp_path, device="cpu"))
        for words in (
            *("Check of cine.nii.gz", "5 acquired, 2 of them hidden", "50 x 40 x 2 voxels", "1 x 1.5 x 8 mm"),
            *("0 to 160 ms, every 40 ms", "every 2 frames kept", "linear blend", "cubic blend", "PyTorch", "int16"),
            *("moving dB", "Worst frames", "SYNTHETIC", "What this check does not say", "no basis for a diagnosis"),
        ):
            assert words in text, words

    def test_the_worst_frames_come_with_their_errors(self, cine, evaluation):
        report = report_content(cine, evaluation)
        assert [(one.engine, one.preset) for one in report.worst] == [("linear_blend", "native")] * 2 + [
            ("cubic_blend", "native")
        ] * 2
        blend = [row for row in evaluation.rows if row.engine == "linear_blend"]
        lowest = min(blend, key=lambda row: row.measures["psnr_moving"])
        assert report.worst[0].caption.startswith(f"frame {lowest.frame} at {lowest.index_value:g} ms")
        first = report.worst[0]
        assert first.acquired.size == first.synthetic.size == first.error.size
        assert np.asarray(first.error).any()
        assert (np.asarray(first.acquired) != np.asarray(first.synthetic)).any()

    def test_engines_that_are_alike_are_said_to_be(self, cine):
        alone = evaluate(cine, every(cine, 2), [LinearBlend()], patient="x")
        assert "beats" not in report_content(cine, alone).verdict
        assert "2 acquired frames were hidden" in report_content(cine, alone).verdict

    @pytest.mark.parametrize(
        ("blend", "other", "words"),
        [(20, 26.02, "50 % smaller"), (20, 20.05, "about as large"), (20, 15, "No engine beats the plain blend")],
    )
    def test_the_verdict_compares_with_the_blend(self, cine, evaluation, blend, other, words):
        moving = {"linear_blend": blend, "cubic_blend": other, "nearest_endpoint": 1}
        rows = [replace(r, measures={**r.measures, "psnr_moving": moving[r.engine]}) for r in evaluation.rows]
        assert words in report_content(cine, replace(evaluation, rows=rows)).verdict

    def test_coverage_is_said_where_it_was_measured_alone(self, cine, evaluation, tmp_path):
        assert "Expected error" not in written(cine, evaluation, tmp_path)
        text = written(cine, covered(evaluation, within_68=0.71, within_95=0.938), tmp_path)
        assert "68 % of the voxels where it moves held 71 %" in text
        assert "95 % of the voxels where it moves held 94 %" in text

    def test_uneven_times_loops_and_notes(self, cine):
        uneven = replace(cine, times=[0, 10, 50, 80, 200], period=260, slice_thickness=6, notes=["Times are guesses."])
        report = report_content(uneven, evaluate(uneven, every(uneven, 2), [LinearBlend()]))
        data = dict(report.data)
        assert data["Time"] == "0 to 200 ms, 10 to 120 ms apart"
        assert data["Loop"] == "yes, of 260 ms"
        assert "a slice shows 6 mm" in data["Spacing"]
        assert report.notes == ("Times are guesses.",)
        assert report.title == "a sequence"

    def test_frames_that_are_only_numbered_are_named_once(self, cine):
        numbered = replace(cine, times=range(5), index_name="frame", unit="")
        report = report_content(numbered, evaluate(numbered, every(numbered, 2), [LinearBlend()], keep_worst=2))
        assert {one.caption.partition(":")[0] for one in report.worst} == {"frame 1", "frame 3"}

    def test_single_frames_of_gaps_are_joined_by_a_line(self, cine, evaluation):
        for _, figure in score_curves(evaluation):
            lines = [line for line in figure.axes[0].get_lines() if len(line.get_xdata())]
            assert [list(line.get_xdata()) for line in lines] == [[40, 120]] * 3

    def test_the_date_is_that_of_the_report(self, cine, evaluation):
        report = report_content(cine, evaluation, now=datetime.datetime(2031, 2, 3, 4, 5))
        assert ("Date", "2031-02-03 04:05") in report.software

    def test_frames_with_voxels_that_are_no_numbers(self, cine, tmp_path):
        holed = replace(cine, volumes=[v.with_array(v.array.astype(np.float32)) for v in cine.volumes])
        for volume in holed.volumes:
            volume.array[:, :5] = np.nan
        made = evaluate(holed, every(holed, 2), [LinearBlend()], keep_worst=1)
        assert "SYNTHETIC" in written(holed, made, tmp_path)

    def test_without_kept_frames_there_are_no_pictures_of_them(self, cine, tmp_path):
        made = evaluate(cine, every(cine, 4), [LinearBlend()], preset="both")
        text = written(cine, made, tmp_path)
        assert "Worst frames" not in text
        assert "Scored as: uvi" in text

    def test_nothing_to_report(self, cine):
        with pytest.raises(InvalidInputError, match="no scores"):
            report_content(cine, Evaluation("x", "", "time", "ms", ()))


class TestFile:
    def test_names_do_no_harm(self, cine, evaluation, tmp_path):
        rows = [replace(row, engine=f"{row.engine} <b>$x_{{$</b>") for row in evaluation.rows]
        hostile = replace(evaluation, patient=HOSTILE, protocol=HOSTILE, rows=rows, unit="<i>$", kept={})
        text = written(replace(cine, notes=[HOSTILE], index_name="<u>"), hostile, tmp_path)
        assert "<script" not in text
        assert "<img src=x" not in text
        assert not re.search(r"</?[biu]>", text)
        assert html.escape(HOSTILE, quote=False)[:30] in text
        save_check_report(cine, hostile, tmp_path / "r.pdf")

    def test_it_needs_nothing_else(self, cine, evaluation, tmp_path):
        text = written(cine, evaluation, tmp_path)
        links = re.findall(r"""(?:src|srcset|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", text)
        assert links
        assert all(link.startswith("data:image/") for link in links)
        assert "http:" not in text
        assert "https:" not in text
        assert "default-src 'none'" in text
        pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", text)
        assert len(pictures) == 3 * 4
        for picture in pictures:
            Image.open(io.BytesIO(base64.b64decode(picture))).load()

    def test_a_pdf(self, cine, evaluation, tmp_path):
        named = replace(covered(evaluation, within_68=0.7), patient="Über 心臓.nii")
        save_check_report(cine, named, tmp_path / "r.pdf")
        content = (tmp_path / "r.pdf").read_bytes()
        assert content.startswith(b"%PDF-")
        assert int(re.search(rb"/Count (\d+)", content)[1]) >= 2

    def test_an_unknown_ending(self, cine, evaluation, tmp_path):
        with pytest.raises(InvalidInputError, match=r"\.html or \.pdf"):
            save_check_report(cine, evaluation, tmp_path / "r.docx")
        assert not list(tmp_path.iterdir())


def test_the_worst_frames_are_kept_without_their_fields(cine):
    made = evaluate(cine, every(cine, 4), [LinearBlend()], keep_worst=1)
    kept = [number for _, engine, number in made.kept if engine == "linear_blend"]
    assert kept == [made.worst("native", "linear_blend", 1)[0].frame]
    assert all(frame.displacement_first_to_t is None for frame in made.kept.values())
    everything = evaluate(cine, every(cine, 4), [LinearBlend()], keep_worst=99)
    assert {number for _, _, number in everything.kept} == {1, 2, 3}
