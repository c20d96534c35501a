"""DICOM cines: a multi-frame file, or a folder with one file per image as scanners export it."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, replace
from pathlib import Path

from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import (
    AmbiguousInputError,
    InvalidInputError,
    Progress,
    TemporalInterpError,
    UnreadableFileError,
    no_progress,
)
from temporal_interp.io.candidates import Candidate, LeftOut, Survey, choose, named_series, table
from temporal_interp.io.dicom.clip import Clip
from temporal_interp.io.dicom.headers import file_label
from temporal_interp.io.dicom.listing import listed
from temporal_interp.io.dicom.scan import Found, PassedOver, scan, scan_files
from temporal_interp.io.dicom.slices import same_grids
from temporal_interp.io.dicom.stack import Stack, stacks
from temporal_interp.io.format_registry import readable

SHOWN = 5
"""Things that are left out, of which each has a note."""


def dicom_candidates(path: Path, *, progress: Progress = no_progress) -> list[Candidate]:
    """Return the cines and the single volumes in a DICOM file, or in a folder with all its subfolders.

    Raises:
        UnreadableFileError: there is no image.
    """
    found = scan(path, progress)
    return listed(_acquisitions(found, path))


def dicom_survey(files: abc.Sequence[Path], progress: Progress = no_progress) -> Survey:
    """Return the cines and the single volumes in some files, with what speaks against each, and what is left out.

    Only headers are read. Files that are not DICOM or hold no image are passed over.
    """
    found = scan_files(files, progress)
    acquisitions: list[Stack | Clip] = [*stacks(found.images), *found.clips]
    candidates = [
        replace(candidate, problem=_problem(one, candidate, acquisitions, found.passed_over))
        for one, candidate in zip(acquisitions, listed(acquisitions), strict=True)
    ]
    left_out = [LeftOut(file_label(one.path), one.why) for one in found.passed_over]
    if found.placeless:
        left_out.append(LeftOut(f"{found.placeless} images", "do not say where in the patient they lie"))
    return Survey(tuple(candidates), tuple(left_out))


def _problem(
    one: Stack | Clip,
    candidate: Candidate,
    acquisitions: abc.Sequence[Stack | Clip],
    passed_over: abc.Sequence[PassedOver],
) -> str:
    """Return why a sequence cannot be read, "" if its headers do not tell."""
    try:
        _require_readable(passed_over, candidate)
        if isinstance(one, Stack) and candidate.moves:
            one.require_whole_series(other for other in acquisitions if isinstance(other, Stack))
    except TemporalInterpError as error:
        return str(error)
    return candidate.problem


def read_dicom(
    path: Path, *, series: str | None = None, component: str | None = None, progress: Progress = no_progress
) -> Sequence:
    """Return one cine in a DICOM file, or in a folder with all its subfolders.

    A stack of slices may be one series, one series per slice, one series per phase, or an enhanced multi-frame file.
    Files that are not DICOM or hold no image are skipped. Without a choice, so are images without motion (localisers)
    beside a cine, and what `choose` leaves out.

    Args:
        path: the file or the folder.
        series: number, UID or part of the description of the series, see `choose`.
        component: of a complex image, see `choose`.
        progress: receives the progress.

    Raises:
        UnreadableFileError: there is no image, or a file is damaged.
        AmbiguousInputError: there is more than one cine.
        InvalidInputError: nothing is what was chosen, or images do not fit together.
    """
    choice = _chosen(path, series, component, progress)
    found, named, chosen, cine = choice.found, choice.named, choice.candidate, choice.acquisition
    _require_readable(found.passed_over, chosen)
    try:
        if isinstance(cine, Stack) and series != chosen.number:
            cine.require_whole_series(one for one in choice.acquisitions if isinstance(one, Stack))
        sequence = chosen.read(progress)
    except AmbiguousInputError:
        raise
    except InvalidInputError as error:
        if named and (others_of_it := _others(chosen, named)):
            raise InvalidInputError(
                f"{error}\nSeries {', '.join(sorted(named))} belongs to a stack with series {', '.join(others_of_it)}; "
                f"name all that are to be read, as in --series {chosen.series[0][0]},{chosen.series[-1][0]}."
            ) from error
        if not found.passed_over:
            raise
        raise UnreadableFileError(f"{error}\n{_passed_over_note(found.passed_over)}") from error
    taken_along = _others(chosen, named) if named else []
    notes = [f"Series {', '.join(sorted(named))} was read with the others of its cine: {chosen.number}."] * bool(
        taken_along
    )
    return replace(sequence, notes=[*sequence.notes, *notes, *_left_out(chosen, choice.others, found)])


def chosen_acquisition(
    path: Path, series: str | None, component: str | None, progress: Progress = no_progress
) -> Stack | Clip:
    """Return the images of the cine that `read_dicom` reads; only headers are read.

    Raises:
        UnreadableFileError: as `read_dicom`.
        InvalidInputError: as `read_dicom`.
    """
    return _chosen(path, series, component, progress).acquisition


@dataclass(frozen=True)
class _Choice:
    """A cine among the acquisitions in a file or a folder, and what was left out for it; `named` are its series."""

    acquisition: Stack | Clip
    candidate: Candidate
    acquisitions: abc.Sequence[Stack | Clip]
    others: abc.Sequence[Candidate]
    found: Found
    named: set[str]


def _chosen(path: Path, series: str | None, component: str | None, progress: Progress) -> _Choice:
    found = scan(path, progress)
    if path.is_file() and len(found.images) == 1:
        raise InvalidInputError("this file holds a single image; choose the folder with all files of the cine.")
    named = set() if series is None else _kept(found, series)
    acquisitions = _acquisitions(found, path, together=len(named) > 1)
    candidates = listed(acquisitions)
    if len(named) > 1 and not any(_others(one, named) == [] for one in candidates):
        _raise_apart(found, named, candidates)
    candidate, others = choose(candidates, series=series, component=component)
    return _Choice(acquisitions[candidates.index(candidate)], candidate, acquisitions, others, found, named)


def _kept(found: Found, series: str) -> set[str]:
    """Return the numbers and UIDs that a choice names; where it names several, all other images are taken out."""
    of = {image.series.uid: image.series.number for image in found.images}
    named, missing = named_series(series, {*of, *of.values()} - {""})
    if missing:
        return set()
    if len(named) > 1:
        found.images = [image for image in found.images if {image.series.uid, image.series.number} & named]
        found.clips = []
    return named


def _others(one: Candidate, named: abc.Set[str]) -> list[str] | None:
    """Return the numbers of the series of a candidate that are not named; None unless it has all that are."""
    pairs = [(uid, number) for uid, (number, _) in zip(one.uids, one.series, strict=True)]
    if not named <= {name for pair in pairs for name in pair}:
        return None
    return [number for uid, number in pairs if not {uid, number} & named]


def _raise_apart(found: Found, named: abc.Set[str], candidates: abc.Sequence[Candidate]) -> None:
    """Raise InvalidInputError: series that were named together are not one sequence."""
    why = "they differ in size, pixel spacing or orientation"
    if len(same_grids(found.images)) == 1:
        why = "they hold different kinds of images"
        try:
            _ = Stack(found.images, 0).order
        except InvalidInputError as error:
            why = str(error).splitlines()[0].rstrip(".")
    raise InvalidInputError(
        f"series {', '.join(sorted(named))} are not one sequence: {why}. There are:\n{table(candidates)}"
    )


def _acquisitions(found: Found, path: Path, together: bool = False) -> list[Stack | Clip]:
    acquisitions: list[Stack | Clip] = [*stacks(found.images, together), *found.clips]
    if acquisitions:
        return acquisitions
    if path.is_file() and found.passed_over:
        raise UnreadableFileError(f"{found.passed_over[0]}.")
    also = f"; {found.placeless} images do not say where in the patient they lie" if found.placeless else ""
    if found.passed_over:
        also += f". {_passed_over_note(found.passed_over).rstrip('.')}"
    raise UnreadableFileError(
        f"there is no DICOM image that could be part of a cine here{also}. What can be read: {readable()}."
    )


def _require_readable(passed_over: abc.Sequence[PassedOver], chosen: Candidate) -> None:
    """Raise UnreadableFileError if a file of the cine cannot be read."""
    for one in passed_over:
        if one.series and one.series in chosen.uids:
            raise UnreadableFileError(f"{one}. It belongs to the cine; get it again, or take it out of the folder.")


def _passed_over_note(passed_over: abc.Sequence[PassedOver]) -> str:
    shown = [str(one) for one in passed_over[:SHOWN]]
    more = [f"and {len(passed_over) - SHOWN} more files"] if len(passed_over) > SHOWN else []
    return f"Passed over: {'; '.join([*shown, *more])}."


def _left_out(chosen: Candidate, others: abc.Sequence[Candidate], found: Found) -> list[str]:
    """Return notes on what is not part of the sequence."""
    notes = []
    for one in others[:SHOWN]:
        why = ""
        if one.moves and one.auxiliary and not chosen.auxiliary:
            why = f" ({one.auxiliary})"
        elif one.moves and one.component != chosen.component:
            why = f" ({one.component}; --component {one.component} takes it)"
        notes.append(f"Left out: {one.name}{why}.")
    if len(others) > SHOWN:
        notes.append(f"Left out: {len(others) - SHOWN} more series.")
    if any(one.moves and one.component != chosen.component for one in others):
        notes.insert(0, f"There are several components of a complex image; {chosen.component} was taken.")
    if found.placeless:
        notes.append(f"Left out: {found.placeless} images that do not say where in the patient they lie.")
    if found.passed_over:
        notes.append(_passed_over_note(found.passed_over))
    return notes
