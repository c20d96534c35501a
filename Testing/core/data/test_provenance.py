"""A synthetic frame says that it is one, and how it came about."""

import temporal_interp
from temporal_interp.data.provenance import PREFIX, SYNTHETIC_KEY, Provenance, is_synthetic


def test_attributes_say_everything_in_text():
    provenance = Provenance("student", 40.0, 80.5, 0.25, "steps=7", "ACDC small 1.0", "ab12", (40.0, 80.5, 0.0))
    assert provenance.as_attributes() == {
        "TemporalInterp.Synthetic": "true",
        "TemporalInterp.Engine": "student",
        "TemporalInterp.EngineSettings": "steps=7",
        "TemporalInterp.Model": "ACDC small 1.0",
        "TemporalInterp.ModelSHA256": "ab12",
        "TemporalInterp.FirstIndexValue": "40",
        "TemporalInterp.LastIndexValue": "80.5",
        "TemporalInterp.IndexValues": "40 80.5 0",
        "TemporalInterp.T": "0.25",
        "TemporalInterp.ProgramVersion": temporal_interp.__version__,
    }


def test_what_an_engine_has_not_is_left_out_but_zero_is_kept():
    attributes = Provenance("linear_blend", 0.0, 40.0, 0.5).as_attributes()
    assert PREFIX + "Model" not in attributes
    assert PREFIX + "EngineSettings" not in attributes
    assert PREFIX + "IndexValues" not in attributes
    assert attributes[PREFIX + "FirstIndexValue"] == "0"


def test_only_marked_frames_are_synthetic():
    assert is_synthetic(Provenance("linear_blend", 0, 1, 0.5).as_attributes())
    assert not is_synthetic({})
    assert not is_synthetic({SYNTHETIC_KEY: "false"})
    assert not is_synthetic({"Synthetic": "true"})


def test_index_values_keep_all_their_digits():
    attributes = Provenance(
        "blend", 136_000_037.25, 1_700_000_000_075.5, 1 / 3, frames=(33.300000000000004,)
    ).as_attributes()
    assert float(attributes["TemporalInterp.FirstIndexValue"]) == 136_000_037.25
    assert float(attributes["TemporalInterp.LastIndexValue"]) == 1_700_000_000_075.5
    assert attributes["TemporalInterp.IndexValues"] == "33.3"
    assert attributes["TemporalInterp.T"] == "0.333333333"
