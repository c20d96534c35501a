"""A scene that was saved while the preview was shown shows it again: the same instant, in the same views."""

from dataclasses import replace

import numpy as np
import pytest
import slicer
from mrml_helpers import item_arrays, put_in_scene
from panels.panel_helpers import SHIFT, blend, parameters_of, preview_of

from temporal_interp.data.geometry import Geometry
from TemporalInterpLib import preview as preview_module
from TemporalInterpLib.layout import SIDE_BY_SIDE, show_in_slice_views
from TemporalInterpLib.slice_views import PREVIEW_KEY, views_of

STRAIGHT = Geometry((4, 12, 16), (1.5, 1.25, 6.0), (0.0, 0.0, 0.0), ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
"""Slicer's slice views complain of themselves when they are loaded turned."""


@pytest.fixture
def cine(scene, blob_frames):
    return put_in_scene(blob_frames(5), STRAIGHT, times=[0, 12.5, 25, 37.5, 50])


@pytest.fixture
def answered(process_events_until):
    """Function that waits until the engine's frame is shown."""

    def wait(widget) -> None:
        preview = widget.panel.sections["preview"].preview
        process_events_until(lambda: not preview.doing, 30)
        assert preview.frame.provenance.engine == SHIFT.name

    return wait


@pytest.fixture
def saved(cine, open_panel, answered, save_and_load):
    """Function that opens the panel, shows an instant, and saves and loads the scene; returns the panel."""

    def run(instant: float = 20.0):
        widget = open_panel()
        show_in_slice_views(cine.proxy, fit=True)
        widget.ui.timeSlider.value = instant
        answered(widget)
        save_and_load()
        return widget

    return run


def turns(count: int = 20) -> None:
    for _ in range(count):
        slicer.app.processEvents()


def shown_in(name: str) -> slicer.vtkMRMLNode | None:
    composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
    return slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")


def images() -> list[slicer.vtkMRMLNode]:
    return [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if node.GetName() == "cine"]


def voxels(widget) -> np.ndarray:
    return slicer.util.arrayFromVolume(preview_of(widget))


def test_the_instant_is_shown_again_and_the_engine_answers(saved, answered):
    widget = saved()
    parameters = parameters_of(widget)
    assert (parameters.sequence.GetName(), parameters.firstPhase, parameters.lastPhase) == ("cine", 0, 4)
    assert parameters.instant == 20
    assert shown_in("Red") is preview_of(widget)
    frames = item_arrays(parameters.sequence)
    np.testing.assert_array_equal(voxels(widget), blend(frames[0], frames[4], 0.4))
    answered(widget)
    assert widget.ui.instantLabel.text == "SYNTHETIC 20 ms"
    assert widget.ui.previewStatus.text.startswith("By the known motion")
    assert widget.ui.showInstant.isHidden()


def test_the_views_stay_where_they_were(cine, open_panel, save_and_load):
    widget = open_panel()
    widget.ui.timeSlider.value = 20
    red = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    red.SetFieldOfView(31.0, 31.0, 1.0)
    red.SetSliceOffset(6.0)
    save_and_load()
    assert preview_of(widget) is not None
    assert red.GetSliceOffset() == 6
    assert red.GetFieldOfView()[0] == pytest.approx(31, rel=0.01)


def test_the_images_are_behind_it(saved, dialogs):
    widget = saved()
    widget.panel.stop()
    widget.use_scene()
    assert preview_of(widget) is None
    assert shown_in("Red") is images()[0]


def test_also_where_no_images_were_shown_before(cine, open_panel, save_and_load):
    widget = open_panel()
    widget.ui.timeSlider.value = 20
    save_and_load()
    assert shown_in("Red") is preview_of(widget)


def test_what_else_was_shown_is_shown_and_no_preview(cine, open_panel, save_and_load):
    widget = open_panel()
    widget.ui.timeSlider.value = 20
    show_in_slice_views(cine.proxy, fit=False)
    save_and_load()
    assert preview_of(widget) is None
    assert [shown_in("Red")] == images()
    assert widget.ui.showInstant.text == "Show the frame at 20 ms"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_entered_later_it_comes_where_the_views_are_as_they_were_loaded(saved, elsewhere, open_panel):
    widget = saved()
    widget.panel.stop()
    for view in views_of(slicer.mrmlScene):  # as they are where the module was not there to see the scene come
        view.SetBackgroundVolumeID(images()[0].GetID())
        view.SetAttribute(PREVIEW_KEY, view.GetBackgroundVolumeID())
    if elsewhere:
        slicer.util.setSliceViewerLayers(background=slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode"))
    widget.enter()
    assert (preview_of(widget) is None) == elsewhere
    widget.exit()
    slicer.util.setSliceViewerLayers(background=images()[0])
    widget.panel.stop()
    widget.enter()
    assert preview_of(widget) is None, "it comes back once"


def test_side_by_side_comes_back(cine, open_panel, save_and_load):
    widget = open_panel()
    show_in_slice_views(cine.proxy, fit=True)
    widget.ui.timeSlider.value = 20
    widget.ui.sideBySide.click()
    save_and_load()
    assert slicer.app.layoutManager().layout == SIDE_BY_SIDE
    names = [shown_in(name).GetName() for name in ("PhaseA", "Instant", "PhaseB")]
    assert names == ["acquired 0 ms", "SYNTHETIC 20 ms", "acquired 50 ms"]


class TestWhereTheEngineTakesLong:
    @pytest.fixture(params=[preview_module.BLENDED_AT_ONCE, 0], ids=["blended at once", "blended in a while"])
    def loaded(self, request, saved, engines, monkeypatch, process_events_until):
        """The panel after a scene of large images was loaded; engines that were made since are in `engines.made`."""
        monkeypatch.setattr(preview_module, "FITTED_AT_ONCE", 0)
        monkeypatch.setattr(preview_module, "BLENDED_AT_ONCE", request.param)
        widget = saved()
        engines.made.clear()
        preview = widget.panel.sections["preview"].preview
        process_events_until(lambda: not preview.doing)
        turns()
        return widget

    def test_it_waits_and_says_what_to_do(self, loaded, engines):
        assert loaded.ui.instantLabel.text == "SYNTHETIC 20 ms"
        assert "waits until you ask for it" in loaded.ui.previewStatus.text
        assert loaded.ui.showInstant.text == "Compute the frame at 20 ms"
        assert not loaded.ui.showInstant.isHidden()
        assert engines.made == []

    def test_nodes_that_come_do_not_start_it(self, loaded, engines):
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")
        turns()
        assert engines.made == []
        assert not loaded.ui.showInstant.isHidden()

    def test_the_button_asks_it(self, loaded, answered):
        loaded.ui.showInstant.click()
        assert loaded.ui.previewStatus.text.startswith("Linear blend for now")
        answered(loaded)
        assert loaded.ui.showInstant.isHidden()

    def test_so_does_the_slider(self, loaded, answered):
        loaded.ui.timeSlider.value = 30
        answered(loaded)
        assert loaded.ui.instantLabel.text == "SYNTHETIC 30 ms"
        assert loaded.ui.showInstant.isHidden()


def test_slices_that_are_fitted_one_by_one_need_not_be_asked_for(
    scene, blob_frames, open_panel, save_and_load, monkeypatch, answered
):
    monkeypatch.setattr(preview_module, "FITTED_AT_ONCE", 0)
    apart = replace(STRAIGHT, spacing=(1.5, 1.25, 20.0))
    put_in_scene(blob_frames(5), apart, times=[0, 12.5, 25, 37.5, 50])
    widget = open_panel()
    widget.ui.timeSlider.value = 20
    save_and_load()
    answered(widget)


def test_without_the_packages_the_blend_is_shown_and_it_says_what_to_install(saved, monkeypatch):
    widget = saved()
    monkeypatch.setattr("TemporalInterpLib.engines.engines_can_run", lambda: False)
    widget.panel.stop()
    for view in views_of(slicer.mrmlScene):
        view.SetAttribute(PREVIEW_KEY, view.GetBackgroundVolumeID() or "nothing")
    widget.enter()
    assert widget.ui.instantLabel.text == "SYNTHETIC 20 ms"
    assert "install them with the button at the top. The linear blend needs none." in widget.ui.previewStatus.text
