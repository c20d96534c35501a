"""Whether slices agree on their phases, once these are in order: in time, in their series, in their image numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from temporal_interp.io.dicom.clues import IMAGE_NUMBER, Slices
from temporal_interp.io.dicom.headers import file_label

TIME_SHARE = 0.3
"""Slices of one phase may differ in time by this share of the step to the next phase (our choice).

An offset and a pace of a slice's own are no difference: RR intervals differ from breath hold to breath hold.
"""

GREATEST_PACE = 2.0
"""RR intervals of slices may differ by this factor (our choice)."""

SHOWN_SLICES, SHOWN_PHASES = 4, 8


@dataclass(frozen=True)
class Disagreement:
    """Where slices do not agree on the times of their phases.

    Attributes:
        words: what is wrong.
        slices: numbers of the slices.
    """

    words: str
    slices: tuple[int, ...]


def disagreement_in_time(times: np.ndarray, ordered: Slices) -> Disagreement | None:
    """Return where slices do not agree on the times of their phases, None where they do.

    Args:
        times: (slice, phase), rising along each slice.
        ordered: the images, likewise.
    """
    spans = times[:, -1] - times[:, 0]
    short, long = int(spans.argmin()), int(spans.argmax())
    if not spans[long] <= GREATEST_PACE * spans[short]:
        words = f"the phases of slice {short} span {spans[short]:g}, those of slice {long} span {spans[long]:g}."
        return Disagreement(words, (short, long))
    share = (times - times[:, :1]) / spans[:, None]
    steps = np.diff(np.median(share, axis=0))
    nearest = np.minimum(np.append(steps, np.inf), np.append(np.inf, steps))
    apart = np.ptp(share, axis=0) / nearest
    phase = int(apart.argmax())
    if apart[phase] > TIME_SHARE:
        first, last = sorted((int(share[:, phase].argmin()), int(share[:, phase].argmax())))
        files = " and ".join(file_label(ordered[number][phase].path) for number in (first, last))
        return Disagreement(f"slices {first} and {last} do not fit together at phase {phase} ({files}).", (first, last))
    return _disagreement_with_image_numbers(ordered)


def _disagreement_with_image_numbers(ordered: Slices) -> Disagreement | None:
    """Return which slice alone is in another order than that of its image numbers, None unless one is.

    Where more are, the numbers may not be in the order of time, and tell nothing.
    """
    by_number = [sorted(images, key=lambda image: image.clues.get(IMAGE_NUMBER.name, 0.0)) for images in ordered]
    fits = [list(map(id, images)) == list(map(id, row)) for images, row in zip(ordered, by_number, strict=True)]
    if len(fits) < 3 or fits.count(False) != 1 or not image_numbers_agree(by_number):
        return None
    odd = fits.index(False)
    file = next(image.path for image, other in zip(ordered[odd], by_number[odd], strict=True) if image is not other)
    return Disagreement(f"slice {odd} alone is not in the order of its image numbers ({file_label(file)}).", (odd,))


def image_numbers_agree(ordered: Slices) -> bool:
    """Tell whether image numbers in rising order follow a pattern that holds in all slices.

    They do where they rise by the same steps in every slice; where all of a phase come before those of the next, or all
    of a slice before those of the next; and where every slice has a series of its own.
    """
    if any(IMAGE_NUMBER.name not in image.clues for images in ordered for image in images):
        return False
    numbers = np.array([[image.clues[IMAGE_NUMBER.name] for image in images] for images in ordered])
    if (np.diff(numbers, axis=1) <= 0).any():
        return False
    steps = np.diff(numbers, axis=1)
    by_phase = (numbers.max(axis=0)[:-1] < numbers.min(axis=0)[1:]).all()
    by_slice = numbers[numbers[:, 0].argsort()]
    one_after_another = (by_slice[:-1, -1] < by_slice[1:, 0]).all()
    series = [{image.series.uid for image in images} for images in ordered]
    own = len(set.union(*series)) == sum(map(len, series))
    return bool(not np.ptp(steps, axis=0).any() or by_phase or one_after_another or own)


def keeps_series_together(ordered: Slices) -> bool:
    """Tell whether every series lies in one phase, where a slice has images of several."""
    if all(len({image.series.uid for image in images}) == 1 for images in ordered):
        return True
    phases: dict[str, set[int]] = {}
    for images in ordered:
        for phase, image in enumerate(images):
            phases.setdefault(image.series.uid, set()).add(phase)
    return all(len(one) == 1 for one in phases.values())


def table_of_times(name: str, unit: str, times: np.ndarray, ordered: Slices, odd: Collection[int]) -> str:
    """Return a small table of the times of the phases and the numbers of their images (#), for a message."""
    rows = sorted({*odd, *range(min(SHOWN_SLICES - len(odd), len(times)))})
    last = min(SHOWN_PHASES, times.shape[1])
    lines = [f"{f'{name}, {unit}':<32}" + "".join(f"{f'phase {phase}':>14}" for phase in range(last))]
    for number in rows:
        label = f"slice {number} ({ordered[number][0].series.number or '-'})"
        cells = [
            f"{value:.6g}" + (f" #{image.clues[IMAGE_NUMBER.name]:g}" if IMAGE_NUMBER.name in image.clues else "")
            for value, image in zip(times[number, :last], ordered[number], strict=False)
        ]
        lines.append(f"{label:<32}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)
