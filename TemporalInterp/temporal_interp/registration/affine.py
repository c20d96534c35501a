"""An affine start for registrations, by SimpleITK."""

from __future__ import annotations

import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.data.volume import Volume, to_sitk
from temporal_interp.errors import InvalidInputError

SEED = 1
SAMPLED = 0.2
"""Share of the voxels at which the images are compared."""

SHRINK = (4, 2, 1)
LEAST = 16
"""Voxels along the shortest axis of the coarsest grid; smaller images begin on a finer one."""


def affine_start(fixed: Volume, moving: Volume) -> sitk.Transform:
    """Return the affine transform A of points in LPS mm for which fixed(x) ~ moving(A x).

    Mattes' mutual information, from coarse to fine, starting with the centres of mass on one another (our choice; NeVF,
    Section 3.1, aligns its data by affine transforms without saying how).

    Args:
        fixed: at least four voxels along every axis.
        moving: on any grid; its contrast may differ.

    Raises:
        InvalidInputError: a volume is too thin, or SimpleITK finds no transform; the message has its reason.
    """
    if min(*fixed.geometry.shape, *moving.geometry.shape) < 4:
        raise InvalidInputError("An affine start needs volumes of at least four voxels along every axis.")
    images = [sitk.Cast(to_sitk(volume), sitk.sitkFloat32) for volume in (fixed, moving)]
    shrink = [factor for factor in SHRINK if min(fixed.geometry.shape) >= LEAST * factor] or [1]
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(SAMPLED, SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescentLineSearch(learningRate=1.0, numberOfIterations=100)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(shrink)
    method.SetSmoothingSigmasPerLevel([factor / 2 if factor > 1 else 0.0 for factor in shrink])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    try:
        centred = sitk.CenteredTransformInitializer(
            *images, sitk.AffineTransform(3), sitk.CenteredTransformInitializerFilter.MOMENTS
        )
        method.SetInitialTransform(sitk.AffineTransform(centred), inPlace=False)
        return method.Execute(*images)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise InvalidInputError(f"SimpleITK found no affine transform between two volumes: {reason}") from error
