"""Configuration files: one YAML file describes the networks, the data and the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from temporal_interp.data.settings import Settings
from temporal_interp.errors import InvalidInputError, TemporalInterpError
from temporal_interp.io.guard import reading
from temporal_interp.io.plain_text import load_yaml
from temporal_interp.networks import NetworkSettings
from temporal_interp.training import configurations
from temporal_interp.training.datasets.catalogue import DataSettings, with_home
from temporal_interp.training.settings import TrainingSettings

SECTIONS = ("network", "data", "teacher", "student")

DEFAULTS = "defaults"
"""Name of the entry that says where what is missing comes from: "ours", or "paper"."""


AnySettings = TypeVar("AnySettings", bound=Settings)


@dataclass(frozen=True)
class Configuration:
    """A whole training.

    Attributes:
        network: of teacher and student.
        data: to learn from.
        teacher: how the teacher is trained.
        student: how the student is trained.

    Raises:
        InvalidInputError: the network looks at frames around that the data do not show.
    """

    network: NetworkSettings = field(default_factory=NetworkSettings)
    data: DataSettings = field(default_factory=DataSettings)
    teacher: TrainingSettings = field(default_factory=TrainingSettings)
    student: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.network.context and not self.data.context:
            raise InvalidInputError(
                "the network has context: true, but the data show no frames around; set it in the section data, too."
            )


def read_configuration(path: Path) -> Configuration:
    """Return the configuration of a YAML file.

    Settings that are missing have their defaults, or with `defaults: paper` the paper's values (see `Settings.paper`).
    A folder in the section `data` is relative to the file.

    Raises:
        InvalidInputError: the file cannot be read, or something in it makes no sense; the message names the file.
    """
    with reading(path):
        given = load_yaml(Path(path).read_text(encoding="utf-8"))
        return _configuration({} if given is None else given, Path(path).parent)


def _configuration(given: Any, folder: Path) -> Configuration:
    defaults = given.get(DEFAULTS, "ours") if isinstance(given, dict) else "ours"
    if defaults not in ("ours", "paper"):
        raise InvalidInputError(f"'{DEFAULTS}' must be ours or paper, got {defaults!r}.")
    sections = {name: part for name, part in given.items() if name != DEFAULTS} if isinstance(given, dict) else given
    if not isinstance(sections, dict) or not all(part is None or _has_names(part) for part in sections.values()):
        raise InvalidInputError(f"the file must have sections with settings: {', '.join(SECTIONS)}.")
    unknown = sorted(str(name) for name in set(sections) - set(SECTIONS))
    if unknown:
        raise InvalidInputError(f"unknown sections {', '.join(unknown)}; there are {', '.join(SECTIONS)}.")
    section = {name: sections.get(name) or {} for name in SECTIONS}
    folders = {
        key: folder / with_home(Path(value))
        for key, value in section["data"].items()
        if key in ("folder", "cache") and isinstance(value, str)
    }
    paper = defaults == "paper"
    return Configuration(
        _settings(NetworkSettings, section["network"], paper=paper),
        _settings(DataSettings, {**section["data"], **folders}, paper=paper),
        _training("teacher", section["teacher"], paper=paper),
        _training("student", section["student"], paper=paper),
    )


def _settings(kind: type[AnySettings], given: Mapping[str, Any], *, paper: bool) -> AnySettings:
    """Return settings; what is missing has the paper's value, where there is one, or ours."""
    return kind.from_dict({**(kind.paper().as_dict() if paper else {}), **given})


def _training(stage: str, given: Mapping[str, Any], *, paper: bool) -> TrainingSettings:
    try:
        return _settings(TrainingSettings, given, paper=paper)
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
