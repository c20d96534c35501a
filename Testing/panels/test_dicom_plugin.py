"""The reader in Slicer's DICOM module, on a stand-in of DICOMLib."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import slicer
from harness import dicom_lib
from mrml_helpers import item_arrays, item_values

from dicom_files import write_dicom_stack

MODULE = Path(__file__).parents[2] / "TemporalInterp" / "TemporalInterp.py"

SCALAR_VOLUME, IMAGE_SEQUENCE = 0.5, 1.05


@pytest.fixture
def dicom_support(monkeypatch):
    module = ModuleType("DICOMLib")
    module.DICOMLoadable, module.DICOMPlugin = dicom_lib.DICOMLoadable, dicom_lib.DICOMPlugin
    monkeypatch.setitem(sys.modules, "DICOMLib", module)


@pytest.fixture
def plugin(dicom_support, slicer_session):
    slicer_session.load_module(MODULE)
    return slicer.modules.dicomPlugins["TemporalInterpDICOMPlugin"]()


def by_series(folder: Path) -> list[list[str]]:
    """As Slicer gives the files: a list for every series."""
    found: dict[str, list[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.setdefault(dicom_lib.Database().fileValue(str(file), "0020,000e"), []).append(str(file))
    return list(found.values())


def test_without_the_dicom_module_the_module_loads(slicer_session):
    slicer_session.load_module(MODULE)
    assert not hasattr(slicer.modules, "dicomPlugins")


def test_other_plug_ins_stay(dicom_support, slicer_session):
    slicer.modules.dicomPlugins = {"Other": object}
    slicer_session.load_module(MODULE)
    assert set(slicer.modules.dicomPlugins) == {"Other", "TemporalInterpDICOMPlugin"}


def test_a_stack_of_a_series_a_slice_is_one_sequence(plugin, scene, cases):
    lists = by_series(cases / "d30 Über cine (SAX)")
    assert len(lists) == 3
    stack, *further = plugin.examineForImport(lists)
    assert stack.confidence > IMAGE_SEQUENCE
    assert sorted(stack.files) == sorted(file for files in lists for file in files)
    assert "3 slices x 6 frames" in stack.name
    assert all("part of" in one.name for one in further)
    volume = plugin.load(stack)
    (sequence,) = slicer.util.getNodesByClass("vtkMRMLSequenceNode")
    np.testing.assert_array_equal(np.stack(item_arrays(sequence)), np.load(cases.parent / "truth.npy"))
    assert item_values(sequence) == [0, 30, 60, 90, 120, 150]
    assert plugin.in_hierarchy == [(stack, volume)]


def test_what_was_loaded_is_shown_and_played_from_the_toolbar(plugin, scene, cases, slicer_session):
    stack, *_ = plugin.examineForImport(by_series(cases / "d30 Über cine (SAX)"))
    volume = plugin.load(stack)
    red = slicer.app.layoutManager().sliceWidget("Red").sliceLogic().GetSliceCompositeNode()
    assert red.GetBackgroundVolumeID() == volume.GetID()
    assert slicer_session.in_toolbar == slicer.util.getNodesByClass("vtkMRMLSequenceBrowserNode")


def test_nothing_else_loads_a_slice_of_the_stack_beside_it(plugin, scene, cases):
    database, lists = dicom_lib.Database(), by_series(cases / "d30 Über cine (SAX)")
    others = []
    for files in lists:
        for confidence in (SCALAR_VOLUME, IMAGE_SEQUENCE):
            other = dicom_lib.DICOMLoadable()
            other.files, other.confidence = files, confidence
            others.append(other)
    selected = dicom_lib.select_most_confident([*plugin.examineForImport(lists), *others], database)
    assert not set(map(id, selected)) & set(map(id, others))
    volumes = [plugin.load(loadable) for loadable in selected]
    assert len(selected) == 3
    assert len({volume.GetID() for volume in volumes}) == 1
    assert len(slicer.util.getNodesByClass("vtkMRMLSequenceNode")) == 1


def test_a_stack_is_loaded_anew_when_it_is_asked_for_again(plugin, scene, cases):
    stack, second, *_ = plugin.examineForImport(by_series(cases / "d30 Über cine (SAX)"))
    assert plugin.load(second) is not None  # the user took this one alone
    assert plugin.load(stack).GetID() != plugin.load(stack).GetID()
    assert len(slicer.util.getNodesByClass("vtkMRMLSequenceNode")) == 3


@pytest.mark.parametrize("case", ["d1_ge_pct_one", "d3_philips_random_instance", "d2b_T00", "e1_plain.dcm"])
def test_phases_that_the_headers_tell_are_certain(plugin, cases, case):
    path = cases / case
    best = plugin.examineForImport(by_series(path) if path.is_dir() else [[str(path)]])[0]
    assert best.confidence > IMAGE_SEQUENCE
    assert best.selected


@pytest.mark.parametrize("case", ["real_siemens_dyn", "u5_ftv.dcm", "u1_rgb.dcm", "d7b_contenttime", "d6_dup_trigger"])
def test_what_only_clocks_tell_and_clips_are_left_to_others(plugin, cases, case):
    path = cases / case
    loadables = plugin.examineForImport(by_series(path) if path.is_dir() else [[str(path)]])
    assert all(loadable.confidence < SCALAR_VOLUME and not loadable.selected for loadable in loadables)


def test_a_stack_that_is_not_certain_is_offered_once(plugin, cases):
    (loadable,) = plugin.examineForImport(by_series(cases / "d7_series_per_time"))
    assert "time of acquisition" in loadable.warning
    assert loadable.confidence < SCALAR_VOLUME


def test_of_components_only_the_magnitude_is_certain(plugin, cases):
    found = plugin.examineForImport(by_series(cases / "d5b_mag_phase"))
    assert [loadable.confidence > IMAGE_SEQUENCE for loadable in found] == [True, False]


@pytest.mark.parametrize("case", ["d31_stack_slice_repeated", "d32_missing_image", "d38_gantry_tilt"])
def test_what_cannot_be_read_is_not_offered(plugin, cases, case):
    assert plugin.examineForImport(by_series(cases / case)) == []


def test_warnings_say_what_was_assumed(plugin, real_data):
    stack, *further = plugin.examineForImport(by_series(real_data / "cine-sax-dicom"))
    assert "RR interval differs" in stack.warning
    assert "6 slices x 25 frames" in stack.name
    assert len(further) == 5


def test_a_file_that_is_gone_says_so_and_nothing_is_added(plugin, scene, tmp_path, caplog):
    folder = write_dicom_stack(tmp_path)
    stack, *_ = plugin.examineForImport(by_series(folder))
    before = scene.GetNumberOfNodes()
    Path(stack.files[0]).unlink()
    assert plugin.load(stack) is None
    assert Path(stack.files[0]).name in caplog.text
    assert scene.GetNumberOfNodes() == before


def test_single_volumes_are_not_even_read(plugin, tmp_path, monkeypatch):
    folder = write_dicom_stack(tmp_path, phases=1)
    monkeypatch.setattr(slicer, "dicomDatabase", dicom_lib.Database(), raising=False)
    monkeypatch.setattr("temporal_interp.io.survey_of_dicom_files", None)  # would fail
    assert plugin.examineForImport(by_series(folder)) == []


def test_files_are_looked_at_once(plugin, tmp_path, monkeypatch):
    lists = by_series(write_dicom_stack(tmp_path))
    first = plugin.examineForImport(lists)
    assert first
    monkeypatch.setattr("temporal_interp.io.survey_of_dicom_files", None)  # would fail
    assert plugin.examine(lists) is first


def test_without_the_readers_packages_nothing_is_offered(plugin, tmp_path, monkeypatch):
    from TemporalInterpLib import dicom_plugin

    monkeypatch.setattr(dicom_plugin, "files_can_be_read", lambda: False)
    assert plugin.examineForImport(by_series(write_dicom_stack(tmp_path))) == []
