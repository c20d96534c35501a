"""Small whole inputs of every kind that the program reads, to be damaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name everybody uses
import torch
from PIL import Image

import temporal_interp as ti
import whole_dicom
from noise_sequences import OBLIQUE
from small_slice_networks import SMALL_PIXEL, SMALL_SLICE
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.fitting.checkpoint_file import read_checkpoint, write_checkpoint
from temporal_interp.io import read_displacement, read_volume, write_displacement, write_sequence
from temporal_interp.io.masks import read_mask
from temporal_interp.io.points import read_points
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.models.registry import Registry
from temporal_interp.networks import NetworkSettings, Student
from temporal_interp.networks.load import network_of
from temporal_interp.simulation.random_subject import make_random_subject
from temporal_interp.simulation.random_subject_settings import SyntheticSettings
from temporal_interp.slices.model_file import save_slice_model, slice_model_of
from temporal_interp.slices.synthesis_model import SliceSynthesis
from temporal_interp.tracking.network_file import load_network, save_network
from temporal_interp.training.configuration import read_configuration
from temporal_interp.training.datasets.random_subject_cache import read_subject, write_subject

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


def _volumes(folder: Path) -> Path:
    (folder / "phases").mkdir()
    for number, volume in enumerate(cine().volumes):
        ti.write(volume, folder / "phases" / f"phase{25 * number:02d}.nrrd")
    return folder / "phases"


def _field(folder: Path) -> Path:
    write_displacement(np.ones((*GRID.shape, 3), np.float32), GRID, folder / "field.nrrd")
    return folder / "field.nrrd"


def _transform(folder: Path) -> Path:
    transform = sitk.Euler3DTransform((1.0, 2.0, 3.0), 0.1, 0.0, 0.2, (4.0, 0.0, -1.0))
    sitk.WriteTransform(transform, folder / "start.tfm")
    return folder / "start.tfm"


def _nifti_2(folder: Path) -> Path:
    image = nib.Nifti2Image(np.arange(240, dtype=np.int16).reshape(6, 5, 2, 4), np.diag([1.25, 1.5, 8.0, 1.0]))
    image.header.set_xyzt_units("mm", "msec")
    image.header.set_zooms((1.25, 1.5, 8.0, 40.0))
    nib.save(image, folder / "cine.nii")
    return folder / "cine.nii"


def _text_nrrd(folder: Path) -> Path:
    numbers = " ".join(map(str, range(240)))
    (folder / "volume.nrrd").write_text(
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 6 5 8\nspace directions: "
        f"(1,0,0) (0,1,0) (0,0,8)\nkinds: domain domain domain\nencoding: ascii\nspace origin: (0,0,0)\n\n{numbers}\n"
    )
    return folder / "volume.nrrd"


def _greys() -> list[np.ndarray]:
    return [np.tile(np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)[..., None], 3) + 9 * n for n in range(4)]


def _gif(folder: Path) -> Path:
    first, *others = [Image.fromarray(grey) for grey in _greys()]
    first.save(folder / "film.gif", save_all=True, append_images=others, duration=40)
    return folder / "film.gif"


def _film(name: str, codec: str, pixels: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 16, 16, pixels
            for grey in _greys():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
            container.mux(stream.encode())
        return folder / name

    return write


def _checkpoint(folder: Path) -> Path:
    state = {"epoch": 3, "weights": {"a": torch.zeros(2, 3)}, "shares": (0.5, None, True), "names": ["x", "y"]}
    write_checkpoint(state, folder / "last.safetensors")
    return folder / "last.safetensors"


def _tracking_network(folder: Path) -> Path:
    save_network({"layer.weight": torch.zeros(2, 3)}, folder / "network.safetensors")
    return folder / "network.safetensors"


def _slice_model(folder: Path) -> Path:
    save_slice_model(SliceSynthesis(2, SMALL_SLICE, SMALL_PIXEL), folder / "slices.safetensors", {})
    return folder / "slices.safetensors"


def _subject(folder: Path) -> Path:
    write_subject(make_random_subject(SyntheticSettings(shape=(1, 16, 16), margin=0), 0), folder / "000000.npz")
    return folder / "000000.npz"


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
    "mhd and raw": Kind(_image("volume.mhd", four=False), read_volume),
    "nhdr and raw": Kind(_image("volume.nhdr", four=False), read_volume),
    "nifti pair": Kind(_image("volume.hdr", four=False), read_volume),
    "nifti 2": Kind(_nifti_2, ti.read),
    "text nrrd": Kind(_text_nrrd, read_volume),
    "tif": Kind(_image("volume.tif", four=False), ti.read),
    "gif": Kind(_gif, ti.read),
    "avi": Kind(_film("film.avi", "rawvideo", "bgr24"), ti.read),
    "mp4": Kind(_film("film.mp4", "mpeg4", "yuv420p"), ti.read),
    "dicom": Kind(whole_dicom.stack, ti.read),
    "dicom clip": Kind(whole_dicom.clip, ti.read),
    "dicom enhanced": Kind(whole_dicom.enhanced, ti.read),
    "dicom deflated": Kind(whole_dicom.deflated, ti.read),
    "dicom implicit": Kind(whole_dicom.implicit, ti.read),
    "dicom rle": Kind(whole_dicom.run_lengths, ti.read),
    "dicom jpeg-ls": Kind(whole_dicom.jpeg_ls, ti.read),
    "field": Kind(_field, read_displacement),
    "transform": Kind(_transform, lambda path: read_displacement(path, GRID)),
    "mask": Kind(_image("mask.nrrd", four=False), lambda path: read_mask(path, GRID)),
    "markups": Kind(_markups, read_points),
    "points": Kind(_table, read_points),
    "model": Kind(_model, _read_network),
    "checkpoint": Kind(_checkpoint, read_checkpoint),
    "tracking network": Kind(_tracking_network, load_network),
    "slice model": Kind(_slice_model, lambda path: slice_model_of(load_model(path))),
    "subject": Kind(_subject, lambda path: read_subject(path) or "drawn again"),
    "registry": Kind(_registry, lambda folder: Registry(user=folder).entries(), "models.json"),
    "configuration": Kind(_configuration, read_configuration),
}
"""By name."""
