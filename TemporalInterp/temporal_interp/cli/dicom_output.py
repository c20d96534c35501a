"""`--dicom`: the result of a command as a DICOM series, beside the other formats."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from typer.core import TyperCommand

from temporal_interp.cli.outputs import Output, folder_output
from temporal_interp.errors import InvalidInputError, Progress, errors_naming

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.io.dicom.writing.source import DicomSource


class DicomOutput(StrEnum):
    """What is written as DICOM."""

    ANY = "any"
    STRICT = "strict"


DicomOption = Annotated[
    DicomOutput | None,
    typer.Option(
        "--dicom",
        metavar="[any|strict]",
        help="Write a derived DICOM series into the folder OUT, with the headers of the source. A source without DICOM "
        "headers becomes a Secondary Capture (any, the same as --dicom alone), or is refused (strict).",
    ),
]
SyntheticOnlyOption = Annotated[
    bool, typer.Option("--synthetic-only", help="With --dicom: leave out the copies of the acquired frames.")
]
AnonymiseOption = Annotated[
    bool,
    typer.Option(
        "--anonymise",
        help="With --dicom: take out of the headers what tells whose they are, by the basic profile of DICOM PS3.15.",
    ),
]


class WithDicom(TyperCommand):
    """A command of which `--dicom` may stand alone; Typer has no options whose value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the value where it is left out."""
        return super().parse_args(ctx, with_value(args))


def with_value(arguments: list[str]) -> list[str]:
    """Return arguments of a command in which `--dicom` has a value.

    Example:
        >>> with_value(["STUDY", "--dicom", "-o", "OUT"])
        ['STUDY', '--dicom', 'any', '-o', 'OUT']
    """
    values = set(DicomOutput)
    found: list[str] = []
    for number, argument in enumerate(arguments):
        found.append(argument)
        if argument == "--dicom" and (number + 1 == len(arguments) or arguments[number + 1] not in values):
            found.append(DicomOutput.ANY.value)
    return found


@dataclass(frozen=True)
class DicomRequest:
    """What a user asked for by the options of this module."""

    DISK_SHARE: ClassVar[float] = 1.5
    """Bytes on the disk over those of the voxels, which are not compressed; headers take some, too."""

    output: DicomOutput | None
    synthetic_only: bool
    anonymise: bool

    def __post_init__(self) -> None:
        if self.output is None and (self.synthetic_only or self.anonymise):
            raise typer.BadParameter("--synthetic-only and --anonymise are for --dicom.")

    def folder(self, path: Path, source: Path) -> Output | None:
        """Return the folder that is written as an output of the command; one in the folder of the input is refused."""
        if source.is_dir() and source.resolve() in path.resolve().parents:
            raise InvalidInputError(
                f"{path} lies in the input {source}, whose images would then be read together with the synthetic ones. "
                "Choose another place."
            )
        return folder_output(path)

    def require_fits(self, sequence: Sequence, source: DicomSource | None, count: int) -> None:
        """Refuse, before the work, what DICOM cannot hold; `count` is the number of frames of the result."""
        from temporal_interp.io.dicom.writing.write import require_storable

        require_storable(sequence, source, count)

    def source(self, path: Path, series: str | None, component: str | None) -> DicomSource | None:
        """Return the DICOM images of the input, before the long work; None where it has no headers.

        Raises:
            InvalidInputError: it has none, and `strict` was asked for.
            MissingPackageError: what anonymises is not installed.
        """
        from temporal_interp.io.dicom import FORMAT
        from temporal_interp.io.dicom.writing.identity import Anonymised
        from temporal_interp.io.dicom.writing.source import dicom_source
        from temporal_interp.io.format_registry import format_of

        if self.anonymise:
            Anonymised()
        with errors_naming(path):
            if format_of(path).name == FORMAT.name:
                return dicom_source(path, series=series, component=component)
            if self.output is DicomOutput.STRICT:
                raise InvalidInputError(
                    "this input has no DICOM headers, so that a DICOM series would have no patient and no study; give "
                    "the DICOM files, or leave out 'strict' for a Secondary Capture."
                )
        return None

    def write(
        self, sequence: Sequence, path: Path, source: DicomSource | None, *, force: bool, progress: Progress
    ) -> list[str]:
        """Write the series, and return notes."""
        from temporal_interp.io.dicom.writing.write import write_dicom

        return write_dicom(
            sequence,
            path,
            source=source,
            acquired=not self.synthetic_only,
            anonymise=self.anonymise,
            overwrite=force,
            progress=progress,
        )
