"""Symmetric normalisation (SyN) of two images by ANTs, through the optional package antspyx.

Source: Avants et al. 2008. ANTs limits its similarity to the mask where there is one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses

from temporal_interp.errors import InvalidInputError, MissingPackageError
from temporal_interp.evaluation.pairwise_methods import PairRegistration

PAPER = {
    "type_of_transform": "SyNOnly",
    "syn_metric": "CC",
    "syn_sampling": 6,
    "reg_iterations": (200, 200, 200, 200),
}
"""As NMSR's Table 1 has it (Section 3): cross-correlation with radius 6, 200 iterations at each of four scales. There
is no affine stage (our choice, in favour of SyN: neighbouring frames need none, and it does harm)."""

ANTS_DEFAULTS = {"type_of_transform": "SyN"}
"""The defaults of ANTs: an affine stage, mutual information, 40, 20 and 0 iterations."""

SEED = 1
"""Seed of the points at which ANTs compares images."""


def is_available() -> bool:
    """Tell whether antspyx is installed."""
    return find_spec("ants") is not None


def syn(settings: Mapping[str, object]) -> PairRegistration:
    """Return SyN with these arguments of `ants.registration` as a `PairRegistration`.

    Raises:
        MissingPackageError: antspyx is not installed.
    """
    register = _registration(settings, ("fwdtransforms",))
    return lambda *images: register(*images)[0]


def syn_both_ways(settings: Mapping[str, object]) -> Callable[..., list[np.ndarray]]:
    """Return SyN that gives the fields of both directions from one run.

    They bring moving onto fixed, and fixed onto moving.
    """
    return _registration(settings, ("fwdtransforms", "invtransforms"))


def _registration(settings: Mapping[str, object], directions: Sequence[str]) -> Callable[..., list[np.ndarray]]:
    """Return a registration that gives one field for each direction, named as ANTs names them."""
    if not is_available():
        raise MissingPackageError("SyN needs the package antspyx, which is not installed: pip install antspyx.")
    import ants  # takes seconds, so not while a pair is timed

    def register(
        fixed: np.ndarray, moving: np.ndarray, spacing: tuple[float, ...], mask: np.ndarray | None
    ) -> list[np.ndarray]:
        def image(array: np.ndarray) -> ants.ANTsImage:
            return ants.from_numpy(np.ascontiguousarray(array.T, dtype=np.float32), spacing=spacing)

        images = image(fixed), image(moving)
        where = None if mask is None else image(mask)
        with tempfile.TemporaryDirectory() as folder:
            prefix = str(Path(folder) / "syn")
            try:
                found = ants.registration(*images, mask=where, outprefix=prefix, random_seed=SEED, **settings)
            except RuntimeError as error:  # ANTs has printed the reason
                raise InvalidInputError(f"ANTs could not register two frames ({error}); omit SyN.") from error
            fields = []
            for way in directions:
                # the warp and the affine part, if any, as one field on the grid that both images have
                composed = ants.apply_transforms(*images, found[way], compose=prefix)
                fields.append(sitk.GetArrayFromImage(sitk.ReadImage(composed)))
            return fields

    return register
