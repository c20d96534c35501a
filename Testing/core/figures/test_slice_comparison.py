"""Pictures of slices put back: which way the patient lies, true shapes, and what is said to be synthetic."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from temporal_interp.data.geometry import Geometry
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.slice_methods import ClassicalSlices
from temporal_interp.evaluation.slice_table import evaluate_slices
from temporal_interp.figures import slice_comparison
from temporal_interp.figures.canvas import ACQUIRED, SYNTHETIC
from temporal_interp.figures.slice_comparison import save_slice_comparison, sides_of
from temporal_interp.slices.classical import Classical
from temporal_interp.slices.degradation import Degradation

STRAIGHT = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
TURNED = ((-1, 0, 0), (0, -1, 0), (0, 0, -1))
"""Columns run to the patient's right, rows to the front, slices to the feet; a left-handed grid."""

METHODS = [ClassicalSlices(method) for method in (Classical.NEAREST, Classical.LINEAR, Classical.CUBIC)]


def evaluated(shape=(21, 32, 40), spacing=(0.8, 0.5, 1.5), direction=STRAIGHT, degradation=Degradation.DIRECT):
    array = np.random.default_rng(0).random(shape)
    volume = Volume(array, Geometry(shape, spacing, direction=direction))
    return evaluate_slices(volume, 2, degradation, METHODS)


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draws a comparison and returns the figure."""

    def draw(evaluation, cut, **options):
        figures = []
        monkeypatch.setattr(slice_comparison, "save", lambda figure, path: figures.append(figure))
        save_slice_comparison(evaluation, cut, tmp_path / "none.png", methods=["linear"], **options)
        figures[0].canvas.draw()
        return figures[0]

    return draw


@pytest.mark.parametrize(
    ("direction", "sagittal", "coronal"),
    [
        (STRAIGHT, (("I", "S", False), ("A", "P", False)), (("I", "S", False), ("R", "L", False))),
        (TURNED, (("I", "S", True), ("A", "P", True)), (("I", "S", True), ("R", "L", True))),
        # tilted by 30 degrees about x
        (
            ((1, 0, 0), (0, np.sqrt(0.75), -0.5), (0, 0.5, np.sqrt(0.75))),
            (("I", "S", False), ("A", "P", False)),
            (("I", "S", False), ("R", "L", False)),
        ),
        # coronal slices from front to back, rows to the feet: seen along J the picture is an axial one, front up
        (
            ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
            (("P", "A", True), ("I", "S", True)),
            (("P", "A", True), ("R", "L", False)),
        ),
    ],
)
def test_the_head_is_up_and_the_left_and_the_back_are_right(direction, sagittal, coronal):
    for cut, expected in zip(evaluated(direction=direction).cuts, (sagittal, coronal), strict=True):
        assert tuple((side.start, side.end, side.reversed) for side in sides_of(cut)) == expected


@pytest.mark.parametrize(("direction", "sign"), [(STRAIGHT, 1), (TURNED, -1)])
def test_pictures_are_turned_and_their_pixels_have_their_true_shape(drawn, direction, sign):
    evaluation = evaluated(direction=direction)
    for cut, spacing in zip(evaluation.cuts, (0.5, 0.8), strict=True):
        figure = drawn(evaluation, cut)
        pictures = [axes for axes in figure.axes if axes.images]
        assert len(pictures) == 3 + 3 + 2  # whole, detail, error
        for axes in pictures:
            places = axes.transData.transform([(0, 0), (3, 0), (0, 3)])
            (right, level), (upright, up) = (places[1] - places[0]) / spacing, (places[2] - places[0]) / 1.5
            assert right * sign == pytest.approx(up * sign, rel=1e-6)
            assert right * sign > 0
            assert abs(level) + abs(upright) < 1e-6


@pytest.mark.parametrize("shape", [(21, 32, 40), (161, 20, 20)])
def test_pictures_of_one_method_stand_above_one_another(drawn, shape):
    evaluation = evaluated(shape)
    pictures = [axes.get_position() for axes in drawn(evaluation, evaluation.cuts[0]).axes if axes.images]
    for column in range(3):
        boxes = pictures[3 * column : 3 * column + 3]
        assert [box.x0 for box in boxes] == pytest.approx([boxes[0].x0] * len(boxes), abs=1e-9)
        assert [box.width for box in boxes] == pytest.approx([boxes[0].width] * len(boxes), abs=1e-9)
        assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))


def test_rows_show_the_whole_the_detail_and_the_error(drawn):
    evaluation = evaluated()
    cut = evaluation.cuts[1]
    pictures = [axes.images[0].get_array() for axes in drawn(evaluation, cut).axes if axes.images]
    for column, name in enumerate(("nearest", "linear")):
        np.testing.assert_array_equal(pictures[3 * column], cut.images[name])
        np.testing.assert_array_equal(pictures[3 * column + 1], cut.images[name][cut.detail])
        np.testing.assert_array_equal(pictures[3 * column + 2], np.abs(cut.images[name] - cut.truth)[cut.detail])
    np.testing.assert_array_equal(pictures[6], cut.truth)


def test_maps_share_one_scale_and_details_one_range_of_greys(drawn):
    evaluation = evaluated()
    images = [axes.images[0] for axes in drawn(evaluation, evaluation.cuts[0]).axes if axes.images]
    details, maps = [images[n] for n in (1, 4, 7)], [images[n] for n in (2, 5)]
    assert len({image.get_clim() for image in details}) == 1
    assert len({image.get_clim() for image in maps}) == 1


def test_words_say_what_is_shown(drawn):
    evaluation = evaluated(degradation=Degradation.BLURRED)
    figure = drawn(evaluation, evaluation.cuts[0], title="chest.nrrd")
    assert figure.get_suptitle().startswith("chest.nrrd  sagittal view, every 2nd slice given, blurred and with noise")
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [
        f"given, repeated\n{evaluation.scores['nearest'].psnr:.2f} dB",
        f"linear\n{evaluation.scores['linear'].psnr:.2f} dB",
        "truth",
    ]
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert words.count("SYNTHETIC") == 1  # the linear one
    assert [words.count(word) for word in ("repeated", "acquired", "S", "A")] == [1, 1, 1, 1]


@pytest.mark.parametrize("shape", [(3, 40, 30), (81, 20, 20), (9, 20, 1), (21, 32, 40)])
def test_volumes_of_every_shape_are_drawn(tmp_path, shape):
    evaluation = evaluated(shape)
    for cut in evaluation.cuts:
        path = tmp_path / f"{cut.view}.png"
        save_slice_comparison(evaluation, cut, path, methods=[evaluation.best_classical])
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        for colour in (ACQUIRED, SYNTHETIC):
            wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
            assert (np.abs(pixels - wanted).max(axis=-1) <= 2).any()


def test_methods_without_error_can_be_drawn(tmp_path):
    evaluation = evaluated()
    cut = evaluation.cuts[0]
    cut.images.update(nearest=cut.truth, linear=cut.truth)
    save_slice_comparison(evaluation, cut, tmp_path / "perfect.png", methods=["linear"])
    assert (tmp_path / "perfect.png").exists()


def test_other_endings_are_refused(tmp_path):
    evaluation = evaluated()
    with pytest.raises(InvalidInputError, match="no known ending of a picture"):
        save_slice_comparison(evaluation, evaluation.cuts[0], tmp_path / "picture.doc", methods=["linear"])
    assert not list(tmp_path.iterdir())
