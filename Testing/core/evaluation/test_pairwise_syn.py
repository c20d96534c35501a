"""SyN of ANTs: errors that are expected, and files that are not left behind."""

import numpy as np
import pytest

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
