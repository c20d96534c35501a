"""Safetensors files: whole or not at all, and for those whom the user lets read new files."""

import os

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from temporal_interp.errors import UnwritableFileError
from temporal_interp.io.tensor_file import write_tensors


def test_what_is_written_is_read_back_from_a_new_folder(tmp_path):
    write_tensors(tmp_path / "new" / "a.safetensors", {"w": torch.arange(6.0).view(2, 3).t()}, {"what": "a test"})
    assert torch.equal(load_file(tmp_path / "new" / "a.safetensors")["w"], torch.arange(6.0).view(2, 3).t())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_are_those_of_other_new_files(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_tensors(tmp_path / "a.safetensors", {"w": torch.zeros(1)})
    finally:
        os.umask(before)
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("error", [SafetensorError("No space left on device"), OSError(28, "No space left on device")])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch, error):
    def full(tensors, path, metadata):
        path.write_bytes(b"half")
        raise error

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(UnwritableFileError, match=r"a\.safetensors cannot be written \(No space left on device\)"):
        write_tensors(tmp_path / "a.safetensors", {"w": torch.zeros(1)})
    assert list(tmp_path.iterdir()) == []
