"""SyN of ANTs: errors that are expected, and files that are not left behind."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from moving_blobs import blobs
from quick_syn import quick_syn
from temporal_interp.errors import InvalidInputError
from temporal_interp.evaluation import pairwise_syn


class TestSyn:
    def test_frames_that_ants_cannot_register_are_an_expected_error(self):
        if not pairwise_syn.is_available():
            pytest.skip("antspyx is not installed")
        empty = np.zeros((32, 32), np.float32)
        with pytest.raises(InvalidInputError, match="ANTs could not register"):
            pairwise_syn.syn(pairwise_syn.ANTS_DEFAULTS)(empty, empty, (1.0, 1.0), None)

    def test_syn_leaves_no_files_behind(self, tmp_path, monkeypatch):
        register = quick_syn()
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        register(blobs((1, 32, 32), (0, 1, 0))[0], blobs((1, 32, 32), (0, 0, 0))[0], (1.0, 1.0), None)
        assert list(tmp_path.iterdir()) == []


class TestWithAStandIn:
    """What is given to ANTs and what is made of its answer, without the package."""

    @pytest.fixture
    def ants(self, monkeypatch):
        """A package that "finds" a shift of 1 mm along I, and of -1 mm the other way; it keeps what it was given."""
        package = ModuleType("ants")
        package.asked = {}

        def registration(fixed, moving, **how):
            package.asked.update(how, fixed=fixed, moving=moving)
            if how.get("fails"):
                raise RuntimeError("no metric")
            return {"fwdtransforms": 1.0, "invtransforms": -1.0}

        def apply_transforms(fixed, moving, shift, compose):
            field = np.zeros((*fixed[0].T.shape, fixed[0].ndim))
            field[..., 0] = shift
            sitk.WriteImage(sitk.GetImageFromArray(field, isVector=True), f"{compose}.nii.gz")
            return f"{compose}.nii.gz"

        package.from_numpy = lambda array, spacing: (array, spacing)
        package.registration, package.apply_transforms = registration, apply_transforms
        monkeypatch.setitem(sys.modules, "ants", package)
        monkeypatch.setattr(pairwise_syn, "is_available", lambda: True)
        return package

    def test_axes_are_those_of_ants_and_both_ways_are_returned(self, ants):
        fixed, moving = np.zeros((6, 8), np.float32), np.ones((6, 8), np.float32)
        there, back = pairwise_syn.syn_both_ways(pairwise_syn.PAPER)(fixed, moving, (1.5, 2.0), fixed > 1)
        assert ants.asked["fixed"][0].shape == (8, 6)  # ANTs counts I first
        assert (ants.asked["fixed"][1], ants.asked["syn_sampling"]) == ((1.5, 2.0), 6)
        assert ants.asked["mask"] is not None
        assert not Path(ants.asked["outprefix"]).parent.exists()
        assert there.shape == (6, 8, 2)
        assert (there[..., 0] == 1).all()
        assert (back[..., 0] == -1).all()
        assert np.array_equal(pairwise_syn.syn(pairwise_syn.ANTS_DEFAULTS)(fixed, moving, (1.0, 1.0), None), there)

    def test_what_ants_cannot_register_is_told_in_words(self, ants):
        image = np.zeros((6, 8), np.float32)
        with pytest.raises(InvalidInputError, match="no metric"):
            pairwise_syn.syn({"fails": True})(image, image, (1.0, 1.0), None)
