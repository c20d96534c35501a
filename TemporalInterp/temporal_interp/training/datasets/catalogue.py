"""The data sets by name, for configuration files and the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, PositiveFloat, Strict

from temporal_interp.data.settings import Paper, Seed, Settings, checked
from temporal_interp.data.training_sample import SampleSource
from temporal_interp.errors import InvalidInputError
from temporal_interp.training.datasets.every_frame import EveryFrame
from temporal_interp.training.datasets.neighbour_choice import Beside
from temporal_interp.training.datasets.phantoms import Body
from temporal_interp.training.datasets.prepared_cache import GIB, PreparedCache, PreparedSubject, SubjectWithFiles
from temporal_interp.training.datasets.repeated import Repeated
from temporal_interp.training.datasets.subject import Split, Subject
from temporal_interp.training.datasets.subject_samples import Crop, Policy, Scaling, SubjectSamples

VALIDATION_SEED, TEST_SEED = 1_000_000, 2_000_000
"""Added to the seed of simulated subjects, so that no two sets share a subject."""


DataSet = Literal["acdc", "lung4d", "folder", "phantoms", "synthetic"]
DATASETS: tuple[DataSet, ...] = get_args(DataSet)
"""Names of the data sets; all but the last consist of subjects with sequences."""

LOCAL = ("folder", "cache", "cache_gib")
"""Settings that are of a machine, not of the data."""

SAMPLES_TO_SCORE = 4
"""Samples drawn from every held-out synthetic subject, which has no endpoints."""

HeldOutShare = Annotated[float, Field(ge=0, lt=1)]
Length = Annotated[int, Field(ge=1, le=4096)]
"""Voxels along an axis of a sample."""

Shape = Annotated[tuple[Length, Length, Length], Strict(False)]
Subjects = Annotated[int, Field(ge=1, le=1_000_000)]


def with_home(path: Path) -> Path:
    """Return a path whose ~ is the user's own folder; ~NAME of somebody unknown stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - that of pathlib raises RuntimeError


Folder = Annotated[Path, Strict(False), AfterValidator(with_home)]


