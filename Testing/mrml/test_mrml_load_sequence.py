"""A sequence goes from a folder of DICOM files into the scene."""

import numpy as np
import pytest
import slicer
from mrml_helpers import item_arrays, item_values

from temporal_interp.errors import AmbiguousInputError, InvalidInputError, no_progress
from TemporalInterpLib.background import run_to_end
from TemporalInterpLib.load_sequence import load_sequence_steps


def load(path, series=None, name=""):
    return run_to_end(load_sequence_steps(path, series, None, name), no_progress)


def test_a_stack_of_one_series_a_slice_is_loaded(scene, cases):
    added = load(cases / "d30 Über cine (SAX)")
    truth = np.load(cases.parent / "truth.npy")
    np.testing.assert_array_equal(np.stack(item_arrays(added.sequence)), truth)
    assert item_values(added.sequence) == [0, 30, 60, 90, 120, 150]
    assert added.sequence.GetName() == "d30 Über cine (SAX)"
    assert added.sequence.GetScene() is slicer.mrmlScene


def test_one_of_several_series_is_chosen(scene, cases):
    added = load(cases / "d12_flat", series="4CH", name="four chambers")
    assert added.sequence.GetNumberOfDataNodes() == 6
    assert added.sequence.GetName() == "four chambers"


@pytest.mark.parametrize(("series", "error"), [(None, AmbiguousInputError), ("77", InvalidInputError)])
def test_the_scene_stays_as_it_was_where_nothing_is_chosen(series, error, scene, cases):
    before = scene.GetNumberOfNodes()
    with pytest.raises(error, match="CINE 3CH"):
        load(cases / "d12_flat", series)
    assert scene.GetNumberOfNodes() == before
