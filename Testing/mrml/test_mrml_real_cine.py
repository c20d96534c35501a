"""A real short-axis cine goes from its DICOM folder through the scene to files, and between core and Slicer."""

import numpy as np
import pytest
import slicer
from mrml_helpers import interpolate_between_items, item_arrays, item_values, multiply_item_rate, synthetic_marks

from temporal_interp.engines.blend import LinearBlend
from temporal_interp.io import read_sequence, write_sequence
from TemporalInterpLib.add_sequence import add_sequence_to_scene
from TemporalInterpLib.sequence_conversion import sequence_from_node


@pytest.fixture(scope="module")
def acquired(real_data):
    return read_sequence(real_data / "cine-sax-dicom")


def test_cine_is_interpolated_in_the_scene(acquired, scene):
    cine = add_sequence_to_scene(acquired, "Short axis")
    added = interpolate_between_items(cine.sequence, 0, 8, 7, LinearBlend())
    first, last = acquired.volumes[0].array, acquired.volumes[8].array
    made = item_arrays(added.sequence)
    assert synthetic_marks(added.sequence) == [False] + [True] * 7 + [False]
    assert made[0].tobytes() == first.tobytes()
    assert made[-1].tobytes() == last.tobytes()
    np.testing.assert_array_equal(made[2], np.rint(0.75 * first.astype(float) + 0.25 * last))
    assert made[2].dtype == np.uint16


@pytest.mark.parametrize("cyclic", [None, True])
def test_whole_cine_is_doubled_round_the_beat(acquired, scene, cyclic):
    cine = add_sequence_to_scene(acquired, "Short axis")
    added = multiply_item_rate(cine.sequence, 2, LinearBlend(), cyclic=cyclic)
    assert added.sequence.GetNumberOfDataNodes() == 50
    assert sequence_from_node(added.sequence).period == acquired.period == 830.0
    np.testing.assert_allclose(item_values(added.sequence)[::2], acquired.times, atol=1e-6)


def test_scene_gives_back_the_geometry_of_the_files(acquired, scene):
    back = sequence_from_node(add_sequence_to_scene(acquired, "Short axis").sequence)
    assert back.volumes[0].geometry.is_close(acquired.volumes[0].geometry)
    assert (back.index_name, back.unit) == (acquired.index_name, acquired.unit)


def test_file_saved_by_slicer_is_read_by_the_core_and_the_other_way_round(acquired, sequences_logic, tmp_path):
    cine = add_sequence_to_scene(acquired, "Short axis")
    added = interpolate_between_items(cine.sequence, 0, 8, 2, LinearBlend())
    by_slicer, by_core = tmp_path / "slicer.seq.nrrd", tmp_path / "core.seq.nrrd"
    storage = slicer.vtkMRMLVolumeSequenceStorageNode()
    storage.SetFileName(str(by_slicer))
    assert storage.WriteData(added.sequence)
    read = read_sequence(by_slicer)
    write_sequence(read, by_core)
    back = sequence_from_node(sequences_logic.AddSequence(str(by_core)))
    for sequence in (read, back):
        assert sequence.volumes[0].geometry.is_close(acquired.volumes[0].geometry)
        assert sequence.times == pytest.approx(item_values(added.sequence), abs=1e-6)
        assert [a.get("TemporalInterp.Engine") for a in sequence.item_attributes] == [
            None, "linear_blend", "linear_blend", None,
        ]  # fmt: skip
        for volume, array in zip(sequence.volumes, item_arrays(added.sequence), strict=True):
            np.testing.assert_array_equal(volume.array, array)
