"""Cases on disk as a training needs them, so that files are read and prepared once for all epochs and processes.

A case is two files, KEY.json and the frames as KEY.npy, which are mapped into memory: processes that draw from the same
subject share its pages. The key is made of what the case depends on: the files' names, sizes and times of change, the
preparation, and the version of the program.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

import temporal_interp
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.errors import TemporalInterpError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.guard import reading
from temporal_interp.io.plain_text import load_json
from temporal_interp.training.datasets.subject import Case, Subject

FORMAT = 1
"""Raised when what is in the files changes."""

GIB = 2**30


@runtime_checkable
class SubjectWithFiles(Subject, Protocol):
    """A subject that is read from files."""

    def files(self) -> list[Path]:
        """Return the files that its case depends on, in an order that is always the same."""
        ...


@dataclass(frozen=True)
class PreparedCache:
    """A folder of prepared cases that never grows beyond its limit for long: the longest unused ones make way.

    Attributes:
        folder: made when the first case is kept.
        limit: bytes.
    """

    folder: Path
    limit: int = 50 * GIB

    def read(self, key: str, name: str) -> Case | None:
        """Return a case, its frames mapped into memory; None if it is not there, or not whole."""
        try:
            with reading(self._about(key)):
                about = load_json(self._about(key).read_text(encoding="utf-8"))
                frames = np.load(self._frames(key), mmap_mode="r", allow_pickle=False)
                case = _case(name, about, frames)
        except TemporalInterpError:
            return None
        with suppress(OSError):
            os.utime(self._about(key))  # used just now
        return case

    def write(self, key: str, case: Case) -> None:
        """Keep a case, whole or not at all; processes that keep the same one do not disturb each other."""
        self.folder.mkdir(parents=True, exist_ok=True)
        sequence = case.sequence
        about = {
            "first": case.first,
            "last": case.last,
            "geometry": asdict(sequence.geometry),
            "times": sequence.times,
            "index_name": sequence.index_name,
            "unit": sequence.unit,
            "notes": sequence.notes,
            "slice_thickness": sequence.slice_thickness,
            "period": sequence.period,
        }
        with atomic_file(self._about(key), overwrite=True) as unfinished:
            unfinished.write_text(json.dumps(about), encoding="utf-8")
            np.save(unfinished.with_suffix(".npy"), sequence.to_numpy())
        self._make_room(key)

    def _about(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _frames(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _make_room(self, newest: str) -> None:
        """Delete the cases that have not been used for the longest time while there are too many bytes."""
        kept: list[tuple[float, str, int]] = []
        for about in self.folder.glob("*.json"):
            with suppress(OSError):  # another process may be making room
                kept.append((about.stat().st_mtime, about.stem, self._frames(about.stem).stat().st_size))
        too_many = sum(size for _, _, size in kept) - self.limit
        for _, key, size in sorted(kept):
            if too_many <= 0:
                return
            if key != newest:
                for path in (self._about(key), self._frames(key)):
                    with suppress(OSError):  # gone already, or in use where files in use cannot be deleted
                        path.unlink()
                too_many -= size


def _case(name: str, about: Mapping[str, Any], frames: np.ndarray) -> Case:
    geometry = Geometry(**about["geometry"])
    sequence = Sequence(
        # plain views of the mapped file
        [Volume(np.asarray(frame), geometry) for frame in frames],
        about["times"],
        about["index_name"],
        about["unit"],
        notes=about["notes"],
        slice_thickness=about["slice_thickness"],
        period=about["period"],
    )
    return Case(name, sequence, about["first"], about["last"])


@dataclass(frozen=True)
class PreparedSubject:
    """A subject whose case is taken from a cache, if it has been read before.

    Attributes:
        subject: to read.
        preparation: what its case depends on besides its files, in words.
        only_between: whether frames before the first and after the last endpoint are left out.
        cache: where the case is kept; None reads the files every time.
    """

    subject: SubjectWithFiles
    preparation: str = ""
    only_between: bool = False
    cache: PreparedCache | None = None

    @property
    def name(self) -> str:
        """Name of the subject."""
        return self.subject.name

    def load(self) -> Case:
        """Return the case; see `Subject.load`."""
        if self.cache is None:
            return self._read()
        key = self._key()
        case = None if key is None else self.cache.read(key, self.name)
        if case is None:
            case = self._read()
            if key is not None:
                self._keep(self.cache, key, case)
        return case

    def _read(self) -> Case:
        case = self.subject.load()
        if not self.only_between:
            return case
        return Case(case.name, case.sequence[case.first : case.last + 1], 0, case.last - case.first)

    def _keep(self, cache: PreparedCache, key: str, case: Case) -> None:
        try:
            cache.write(key, case)
        except OSError as error:  # training goes on, slower
            warnings.warn(
                f"{cache.folder}: {self.name} could not be kept ({error}); it is read again every time. Choose a "
                "folder with space left.",
                stacklevel=2,
            )

    def _key(self) -> str | None:
        """Return the key of the case; None where a file is missing, which reading it will say better."""
        try:
            stamps = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in self.subject.files()]
        except OSError:
            return None
        parts = [FORMAT, temporal_interp.__version__, self.name, self.preparation, self.only_between, stamps]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
