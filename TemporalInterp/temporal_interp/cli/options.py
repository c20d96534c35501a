"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ENGINES = (
    "velocity_field (registers the pair, needs no training; velocity_field:neural does so with a network, "
    "velocity_field:eased moves slowly near both frames, for two at which the motion turns, such as ED and ES), "
    "student (the trained network; student:MODEL takes another model or a file), refined (fits what the network's "
    "motion leaves over) or linear_blend (no motion, for comparison)"
)

InputArgument = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT",
        # what `io.format_registry.readable()` says; importing it would make every --help slow
        help="A .seq.nrrd, 4D .nii.gz or .mha file, a multi-frame DICOM file, a folder of DICOM files, a video, or a "
        "folder of frames with an index.csv.",
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help=f"How to synthesise: {ENGINES}. Left out, velocity_field."),
]
DeviceOption = Annotated[
    str,
    typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where to compute; auto takes an NVIDIA GPU if any."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace output that exists.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Report progress, result and errors as JSON lines.")]
