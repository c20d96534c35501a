"""The frozen settings: all there, none unknown, and those of SlicerElastix's preset as they are published."""

from dataclasses import dataclass

import pytest

from peers.demons import DemonsSettings
from peers.elastix import ElastixSettings
from peers.settings import frozen_settings, in_one_line
from peers.syn import SynSettings
from temporal_interp.errors import InvalidInputError


@dataclass(frozen=True)
class Made:
    width: float
    steps: tuple[int, ...]
    depth: int = 3


def written(tmp_path, text):
    path = tmp_path / "peers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_lists_become_tuples_and_what_has_a_default_may_be_missing(tmp_path):
    file = written(tmp_path, "made:\n  width: 1.5\n  steps: [4, 2]\n")
    assert frozen_settings("made", Made, file=file) == Made(1.5, (4, 2), 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("made:\n  width: 1\n  steps: [1]\n  widht: 2\n", "Unknown settings of 'made' .*: widht"),
        ("made:\n  width: 1\n", "Missing settings of 'made' .*: steps"),
        ("other:\n  width: 1\n", "no settings of 'made'"),
        ("made:\n", "no settings of 'made'"),
        ("", "no settings of 'made'"),
        ("made: [1, 2]\n", "no settings of 'made'"),
        ("made: {", "no settings of 'made'"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path, text, message):
    with pytest.raises(InvalidInputError, match=message):
        frozen_settings("made", Made, file=written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="no settings of 'made'"):
        frozen_settings("made", Made, file=tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("demons", DemonsSettings),
        ("syn_default", SynSettings),
        ("syn", SynSettings),
        ("elastix_slicer", ElastixSettings),
        ("elastix", ElastixSettings),
    ],
)
def test_every_classical_peer_has_its_settings(name, kind):
    assert isinstance(frozen_settings(name, kind), kind)


def test_syn_as_shipped_has_the_defaults_of_ants():
    assert frozen_settings("syn_default", SynSettings) == SynSettings("SyN")


def test_elastix_as_slicer_runs_it_is_the_preset_default0():
    rigid, bspline = frozen_settings("elastix_slicer", ElastixSettings).parameter_maps()
    shared = {
        "Registration": "MultiResolutionRegistration",
        "Metric": "AdvancedMattesMutualInformation",
        "NumberOfHistogramBins": 32,
        "Optimizer": "AdaptiveStochasticGradientDescent",
        "FixedImagePyramid": "FixedRecursiveImagePyramid",
        "MovingImagePyramid": "MovingRecursiveImagePyramid",
        "Interpolator": "BSplineInterpolator",
        "BSplineInterpolationOrder": 1,
        "NumberOfResolutions": 4,
        "NumberOfSpatialSamples": 2048,
        "NewSamplesEveryIteration": "true",
        "ImageSampler": "Random",
        "HowToCombineTransforms": "Compose",
    }
    for stage in (rigid, bspline):
        assert shared.items() <= stage.items()
        assert stage["WriteResultImage"] == stage["WriteITKCompositeTransform"] == "false"
    assert (rigid["Transform"], rigid["MaximumNumberOfIterations"]) == ("EulerTransform", 250)
    assert rigid["AutomaticTransformInitialization"] == rigid["AutomaticScalesEstimation"] == "true"
    assert (bspline["Transform"], bspline["MaximumNumberOfIterations"]) == ("BSplineTransform", 500)
    assert bspline["FinalGridSpacingInPhysicalUnits"] == 16


def test_a_bending_weight_adds_the_penalty_and_no_rigid_iterations_leave_that_stage_out():
    (bspline,) = ElastixSettings("mean_squares", 32, 3, 4096, 0, 100, 8.0, 0.05).parameter_maps()
    assert bspline["Registration"] == "MultiMetricMultiResolutionRegistration"
    assert bspline["Metric"] == ("AdvancedMeanSquares", "TransformBendingEnergyPenalty")
    assert (bspline["Metric0Weight"], bspline["Metric1Weight"]) == (1, 0.05)
    assert (bspline["NumberOfResolutions"], bspline["NumberOfSpatialSamples"]) == (3, 4096)


def test_settings_of_a_table_are_one_line_of_those_that_are_given():
    assert in_one_line(Made(1.5, (4, 2))) == "width=1.5 steps=(4,2) depth=3"
    assert in_one_line(SynSettings("SyN")) == "type_of_transform=SyN"
