"""Subjects, each one sequence of a patient that is read only when it is needed, and their split into sets."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from temporal_interp.data.motion_truth import MotionTruth
from temporal_interp.data.provenance import is_synthetic
from temporal_interp.data.sequence import Sequence
from temporal_interp.errors import InvalidInputError, TemporalInterpError

MIN_FRAMES = 3
"""Two endpoints and one frame between them."""


@dataclass(frozen=True, eq=False)
class Case:
    """A loaded sequence with its endpoints: a network learns from it, or is scored on it.

    Attributes:
        name: name of the subject, for messages and tables.
        sequence: at least three acquired frames, all finite.
        first: number of the frame at t = 0.
        last: number of the frame at t = 1; the frames strictly between the two are scored.
        truth: the exact motion, which only phantoms have.

    Raises:
        InvalidInputError: the sequence is not suitable for learning (see `require_learnable`), an endpoint does not
            exist, or no frame lies between the two. The message names the subject.
    """

    name: str
    sequence: Sequence
    first: int
    last: int
    truth: MotionTruth | None = None

    def __post_init__(self) -> None:
        with errors_of(self.name):
            require_learnable(self.sequence)
            self.sequence.require_item(self.first, "The first endpoint")
            self.sequence.require_item(self.last, "The last endpoint")
            if self.last - self.first < 2:
                raise InvalidInputError(f"no frame lies between the endpoints, frames {self.first} and {self.last}.")


class Subject(Protocol):
    """The source of a case; none of its images are in memory until it is loaded."""

    @property
    def name(self) -> str:
        """Name of the subject, unique in its data set."""
        ...

    def load(self) -> Case:
        """Read the images.

        Raises:
            InvalidInputError: the images cannot be read, or are not suitable for learning; the message names the
                subject.
        """
        ...


@dataclass(frozen=True, eq=False)
class LoadedSubject:
    """A case that is already in memory, such as the sequence to which a network is adapted."""

    case: Case

    @property
    def name(self) -> str:
        """Name of the case."""
        return self.case.name

    def load(self) -> Case:
        """Return the case."""
        return self.case


@contextmanager
def errors_of(name: str) -> Iterator[None]:
    """Put the subject's name in front of the message of an InvalidInputError raised in the block."""
    try:
        yield
    except TemporalInterpError as error:
        message = str(error)
        raise InvalidInputError(message if message.startswith(f"{name}: ") else f"{name}: {message}") from error


def require_learnable(sequence: Sequence) -> None:
    """Raise InvalidInputError unless a sequence has at least three frames, all acquired and all finite."""
    if len(sequence) < MIN_FRAMES:
        raise InvalidInputError(
            f"the sequence has {len(sequence)} frames; a sample needs two endpoints and a frame between them."
        )
    for number, (volume, attributes) in enumerate(zip(sequence.volumes, sequence.item_attributes, strict=True)):
        volume.require_finite(f"Frame {number}")
        if is_synthetic(attributes):
            raise InvalidInputError(
                f"frame {number} is synthetic; only acquired frames can be learnt from and scored. Remove it first."
            )


@dataclass(frozen=True)
class Split:
    """Subjects of a data set, divided.

    Attributes:
        train: the subjects that a network learns from.
        validation: the subjects that choose the checkpoint.
        test: the subjects on which scores are reported.
    """

    train: tuple[Subject, ...]
    validation: tuple[Subject, ...]
    test: tuple[Subject, ...]


AnySubject = TypeVar("AnySubject", bound=Subject)


def split_at_random(
    subjects: abc.Sequence[AnySubject],
    *,
    validation: float,
    test: float,
    seed: int,
    stratum: Callable[[AnySubject], str] = lambda subject: "",
    unit: Callable[[AnySubject], str] = lambda subject: subject.name,
) -> Split:
    """Return a random split; equal arguments give equal splits (our choice).

    Units are shuffled within their stratum and dealt out by their relative rank in it, so that every set gets its share
    of every stratum as exactly as whole numbers allow.

    Args:
        subjects: the subjects to split; within a set they keep this order.
        validation: share of the units, from 0 to below 1. A share above 0 is at least one unit.
        test: share of the units, from 0 to below 1. A share above 0 is at least one unit.
        seed: seed of the shuffle, 0 or more.
        stratum: key of the stratum of a subject, such as its pathology.
        unit: key of the unit of a subject. A unit is never divided; the scans of one patient form one.

    Raises:
        InvalidInputError: the shares leave no unit to learn from, or the seed is negative.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and seed >= 0):
        raise InvalidInputError(
            f"A split needs shares from 0 to below 1 and a seed of 0 or more, got validation {validation}, "
            f"test {test} and seed {seed}."
        )
    units = _dealt({unit(subject): stratum(subject) for subject in subjects}, np.random.default_rng(seed))
    test_count, validation_count = (max(1, round(share * len(units))) if share else 0 for share in (test, validation))
    if test_count + validation_count >= len(units):
        raise InvalidInputError(
            f"{len(units)} subjects (or patients) cannot give {test_count} to the test, {validation_count} to the "
            f"validation and at least one to the training set; choose smaller shares."
        )
    in_test = set(units[:test_count])
    in_validation = set(units[test_count : test_count + validation_count])
    return Split(
        train=tuple(s for s in subjects if unit(s) not in in_test | in_validation),
        validation=tuple(s for s in subjects if unit(s) in in_validation),
        test=tuple(s for s in subjects if unit(s) in in_test),
    )


def _dealt(stratum_of: dict[str, str], rng: np.random.Generator) -> list[str]:
    """Return the units in an order in which every section has its share of every stratum."""
    strata: dict[str, list[str]] = {}
    for unit, stratum in stratum_of.items():
        strata.setdefault(stratum, []).append(unit)
    ranked: list[tuple[float, str]] = []
    for units in strata.values():
        ranks = (rng.permutation(len(units)) + rng.random()) / len(units)
        ranked += zip(ranks, units, strict=True)
    return [unit for _, unit in sorted(ranked)]
