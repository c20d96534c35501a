"""Synthesises the frames between the acquired frames of 4D medical images.

The core of TemporalInterp: it knows nothing of 3D Slicer and runs wherever PyTorch does. What stands here is the public
interface; each name is loaded when it is first used, so that importing the package costs nothing.

Example:
    >>> import numpy as np
    >>> import temporal_interp as ti
    >>> cine = ti.Sequence.from_numpy(np.random.rand(3, 1, 16, 16), times=[0, 40, 80])
    >>> smooth = ti.interpolate(cine, factor=2, engine="linear_blend")
    >>> smooth
    <Sequence: 5 frames (2 synthetic) of 1 x 16 x 16 (K, J, I), time 0 to 80 ms, float64>
    >>> prepared = ti.engine("linear_blend").prepare(cine)
    >>> prepared.at(10.0).t
    0.25
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from temporal_interp.data.displacement import DisplacementField as DisplacementField
    from temporal_interp.data.frame import Frame as Frame
    from temporal_interp.data.geometry import Geometry as Geometry
    from temporal_interp.data.sequence import Sequence as Sequence
    from temporal_interp.data.volume import Volume as Volume
    from temporal_interp.engines.registry import create_engine as engine  # noqa: F401
    from temporal_interp.errors import CancelledError as CancelledError
    from temporal_interp.errors import FitDivergedError as FitDivergedError
    from temporal_interp.errors import InvalidInputError as InvalidInputError
    from temporal_interp.errors import MissingPackageError as MissingPackageError
    from temporal_interp.errors import OutOfMemoryError as OutOfMemoryError
    from temporal_interp.errors import TemporalInterpError as TemporalInterpError
    from temporal_interp.errors import UnreadableFileError as UnreadableFileError
    from temporal_interp.io import read_sequence as read  # noqa: F401
    from temporal_interp.io import write as write
    from temporal_interp.io.dicom.writing.source import dicom_source as dicom_source
    from temporal_interp.io.dicom.writing.write import write_dicom as write_dicom
    from temporal_interp.registration.register import register as register
    from temporal_interp.tracking.track import track as track
    from temporal_interp.workflows.add_slices import add_slices as add_slices
    from temporal_interp.workflows.evaluation import evaluate as evaluate
    from temporal_interp.workflows.interpolation import interpolate as interpolate
    from temporal_interp.workflows.uncertainty import interpolate_with_errors as interpolate_with_errors

_PUBLIC = {
    "read": "io:read_sequence",
    "write": "io:write",
    "write_dicom": "io.dicom.writing.write:write_dicom",
    "dicom_source": "io.dicom.writing.source:dicom_source",
    "interpolate": "workflows.interpolation:interpolate",
    "interpolate_with_errors": "workflows.uncertainty:interpolate_with_errors",
    "track": "tracking.track:track",
    "add_slices": "workflows.add_slices:add_slices",
    "register": "registration.register:register",
    "evaluate": "workflows.evaluation:evaluate",
    "engine": "engines.registry:create_engine",
    "Volume": "data.volume:Volume",
    "Geometry": "data.geometry:Geometry",
    "Frame": "data.frame:Frame",
    "Sequence": "data.sequence:Sequence",
    "DisplacementField": "data.displacement:DisplacementField",
    "TemporalInterpError": "errors:TemporalInterpError",
    "InvalidInputError": "errors:InvalidInputError",
    "UnreadableFileError": "errors:UnreadableFileError",
    "MissingPackageError": "errors:MissingPackageError",
    "FitDivergedError": "errors:FitDivergedError",
    "OutOfMemoryError": "errors:OutOfMemoryError",
    "CancelledError": "errors:CancelledError",
}
"""The public names, and the module and name that each stands for."""

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
