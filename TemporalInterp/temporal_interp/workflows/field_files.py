"""The displacement fields of synthesised frames in a folder: a sequence of vectors for both ends, and of Jacobians.

Between two phases the sequences begin and end with the phases themselves; else they hold the synthetic frames only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from temporal_interp.data.displacement import DisplacementField
from temporal_interp.data.frame import Frame
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.provenance import T_KEY
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import InvalidInputError
from temporal_interp.io import read_field_sequence, read_sequence, write_field_sequence, write_sequence
from temporal_interp.io.atomic import existing_folder, write_errors_naming
from temporal_interp.io.field_sequence import FieldDirection
from temporal_interp.io.staging import staging_folder

ENDS = {"first": FieldDirection.FIRST_TO_T, "last": FieldDirection.LAST_TO_T}


def displacement_path(folder: Path, end: str) -> Path:
    """Return the path in a folder of the fields from an end, "first" or "last", to the frames."""
    return folder / f"displacement_{end}_to_t.seq.nrrd"


DISK_BYTES = 2 * (3 + 1) * 4 * 1.5
"""On the disk while the fields of a frame are written, for every voxel: in float32 two displacements and their
Jacobians, plainly and, cautiously guessed, half as much compressed."""


def file_names() -> list[str]:
    """Return the names of all files that are written into a folder."""
    return [path_of(Path(), end).name for end in ENDS for path_of in (displacement_path, jacobian_path)]


def jacobian_path(folder: Path, end: str) -> Path:
    """Return the path in a folder of the Jacobian determinants of the fields from an end."""
    return folder / f"jacobian_{end}_to_t.seq.nrrd"


class FieldFiles:
    """Collects the fields of frames; made by `collecting`.

    Args:
        scratch: folder for the fields until they are complete: they may not fit into memory.
        engine: name of the engine, for the message where it has no fields.
        beside: what the scratch folder lies beside, for the message where it cannot be written to.
    """

    def __init__(self, scratch: Path, engine: str, beside: Path) -> None:
        self._scratch = scratch
        self._beside = beside
        self._engine = engine
        self._times: dict[float, dict[str, str]] = {}
        self._geometry: Geometry | None = None

    def add(self, frame: Frame) -> None:
        """Keep the fields of a frame.

        Raises:
            InvalidInputError: the frame has none.
            UnwritableFileError: the disk is full.
        """
        self._geometry = frame.volume.geometry
        number = len(self._times)
        for end, field in (("first", frame.displacement_first_to_t), ("last", frame.displacement_last_to_t)):
            if field is None:
                raise InvalidInputError(f"The engine {self._engine} has no displacement fields; leave out --fields.")
            with write_errors_naming(self._beside):
                np.save(self._file("displacement", end, number), field.array)
                np.save(self._file("jacobian", end, number), field.jacobian)
        marks = {T_KEY: f"{frame.t:.9g}"} if frame.provenance is None else frame.provenance.as_attributes()
        self._times[frame.time] = marks

    def write(self, folder: Path, *, index_name: str, unit: str) -> None:
        """Write the fields of all frames into a folder.

        Args:
            folder: where to.
            index_name: name of the index.
            unit: their unit.
        """
        assert self._geometry is not None  # a request makes at least one frame
        order = np.argsort(list(self._times))
        times = sorted(self._times)
        marks = [self._times[time] for time in times]
        for end, direction in ENDS.items():
            fields = [np.load(self._file("displacement", end, n), mmap_mode="r") for n in order]
            write_field_sequence(
                fields,
                self._geometry,
                times,
                index_name,
                unit,
                displacement_path(folder, end),
                direction=direction,
                item_attributes=marks,
            )
            maps = [np.load(self._file("jacobian", end, n), mmap_mode="r") for n in order]
            volumes = [Volume(jacobian, self._geometry) for jacobian in maps]
            write_sequence(Sequence(volumes, times, index_name, unit, marks), jacobian_path(folder, end))

    def _file(self, kind: str, end: str, number: int) -> Path:
        return self._scratch / f"{kind}_{end}_{number}.npy"


@contextmanager
def collecting(engine: str, beside: Path) -> Iterator[FieldFiles]:
    """Yield a collector of fields with a scratch folder beside a path, which is removed afterwards."""
    with staging_folder(existing_folder(beside.absolute().parent)) as scratch:
        yield FieldFiles(scratch, engine, beside)


def read_fields(folder: Path) -> Iterator[tuple[float, DisplacementField, DisplacementField]]:
    """Yield the time of every frame in a folder of fields, and both its fields, from the first end and from the last.

    Raises:
        InvalidInputError: a file is missing or damaged.
    """
    fields = [read_field_sequence(displacement_path(folder, end)) for end in ENDS]
    jacobians = [read_sequence(jacobian_path(folder, end)) for end in ENDS]
    for number, time in enumerate(fields[0].times):
        first, last = (
            DisplacementField(of.fields[number], maps[number].array, of.geometry)
            for of, maps in zip(fields, jacobians, strict=True)
        )
        yield time, first, last
