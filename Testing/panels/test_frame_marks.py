"""What is written in the slice views: the truth about every frame, whatever is shown and whoever shows it."""

import time
from pathlib import Path

import numpy as np
import pytest
import slicer
from mrml_helpers import OBLIQUE, volume_node

from temporal_interp.data.provenance import Provenance
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from TemporalInterpLib import frame_marks
from TemporalInterpLib.add_sequence import add_sequence_to_scene
from TemporalInterpLib.instants import INSTANT_KEY, SHOWS_KEY, mark_of
from TemporalInterpLib.layout import COMPARISON, SIDE_BY_SIDE, register_layouts
from TemporalInterpLib.sequence_conversion import set_attributes
from TemporalInterpLib.short_time import short_time

MODULE = Path(__file__).parents[2] / "TemporalInterp" / "TemporalInterp.py"
MARK = Provenance("linear_blend", 0, 20, 0.5).as_attributes()


@pytest.fixture
def started(slicer_session):
    """Slicer has started with the module, whose panel nobody has opened."""
    slicer_session.load_module(MODULE)
    slicer_session.start_up()
    return slicer_session


@pytest.fixture
def result(scene, blob_frames):
    """A sequence with a synthetic item between two acquired ones, every 8.25 ms."""
    volumes = [Volume(frame, OBLIQUE) for frame in blob_frames(3)]
    return add_sequence_to_scene(Sequence(volumes, [0, 8.25, 16.5], item_attributes=[{}, MARK, {}]), "result")


def texts() -> set[str]:
    return set(frame_marks._marks.texts().values())


def composites():
    manager = slicer.app.layoutManager()
    return [manager.sliceWidget(name).mrmlSliceCompositeNode() for name in manager.sliceViewNames()]


def show(volume) -> None:
    for composite in composites():
        composite.SetBackgroundVolumeID(volume.GetID() if volume is not None else None)


def colour(name="Red"):
    return frame_marks._marks._views[name]._actor.GetTextProperty().GetColor()


class TestSequences:
    def test_every_frame_says_what_it_is(self, started, result):
        show(result.proxy)
        seen = []
        for number in (0, 1, 2, 1, 0):
            result.browser.SetSelectedItemNumber(number)
            seen += texts()
        assert seen == ["acquired 0 ms", "SYNTHETIC 8.25 ms", "acquired 16.5 ms", "SYNTHETIC 8.25 ms", "acquired 0 ms"]

    def test_orange_is_synthetic_and_blue_acquired(self, started, result):
        show(result.proxy)
        assert colour() == pytest.approx((0x56 / 255, 0xB4 / 255, 0xE9 / 255))
        result.browser.SetSelectedItemNumber(1)
        assert colour() == pytest.approx((0xE6 / 255, 0x9F / 255, 0.0))

    def test_an_acquired_sequence_gets_no_mark(self, started, cine):
        show(cine.proxy)
        assert texts() == {""}

    def test_what_slicer_writes_itself_does_not_touch_it(self, started, result):
        """It is an actor of its own in the renderer of the view."""
        show(result.proxy)
        window = slicer.app.layoutManager().sliceWidget("Red").sliceView().renderWindow()
        props = window.GetRenderers().GetFirstRenderer().GetViewProps()
        actors = [props.GetItemAsObject(n) for n in range(props.GetNumberOfItems())]
        assert [a.GetInput() for a in actors if a.IsA("vtkTextActor")] == ["acquired 0 ms"]

    @pytest.mark.parametrize(
        ("unit", "value", "text"),
        [("%", 25, "25 %"), ("", 2.5, "2.5"), ("ms", 116.6667, "116.7 ms"), ("ms", 36000123.25, "36000123.2 ms")],
    )
    def test_instants_in_every_unit(self, unit, value, text):
        assert short_time(value, unit) == text

    def test_the_item_that_is_shown_counts_where_the_master_has_more(self, started, result, cine):
        browser = cine.browser
        browser.AddSynchronizedSequenceNodeID(result.sequence.GetID())
        browser.SetSelectedItemNumber(1)  # 12.5 ms
        show(browser.GetProxyNode(result.sequence))
        assert texts() == {"SYNTHETIC 8.25 ms"}

    def test_error_maps_say_so(self, started, result):
        result.sequence.SetAttribute(SHOWS_KEY, "error")
        show(result.proxy)
        result.browser.SetSelectedItemNumber(1)
        assert texts() == {"error 8.25 ms"}

    def test_synthetic_slices_are_named(self, started, scene, blob_frames):
        volume = scene.AddNode(volume_node(blob_frames(1)[0], OBLIQUE))
        volume.SetAttribute("TemporalInterp.SyntheticSlices", "every 2nd")
        show(volume)
        assert texts() == {"SYNTHETIC slices"}