@checked
class DataSettings(Settings):
    """The data set of a training and how samples are drawn; see `SubjectSamples` for policy, crop and scaling.

    Attributes:
        dataset: one of `DATASETS`.
        folder: folder of the patients' data. For the synthetic set, the folder in which its subjects are kept once they
            are made, or None to keep them only in memory.
        split: "paper" is the partition of the literature; "random" divides by patient, stratified by pathology where
            that is known.
        validation: share of the training subjects that chooses the checkpoint, by all of their frames; with 0 all of
            them learn, and the model is that of the last epoch (paper: there is no validation set).
        test: share of all subjects that is held out, for the random split.
        seed: seed of the random split and of all simulated subjects.
        policy: "endpoints" or "triplets".
        shape: (K, J, I) of every sample; None for whole volumes, in batches of one.
        crop: "moving" or "centre".
        scaling: "sequence" or "frame".
        flip: whether training samples are mirrored at random (our choice; paper: no).
        max_gap: largest distance between the endpoints of triplets, in frames.
        subjects: number of phantoms or synthetic subjects to learn from.
        validation_subjects: number of phantoms or synthetic subjects that choose the checkpoint.
        body: "heart" or "lung", for phantoms.
        context: samples also show a frame before the first endpoint and one after the last, where there are such, at
            even and uneven distances; in training one or both are left out at random (our choice: for networks with
            `context`; paper: no).
        cache: folder in which subjects of patients are kept as they are prepared, so that every file is read once; None
            keeps them only in memory, as far as they fit.
        cache_gib: GiB that it may hold; the longest unused subjects make way.

    Raises:
        InvalidInputError: a value makes no sense.
    """

    dataset: DataSet = "synthetic"
    folder: Folder | None = None
    split: Annotated[Literal["paper", "random"], Paper("paper")] = "random"
    validation: Annotated[HeldOutShare, Paper(0.0)] = 0.1
    test: HeldOutShare = 0.15
    seed: Seed = 0
    policy: Annotated[Policy, Paper("endpoints")] = "endpoints"
    shape: Shape | None = None
    crop: Annotated[Crop, Paper("centre")] = "moving"
    scaling: Annotated[Scaling, Paper("frame")] = "sequence"
    flip: Annotated[bool, Paper(False)] = True
    max_gap: Annotated[int, Field(ge=2)] | None = None
    subjects: Subjects = 400
    validation_subjects: Subjects = 40
    body: Body = "heart"
    context: Annotated[bool, Paper(False)] = False
    cache: Folder | None = None
    cache_gib: PositiveFloat = 50.0

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for JSON, without the folders, which are local to a machine and change no sample."""
        return {name: value for name, value in super().as_dict().items() if name not in LOCAL}


def open_split(settings: DataSettings) -> Split:
    """Return the subjects of a data set, divided into training, validation and test.

    Raises:
        InvalidInputError: the folder is missing or does not hold the data set, or a set would be empty.
    """
    if settings.dataset == "synthetic":
        raise InvalidInputError("The synthetic set has samples, but no sequences; choose another data set.")
    if settings.dataset == "phantoms":
        return _phantoms(settings)
    if settings.folder is None:
        raise InvalidInputError(f"Give the folder of the data set '{settings.dataset}'.")
    validation, test, seed = settings.validation, settings.test, settings.seed
    if settings.dataset == "acdc":
        from temporal_interp.training.datasets import acdc

        patients = acdc.find(settings.folder)
        if settings.split == "paper":
            return acdc.paper_split(patients, validation=validation, seed=seed)
        return acdc.stratified_split(patients, validation=validation, test=test, seed=seed)
    if settings.dataset == "lung4d":
        from temporal_interp.training.datasets import lung4d

        scans = lung4d.find(settings.folder)
        if settings.split == "paper":
            return lung4d.paper_split(scans, validation=validation, seed=seed)
        return lung4d.patient_split(scans, validation=validation, test=test, seed=seed)
    from temporal_interp.training.datasets import sequence_folder

    if settings.split == "paper":
        raise InvalidInputError("The literature has no split of your folder; set split to random.")
    return sequence_folder.split(sequence_folder.find(settings.folder), validation=validation, test=test, seed=seed)


def _phantoms(settings: DataSettings) -> Split:
    from temporal_interp.training.datasets.phantoms import phantom_subjects

    dimensions = 2 if settings.shape is not None and settings.shape[0] == 1 else 3

    def drawn(count: int, seed_offset: int) -> tuple[Subject, ...]:
        seed = settings.seed + seed_offset
        return tuple(phantom_subjects(count, body=settings.body, dimensions=dimensions, seed=seed))

    return Split(
        train=drawn(settings.subjects, 0),
        validation=drawn(settings.validation_subjects, VALIDATION_SEED),
        test=drawn(settings.validation_subjects, TEST_SEED),
    )


def sample_sources(settings: DataSettings) -> tuple[SampleSource, SampleSource | None]:
    """Return the source of the training samples and the source of the samples that choose the checkpoint.

    The latter has every frame of its subjects once, or a sample of every synthetic subject. It is None where
    `validation` is 0.

    >>> training, validation = sample_sources(DataSettings("synthetic", subjects=20, validation_subjects=4))
    >>> len(training), len(validation)
    (20, 4)

    Raises:
        InvalidInputError: as `open_split`.
    """
    if settings.dataset == "synthetic":
        return synthetic_samples(settings, settings.subjects, 0, learning=True), synthetic_samples(
            settings, settings.validation_subjects, VALIDATION_SEED
        )
    split = open_split(settings)
    validation = EveryFrame(_drawn_from(split.validation, settings)) if split.validation else None
    return _drawn_from(split.train, settings, learning=True), validation


def held_out_samples(settings: DataSettings) -> SampleSource:
    """Return the source of the samples that neither train a network nor choose the checkpoint.

    It has every frame of its subjects once, or `SAMPLES_TO_SCORE` samples of every synthetic subject. There are as many
    phantoms or synthetic subjects as choose the checkpoint.

    Raises:
        InvalidInputError: as `open_split`, or no subject is held out.
    """
    if settings.dataset == "synthetic":
        samples = synthetic_samples(settings, settings.validation_subjects, TEST_SEED)
        return Repeated(samples, SAMPLES_TO_SCORE)
    held_out = open_split(settings).test
    if not held_out:
        raise InvalidInputError("No subject is left to score on; set test above 0.")
    return EveryFrame(_drawn_from(held_out, settings))


def _drawn_from(subjects: Sequence[Subject], settings: DataSettings, *, learning: bool = False) -> SubjectSamples:
    return SubjectSamples(
        _prepared(subjects, settings),
        policy=settings.policy,
        shape=settings.shape,
        crop=settings.crop,
        scaling=settings.scaling,
        max_gap=settings.max_gap,
        flip=learning and settings.flip,
        beside=_beside(settings, learning=learning),
    )


def _beside(settings: DataSettings, *, learning: bool) -> Beside:
    if not settings.context:
        return "none"
    return "drawn" if learning else "kept"


def _prepared(subjects: Sequence[Subject], settings: DataSettings) -> Sequence[Subject]:
    """Return the subjects as they are kept; phantoms, which are drawn and not read, as they are."""
    # elsewhere the frames beyond the endpoints are samples, or they count for the range or for the place of a crop
    centred = settings.crop == "centre" or settings.shape is None
    between = centred and settings.policy == "endpoints" and settings.scaling == "frame" and not settings.context
    preparation: str = settings.dataset
    if settings.dataset == "lung4d":
        from temporal_interp.training.datasets import lung4d

        preparation = lung4d.preparation()
        scans = [subject for subject in subjects if isinstance(subject, lung4d.Lung4DSubject)]
        subjects = [scan.between_endpoints() if between else scan for scan in scans]
    cache = None if settings.cache is None else PreparedCache(settings.cache, round(settings.cache_gib * GIB))
    return [
        PreparedSubject(subject, preparation, between, cache) if isinstance(subject, SubjectWithFiles) else subject
        for subject in subjects
    ]


def synthetic_samples(
    settings: DataSettings, count: int, seed_offset: int, *, learning: bool = False
) -> SampleSource:  # fmt: skip
    """Return the source of synthetic samples; offsets `VALIDATION_SEED` and `TEST_SEED` give subjects of their own.

    With context, subjects show all phases of their cycle, and a network that learns sees frames around the endpoints
    left out at random.
    """
    from temporal_interp.simulation.random_subject_settings import SyntheticSettings
    from temporal_interp.simulation.time_curves import PHASES
    from temporal_interp.training.datasets.random_subject_samples import RandomSubjectSamples

    shape = settings.shape or SyntheticSettings().shape
    instants = PHASES if settings.context else SyntheticSettings().instants
    subjects = SyntheticSettings(shape=shape, subjects=count, seed=settings.seed + seed_offset, instants=instants)
    return RandomSubjectSamples(subjects, settings.folder, beside=_beside(settings, learning=learning))
