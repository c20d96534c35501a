"""elastix, through the optional package itk-elastix, as a peer: B-splines, optionally after a rigid stage.

Sources: Klein et al. 2010 (elastix), Klein et al. 2009 (its optimiser).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from peers.both_ways import BothWays, one_way_each
from peers.settings import in_one_line
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation.pairwise_methods import PairRegistration

if TYPE_CHECKING:
    import itk

METRICS = {
    "mutual_information": "AdvancedMattesMutualInformation",
    "mean_squares": "AdvancedMeanSquares",
    "correlation": "AdvancedNormalizedCorrelation",
}

COMMON = {
    "Registration": "MultiResolutionRegistration",
    "FixedInternalImagePixelType": "float",
    "MovingInternalImagePixelType": "float",
    "Interpolator": "BSplineInterpolator",
    "ResampleInterpolator": "FinalBSplineInterpolator",
    "Resampler": "DefaultResampler",
    "FixedImagePyramid": "FixedRecursiveImagePyramid",
    "MovingImagePyramid": "MovingRecursiveImagePyramid",
    "Optimizer": "AdaptiveStochasticGradientDescent",
    "ImageSampler": "Random",
    "NewSamplesEveryIteration": "true",
    "HowToCombineTransforms": "Compose",
    "BSplineInterpolationOrder": 1,
    "WriteResultImage": "false",
    "WriteITKCompositeTransform": "false",
}
"""Parameters that both stages of SlicerElastix's preset default0 share and that the tuning did not change. Nothing is
written: frames are warped by our own code, as for every peer."""


@dataclass(frozen=True)
class ElastixSettings:
    """Parameters of elastix.

    Attributes:
        metric: a key of METRICS.
        histogram_bins: of the mutual information.
        resolutions: number of scales, each twice as coarse as the next.
        samples: voxels drawn at random in every iteration.
        rigid_iterations: on each scale of a rigid stage that comes first; 0 leaves it out.
        iterations: on each scale of the B-spline stage.
        grid_spacing_mm: of the B-spline's control points at the finest scale.
        bending: weight of the bending energy, with 1 for the metric; 0 leaves it out.
    """

    metric: Literal["mutual_information", "mean_squares", "correlation"]
    histogram_bins: int
    resolutions: int
    samples: int
    rigid_iterations: int
    iterations: int
    grid_spacing_mm: float
    bending: float

    def parameter_maps(self) -> list[dict[str, object]]:
        """Return the stages by the names that elastix gives its parameters."""
        shared = COMMON | {
            "Metric": METRICS[self.metric],
            "NumberOfHistogramBins": self.histogram_bins,
            "NumberOfResolutions": self.resolutions,
            "NumberOfSpatialSamples": self.samples,
        }
        rigid = shared | {
            "Transform": "EulerTransform",
            "MaximumNumberOfIterations": self.rigid_iterations,
            "AutomaticScalesEstimation": "true",
            "AutomaticTransformInitialization": "true",
        }
        bspline = shared | {
            "Transform": "BSplineTransform",
            "MaximumNumberOfIterations": self.iterations,
            "FinalGridSpacingInPhysicalUnits": self.grid_spacing_mm,
        }
        if self.bending:
            bspline |= {
                "Registration": "MultiMetricMultiResolutionRegistration",
                "Metric": (METRICS[self.metric], "TransformBendingEnergyPenalty"),
                "Metric0Weight": 1,
                "Metric1Weight": self.bending,
            }
        return [rigid, bspline] if self.rigid_iterations else [bspline]


def elastix(name: str, settings: ElastixSettings) -> BothWays:
    """Return elastix as a peer; each direction is a registration of its own.

    Its number of threads is ITK's: the environment variable ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS, or all cores. The
    random samples are the same in every run.

    Raises:
        InvalidInputError: itk-elastix is not installed.
    """
    return one_way_each(name, in_one_line(settings), _registration(settings))


def _registration(settings: ElastixSettings) -> PairRegistration:
    try:
        import itk

        # ITK loads its modules on first use, which takes seconds: not while a pair is timed
        method, transformix = itk.ElastixRegistrationMethod, itk.TransformixFilter
    except (ImportError, AttributeError) as error:
        raise InvalidInputError(
            "elastix needs the package itk-elastix, which is not installed: pip install itk-elastix."
        ) from error
    parameters = itk.ParameterObject.New()
    for stage in settings.parameter_maps():
        parameters.AddParameterMap({key: _texts(value) for key, value in stage.items()})

    def register(
        fixed: np.ndarray, moving: np.ndarray, spacing: tuple[float, ...], mask: np.ndarray | None
    ) -> np.ndarray:  # fmt: skip
        def image(array: np.ndarray) -> itk.Image:
            made = itk.image_from_array(np.ascontiguousarray(array, dtype=np.float32))
            made.SetSpacing(spacing)
            return made

        images = image(fixed), image(moving)
        try:
            run = method.New(*images, parameter_object=parameters, log_to_console=False, log_to_file=False)
            run.UpdateLargestPossibleRegion()
            found = transformix.New(images[1], run.GetTransformParameterObject(), log_to_console=False)
            return itk.array_from_image(_field_image(found))
        except RuntimeError as error:
            reason = str(error).splitlines()[-1]  # earlier lines give the place in elastix
            raise InvalidInputError(f"elastix could not register two frames ({reason}); omit elastix.") from error

    return register


def _field_image(found: itk.TransformixFilter) -> itk.Image:
    """Return all stages as one field, mm along (I, J[, K]); the files that transformix writes are deleted."""
    with tempfile.TemporaryDirectory() as folder:
        found.SetComputeDeformationField(True)
        found.SetOutputDirectory(folder)
        found.UpdateLargestPossibleRegion()
        return found.GetOutputDeformationField()


def _texts(value: object) -> list[str]:
    """Return a value in the form that elastix takes."""
    return [str(item) for item in (value if isinstance(value, tuple) else (value,))]