class TestVolumes:
    def test_a_volume_of_ours_and_a_copy_of_a_synthetic_one(self, started, scene, blob_frames):
        volume = scene.AddNode(volume_node(blob_frames(1)[0], OBLIQUE))
        show(volume)
        assert texts() == {""}
        set_attributes(volume, MARK)
        assert texts() == {"SYNTHETIC"}
        volume.SetAttribute(INSTANT_KEY, "116 ms")
        assert texts() == {"SYNTHETIC 116 ms"}
        for key in MARK:
            volume.RemoveAttribute(key)
        assert texts() == {"acquired 116 ms"}

    def test_a_volume_that_goes_takes_its_mark_along(self, started, scene, result):
        show(result.proxy)
        for node in (result.browser, result.proxy):
            scene.RemoveNode(node)
        assert texts() == {""}
        assert mark_of(result.proxy) is None

    def test_another_background_and_none(self, started, result, cine):
        show(result.proxy)
        composites()[0].SetBackgroundVolumeID(cine.proxy.GetID())
        assert sorted(frame_marks._marks.texts().values()) == ["", "acquired 0 ms", "acquired 0 ms"]
        show(None)
        assert texts() == {""}
        result.browser.SetSelectedItemNumber(1)
        assert texts() == {""}

    def test_a_sequence_that_is_not_watched_any_more_costs_nothing(self, started, result, cine):
        show(result.proxy)
        show(cine.proxy)
        view = frame_marks._marks._views["Red"]
        assert set(view._tags) == {view._composite, cine.proxy}


class TestViews:
    @pytest.mark.parametrize("layout", [SIDE_BY_SIDE, COMPARISON])
    def test_views_that_come_later_are_marked_too(self, started, result, layout):
        register_layouts()
        before = set(frame_marks._marks.texts())
        slicer.app.layoutManager().setLayout(layout)
        show(result.proxy)
        added = set(frame_marks._marks.texts()) - before
        assert added
        assert {frame_marks._marks.texts()[name] for name in added} == {"acquired 0 ms"}

    def test_the_preview_and_both_phases_side_by_side(self, cine, open_panel):
        widget = open_panel("linear_blend")
        widget.ui.timeSlider.value = 20
        assert texts() == {"SYNTHETIC 20 ms"}
        widget.ui.sideBySide.click()
        written = frame_marks._marks.texts()
        assert [written[name] for name in ("PhaseA", "Instant", "PhaseB")] == [
            "acquired 0 ms",
            "SYNTHETIC 20 ms",
            "acquired 50 ms",
        ]
        widget.ui.timeSlider.value = 50
        assert frame_marks._marks.texts()["Instant"] == "acquired 50 ms"

    def test_closing_the_scene_clears_the_marks_and_the_next_one_is_marked(self, started, scene, result, blob_frames):
        show(result.proxy)
        scene.Clear(0)
        assert texts() == {""}
        volumes = [Volume(frame, OBLIQUE) for frame in blob_frames(2)]
        again = add_sequence_to_scene(Sequence(volumes, [0, 10], item_attributes=[MARK, {}]), "again")
        show(again.proxy)
        assert texts() == {"SYNTHETIC 0 ms"}

    def test_they_stay_until_the_module_is_unloaded(self, started, result):
        show(result.proxy)
        view = slicer.app.layoutManager().sliceWidget("Red").sliceView().renderWindow()
        started.unload_modules()
        assert frame_marks._marks is None
        assert view.GetRenderers().GetFirstRenderer().GetViewProps().GetNumberOfItems() == 0
        result.browser.SetSelectedItemNumber(1)

    def test_the_module_opened_late_marks_once(self, cine, open_module):
        open_module()
        first = frame_marks._marks
        open_module()
        assert frame_marks._marks is first

    @pytest.mark.no_main_window
    def test_without_views(self, started, result):
        assert frame_marks._marks is None


def test_a_frame_costs_little(started, result):
    show(result.proxy)
    view = frame_marks._marks._views["Red"]
    costs = []
    for number in range(100):
        result.browser.SetSelectedItemNumber(number % 3)
        begun = time.perf_counter()
        view._show()
        costs.append(time.perf_counter() - begun)
    assert np.median(costs) < 1e-3


def test_a_result_is_marked_again_after_its_scene_was_saved_and_loaded(started, result, save_and_load):
    show(result.proxy)
    name = result.browser.GetName()
    save_and_load()
    browser = slicer.util.getNode(name)
    show(browser.GetProxyNode(browser.GetMasterSequenceNode()))
    browser.SetSelectedItemNumber(1)
    assert texts() == {"SYNTHETIC 8.25 ms"}
    assert browser.GetMasterSequenceNode().GetNthDataNode(1).GetName() == "SYNTHETIC 8.25 ms of result"
    browser.SetSelectedItemNumber(2)
    assert texts() == {"acquired 16.5 ms"}
