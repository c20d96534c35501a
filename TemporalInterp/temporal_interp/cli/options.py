"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from temporal_interp.engines.registry import engine_specs


def _engines_in_words() -> str:
    """Return all engines and their variants, from their declarations."""
    words = []
    for spec in engine_specs().values():
        model = f" {spec.name}:MODEL takes another model or a file." if spec.needs_model else ""
        variants = "".join(f" {spec.name}:{name}: {v.description}" for name, v in spec.variants.items())
        words.append(f"{spec.name}: {spec.description}{model}{variants}")
    return " ".join(words)


ENGINES = _engines_in_words()

InputArgument = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT",
        # the text of `io.format_registry.readable()`; importing it would make every --help slow
        help="A .seq.nrrd, 4D .nii.gz or .mha file, a multi-frame DICOM file, a folder of DICOM files, a folder with "
        "one volume for every phase, a video, another image that SimpleITK or nibabel opens, or a folder of frames "
        "with an index.csv.",
    ),
]
SeriesOption = Annotated[
    str | None,
    typer.Option(
        "--series",
        metavar="NUMBER|UID|TEXT",
        help="Which series, where a folder of DICOM files holds several: its number, its UID or a part of its "
        "description, or several numbers or ranges, such as 40,51-53. `info` lists them.",
    ),
]
ComponentOption = Annotated[
    str | None,
    typer.Option(
        "--component",
        metavar="NAME",
        help="Which component of complex DICOM images: magnitude (the default), phase, real or imaginary, or another "
        "word of their image type, such as P_RL.",
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="How to synthesise. auto: the one that predicts hidden frames of such data best. auto-measured: the one "
        f"that predicts hidden frames of this very sequence best, which takes up to a minute an engine. {ENGINES}",
    ),
]
CyclicOption = Annotated[
    bool | None,
    typer.Option(
        "--cyclic/--no-cyclic",
        help="The sequence is one beat, or none: after its last frame comes its first. Default: as the file says.",
    ),
]
DeviceOption = Annotated[
    str,
    typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where to compute; auto prefers an NVIDIA GPU."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace output that exists.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Report progress, result and errors as JSON lines.")]
