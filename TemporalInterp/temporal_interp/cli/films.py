"""A film as the output of a command: which endings it has, its options, and what is checked before the work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from temporal_interp.cli.outputs import Output, file_output
from temporal_interp.errors import errors_naming

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence

ENDINGS = (".mp4", ".gif")

SliceOption = Annotated[
    str | None,
    typer.Option("--slice", metavar="N|all", help="Slice that a film shows, or all of them. Default: the middle one."),
]
WindowOption = Annotated[
    str | None,
    typer.Option("--window", metavar="LOW,HIGH", help="Intensities that a film shows black and white."),
]
SecondsOption = Annotated[
    float | None,
    typer.Option(
        "--film-seconds", metavar="S", help="How long a film takes for the sequence, instead of its own time."
    ),
]


@dataclass(frozen=True)
class FilmOutput:
    """A film that a command writes.

    Attributes:
        path: where to.
        slices: --slice.
        window: --window.
        seconds: --film-seconds.
    """

    path: Path
    slices: str | None
    window: tuple[float, float] | None
    seconds: float | None

    @property
    def output(self) -> Output | None:
        """The film as an output to check."""
        return file_output(self.path, ENDINGS)

    def require(self, sequence: Sequence) -> None:
        """Raise, before the work, InvalidInputError or MissingPackageError if there can be no such film."""
        from temporal_interp.figures.sequence_film import require_film

        with errors_naming(self.path):
            require_film(sequence, self.path, slices=self.slices, window=self.window, seconds=self.seconds)

    def write(self, sequence: Sequence) -> list[str]:
        """Write the film, replace one that is there, and return notes for the user."""
        from temporal_interp.figures.sequence_film import save_sequence_film
        from temporal_interp.io.atomic import write_errors_naming

        with write_errors_naming(self.path):
            return save_sequence_film(sequence, self.path, slices=self.slices, window=self.window, seconds=self.seconds)


def film_output(path: Path, slices: str | None, window: str | None, seconds: float | None) -> FilmOutput | None:
    """Return the film that a path and the options ask for, None if the path does not end as a film does.

    Raises:
        BadParameter: an option for films is given with another output, or cannot be read.
    """
    if not path.name.lower().endswith(ENDINGS):
        for name, value in {"--slice": slices, "--window": window, "--film-seconds": seconds}.items():
            if value is not None:
                raise typer.BadParameter(f"{name} is for films; the output must end in {' or '.join(ENDINGS)} for it.")
        return None
    return FilmOutput(path, slices, _parsed_window(window), seconds)


def _parsed_window(window: str | None) -> tuple[float, float] | None:
    if window is None:
        return None
    try:
        low, high = (float(value) for value in window.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"--window takes two numbers with a comma between, got '{window}'.") from error
    if not low < high:
        raise typer.BadParameter(f"--window takes the darker intensity first, got '{window}'.")
    return low, high
