"""Pictures of results that have been written already: one that cannot be drawn loses nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from temporal_interp.cli.console import Console
from temporal_interp.errors import CancelledError


def drawn(folder: Path, draw: Callable[[Path], None]) -> str | None:
    """Draw all pictures into a folder, or none; return why they could not be drawn, None where they were.

    Args:
        folder: where they go.
        draw: draws them into the folder that it is given.

    Raises:
        CancelledError: from `draw`.
    """
    from temporal_interp.io.atomic import atomic_folder

    try:
        with atomic_folder(folder, overwrite=True) as pictures:
            draw(pictures)
    except CancelledError:
        raise
    except Exception as error:  # whatever is wrong with a picture, the results took far longer
        return f"{type(error).__name__}: {error}"
    return None


def tell_if_not_drawn(reason: str | None, console: Console) -> None:
    """Note why pictures are missing; None says nothing."""
    if reason is not None:
        console.note(f"The pictures could not be drawn ({reason}); everything else is there.")
