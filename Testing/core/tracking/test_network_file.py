"""Files of networks to start a tracking from."""

import pytest

from temporal_interp.errors import UnreadableFileError
from temporal_interp.tracking.network_file import load_network


def test_file_that_holds_no_network_is_refused(tmp_path):
    (tmp_path / "pickle.safetensors").write_bytes(b"\x80\x04}.")
    for name in ("pickle.safetensors", "missing.safetensors"):
        with pytest.raises(UnreadableFileError, match=name):
            load_network(tmp_path / name)
