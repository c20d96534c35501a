"""Configuration files: one YAML file describes the networks, the data and the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from temporal_interp.errors import InvalidInputError, TemporalInterpError, UnreadableFileError
from temporal_interp.networks import NetworkSettings
from temporal_interp.training import configurations
from temporal_interp.training.datasets.catalogue import DataSettings
from temporal_interp.training.settings import TrainingSettings

SECTIONS = ("network", "data", "teacher", "student")


@dataclass(frozen=True)
class Configuration:
    """A whole training.

    Attributes:
        network: of teacher and student.
        data: to learn from.
        teacher: how the teacher is trained.
        student: how the student is trained.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    data: DataSettings = field(default_factory=DataSettings)
    teacher: TrainingSettings = field(default_factory=TrainingSettings)
    student: TrainingSettings = field(default_factory=TrainingSettings)


def read_configuration(path: Path) -> Configuration:
    """Return the configuration of a YAML file; sections and settings that are missing are the defaults.

    A folder in the section `data` is relative to the file.

    Raises:
        InvalidInputError: the file cannot be read, or something in it makes no sense; the message names the file.
    """
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableFileError(f"{path} cannot be read as a configuration: {error}.") from error
    try:
        return _configuration({} if given is None else given, Path(path).parent)
    except TemporalInterpError as error:
        raise InvalidInputError(f"{path}: {error}") from error


def _configuration(given: Any, folder: Path) -> Configuration:
    if not isinstance(given, dict) or not all(section is None or _has_names(section) for section in given.values()):
        raise InvalidInputError(f"the file must have sections with settings: {', '.join(SECTIONS)}.")
    unknown = sorted(str(name) for name in set(given) - set(SECTIONS))
    if unknown:
        raise InvalidInputError(f"unknown sections {', '.join(unknown)}; there are {', '.join(SECTIONS)}.")
    section = {name: given.get(name) or {} for name in SECTIONS}
    data = {
        key: folder / Path(value).expanduser() if key == "folder" and isinstance(value, str) else value
        for key, value in section["data"].items()
    }
    return Configuration(
        NetworkSettings.from_dict(section["network"]),
        DataSettings.from_dict(data),
        _training("teacher", section["teacher"]),
        _training("student", section["student"]),
    )


def _training(stage: str, given: Mapping[str, Any]) -> TrainingSettings:
    try:
        return TrainingSettings.from_dict(given)
    except TemporalInterpError as error:
        raise InvalidInputError(f"{stage}: {error}") from error


def _has_names(section: Any) -> bool:
    return isinstance(section, dict) and all(isinstance(name, str) for name in section)


def find_configuration(name_or_path: str) -> Configuration:
    """Return a configuration by the path of its file, or by the name of one that comes with the program.

    Raises:
        InvalidInputError: there is neither, or it makes no sense.
    """
    supplied = resources.files(configurations) / f"{name_or_path}.yaml"
    if Path(name_or_path).is_file() or not supplied.is_file():
        return read_configuration(Path(name_or_path))
    with resources.as_file(supplied) as path:
        return read_configuration(path)
