"""Small whole inputs of every kind that the program reads, to be damaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses
import torch

import temporal_interp as ti
from dicom_files import write_dicom_stack
from noise_sequences import OBLIQUE
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.io import read_displacement, read_volume, write_displacement, write_sequence
from temporal_interp.io.masks import read_mask
from temporal_interp.io.points import read_points
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.models.registry import Registry
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.networks.load import network_of
from temporal_interp.training.configuration import read_configuration

GRID = Geometry((2, 5, 6), spacing=(1.5, 1.25, 8.0), origin=(3.0, -4.0, 5.0), direction=OBLIQUE)


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        write: writes a whole one into a folder, and returns what is to be read.
        read: reads it.
        damage: pattern of the names of the files that are damaged.
    """

    write: Callable[[Path], Path]
    read: Callable[[Path], Any]
    damage: str = "*"


def cine() -> Sequence:
    values = np.random.default_rng(0).integers(0, 900, (4, *GRID.shape)).astype(np.int16)
    return Sequence([Volume(array, GRID) for array in values], [0.0, 40.0, 80.0, 130.0], slice_thickness=6.0)


def _sequence(name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        write_sequence(cine(), folder / name)
        return folder / name

    return write


def _image(name: str, *, four: bool) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        image = sitk.GetImageFromArray(
            np.arange(240, dtype=np.int16).reshape((4, 2, 5, 6) if four else (8, 5, 6)), isVector=False
        )
        sitk.WriteImage(image, folder / name)
        return folder / name

    return write


def _dicom(folder: Path) -> Path:
    return write_dicom_stack(folder / "dicom", slices=2, phases=3)


def _volumes(folder: Path) -> Path:
    (folder / "phases").mkdir()
    for number, volume in enumerate(cine().volumes):
        ti.write(volume, folder / "phases" / f"phase{25 * number:02d}.nrrd")
    return folder / "phases"


def _field(folder: Path) -> Path:
    write_displacement(np.ones((*GRID.shape, 3), np.float32), GRID, folder / "field.nrrd")
    return folder / "field.nrrd"


def _markups(folder: Path) -> Path:
    points = [{"id": "1", "label": "apex", "position": [1.0, 2.0, 3.0], "positionStatus": "defined"}]
    markups = {"type": "Fiducial", "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": points}
    (folder / "points.mrk.json").write_text(json.dumps({"markups": [markups]}))
    return folder / "points.mrk.json"


def _table(folder: Path) -> Path:
    with (folder / "points.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["label", "x", "y", "z"], ["apex", 1.5, -2, 3], ["base", 0, 4.25, 8]])
    return folder / "points.csv"


def _model(folder: Path) -> Path:
    student = Student(NetworkSettings(widths=(2, 2), kernels="slices"))
    settings = student.settings.as_dict()
    save_model(folder / "m.safetensors", student.state_dict(), kind="student", settings=settings, training={})
    return folder / "m.safetensors"


def _registry(folder: Path) -> Path:
    model = _model(folder)
    Registry(user=folder / "user").add(model, name="mine", notes="of a test")
    return folder / "user"


def _configuration(folder: Path) -> Path:
    (folder / "training.yaml").write_text(
        "network:\n  widths: [4, 8]\n  motion: modulated\ndata:\n  dataset: synthetic\n  subjects: 2\n"
        "  shape: [1, 16, 16]\nstudent:\n  epochs: 2\n  learning_rate: 1.0e-3\n  seed: 3\n"
    )
    return folder / "training.yaml"


def _read_network(path: Path) -> torch.nn.Module:
    return network_of(load_model(path), "student")


KINDS = {
    "seq.nrrd": Kind(_sequence("cine.seq.nrrd"), ti.read),
    "nii": Kind(_sequence("cine.nii"), ti.read),
    "nii.gz": Kind(_sequence("cine.nii.gz"), ti.read, "*.gz"),
    "sidecar": Kind(_sequence("cine.nii"), ti.read, "*.json"),
    "frame folder": Kind(_sequence("cine"), ti.read),
    "index": Kind(_sequence("cine"), ti.read, "index.csv"),
    "volume folder": Kind(_volumes, ti.read),
    "nrrd": Kind(_image("volume.nrrd", four=False), read_volume),
    "mha": Kind(_image("volume.mha", four=False), read_volume),
    "mha sequence": Kind(_image("cine.mha", four=True), ti.read),
    "dicom": Kind(_dicom, ti.read),
    "field": Kind(_field, read_displacement),
    "mask": Kind(_image("mask.nrrd", four=False), lambda path: read_mask(path, GRID)),
    "markups": Kind(_markups, read_points),
    "points": Kind(_table, read_points),
    "model": Kind(_model, _read_network),
    "registry": Kind(_registry, lambda folder: Registry(user=folder).entries(), "models.json"),
    "configuration": Kind(_configuration, read_configuration),
}
"""By name."""
