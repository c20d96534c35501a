"""A film of a sequence for slides: at the heart's own speed, with SYNTHETIC on the frames that were computed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.film import save_gif
from temporal_interp.figures.film_files import as_gif_picture, save_mp4, writer_of_mp4
from temporal_interp.figures.film_pictures import FilmPictures, chosen_slices, film_range
from temporal_interp.figures.film_times import durations_ms, gif_steps, require_speed
from temporal_interp.io.film_note import film_note
from temporal_interp.io.format_registry import one_of

FILM_ENDINGS = (".mp4", ".gif")

MP4_SECONDS = 5.0
"""An MP4 file repeats the sequence until it lasts this long: players stop at its end, whereas a GIF starts again."""


def save_sequence_film(
    sequence: Sequence,
    path: Path,
    *,
    slices: str | None = None,
    window: tuple[float, float] | None = None,
    seconds: float | None = None,
) -> list[str]:
    """Write a film of all frames, each shown for as long as its gap lasts, and return notes for the user.

    A GIF is endless. An MP4 file repeats the sequence until it lasts `MP4_SECONDS`. Synthetic frames have the word in
    a corner, and the comment in the file lists them, so that `read_sequence` knows them again.

    Args:
        sequence: what to show.
        path: .mp4 (needs PyAV) or .gif; a file that is there is replaced.
        slices: the number of a slice, or "all" for a montage; None for the middle one.
        window: intensities that are black and white; None for percentiles of the acquired frames.
        seconds: how long the sequence lasts once, instead of as long as its times say.

    Raises:
        InvalidInputError: there is no such slice or window, or the frames have no times, or the ending is another.
        MissingPackageError: PyAV is needed and not installed.
    """
    require_film(sequence, path, slices=slices, window=window, seconds=seconds)
    pictures = FilmPictures(sequence, chosen_slices(sequence.geometry, slices), film_range(sequence, window))
    durations = durations_ms(sequence, seconds)
    notes = _notes(pictures)
    if path.suffix.lower() == ".gif":
        return notes + _save_gif(pictures, durations, path)
    times = max(1, math.ceil(1000 * MP4_SECONDS / sum(durations)))
    synthetic = [pictures.is_marked(number) for number in range(len(sequence))]

    def drawn() -> Iterator[Image.Image]:
        once = [pictures.of(number) for number in range(len(sequence))]
        for _ in range(times):
            yield from once

    save_mp4(drawn(), durations * times, film_note(synthetic * times), path)
    return notes


def require_film(
    sequence: Sequence,
    path: Path,
    *,
    slices: str | None = None,
    window: tuple[float, float] | None = None,
    seconds: float | None = None,
) -> None:
    """Raise, before the work, what `save_sequence_film` would raise; `sequence` may still lack its synthetic frames."""
    if path.suffix.lower() not in FILM_ENDINGS:
        raise InvalidInputError(f"the name of a film must end in {one_of(FILM_ENDINGS)}.")
    if path.suffix.lower() == ".mp4":
        writer_of_mp4()
    require_speed(sequence, seconds)
    chosen_slices(sequence.geometry, slices)
    film_range(sequence, window)


def _save_gif(pictures: FilmPictures, durations: list[float], path: Path) -> list[str]:
    steps = gif_steps(durations)
    drawn: list[Image.Image] = []
    shown: list[int] = []
    synthetic: list[bool] = []
    for number, length in steps:
        picture, marked = as_gif_picture(pictures.of(number)), pictures.is_marked(number)
        if drawn and marked == synthetic[-1] and picture.tobytes() == drawn[-1].tobytes():
            shown[-1] += length  # equal pictures become one in the file, where they would not be counted
            continue
        drawn.append(picture)
        shown.append(length)
        synthetic.append(marked)
    save_gif(drawn, shown, film_note(synthetic), path)
    left_out = len(durations) - len(steps)
    if not left_out:
        return []
    return [
        f"A GIF shows no more than 50 frames a second; {left_out} of {len(durations)} frames are left out. MP4 has all."
    ]


def _notes(pictures: FilmPictures) -> list[str]:
    count = pictures.sequence.geometry.shape[0]
    if count == 1 or len(pictures.slices) > 1:
        return []
    return [f"The film shows slice {pictures.slices[0]} of {count}; --slice chooses another, and all shows all."]
