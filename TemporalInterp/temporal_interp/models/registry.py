"""The registry of models: which models exist, where they come from, and whether a file is still the registered one."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import platformdirs
from packaging.version import InvalidVersion, Version

import temporal_interp
from temporal_interp.errors import InvalidInputError, TemporalInterpError, UnreadableFileError, UnwritableFileError
from temporal_interp.io.atomic import atomic_file
from temporal_interp.io.locks import locked
from temporal_interp.io.plain_text import load_json
from temporal_interp.models.model_file import KINDS, LoadedModel, checksum, load_model, read_description
from temporal_interp.signals import signals_wait

REGISTRY_FILE = "models.json"
SUFFIX = ".safetensors"
SCHEMA = 1
USER_FOLDER_VARIABLE = "TEMPORAL_INTERP_MODELS"
"""Environment variable with the folder for the models that a user adds."""

IMAGES = ("", "slices", "volumes")

PATIENCE = 30
"""Seconds to wait for another process that changes the same models."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


class _NewerRegistryError(UnreadableFileError):
    """A registry file of a newer program: sound, but not for this one."""


@dataclass(frozen=True)
class ModelEntry:
    """One registered model.

    Attributes:
        name: what users call it: small letters, digits, dots, hyphens and underscores.
        version: of the model.
        kind: "teacher", "student" or "slices".
        file: name of its file, next to the registry.
        sha256: of the file, in hexadecimal.
        licence: of the weights.
        trained_on: description of the training data.
        command: trains it again, with its seed.
        scores: measured scores, by name.
        images: what it is for: "slices", single ones and stacks of independent ones; "volumes"; or "" for any.
        minimum_program_version: the oldest program that can use it.
        date: of the training, ISO 8601.
        notes: anything else a user should know.
        shipped: comes with the program, and cannot be removed.
    """

    name: str
    version: str
    kind: str
    file: str
    sha256: str
    licence: str
    trained_on: str
    command: str = ""
    images: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    minimum_program_version: str = temporal_interp.__version__
    date: str = ""
    notes: str = ""
    shipped: bool = False


def shipped_folder() -> Path:
    """Return the folder of the models that come with the program.

    An installed package, a wheel or Slicer's extension, holds it; in a source tree it lies at the top.
    """
    package = Path(temporal_interp.__file__).parent
    installed = package / "Resources" / "Models"
    return installed if installed.is_dir() else package.parents[1] / "Resources" / "Models"


def user_folder() -> Path:
    """Return the folder of the models that a user added; it need not exist."""
    chosen = os.environ.get(USER_FOLDER_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("temporal-interp") / "models"


class Registry:
    """The models that come with the program and those that the user added.

    Args:
        shipped: folder of the former; that of the program if None.
        user: folder of the latter; `user_folder()` if None.

    Example:
        >>> registry = Registry(user=Path("of-nobody"))
        >>> registry.load("slices-2x").kind
        'slices'
    """

    def __init__(self, shipped: Path | None = None, user: Path | None = None) -> None:
        self.shipped = shipped or shipped_folder()
        self.user = user or user_folder()

    def entries(self) -> list[ModelEntry]:
        """Return all models, those of the program first.

        Raises:
            InvalidInputError: a registry file cannot be used; the message names it.
        """
        return [*self.of_the_program(), *self.of_the_user()]

    def of_the_program(self) -> list[ModelEntry]:
        """Return the models that come with the program, whatever became of the user's; see `entries`."""
        return _read(self.shipped, shipped=True)

    def of_the_user(self) -> list[ModelEntry]:
        """Return the models that the user added; see `entries`."""
        try:
            return _read(self.user, shipped=False)
        except _NewerRegistryError:
            raise
        except TemporalInterpError as error:
            raise type(error)(
                f"{error} `temporal-interp models repair` makes a new registry of the models in that folder."
            ) from error

    def find(self, name: str) -> ModelEntry:
        """Return the model of that name.

        Raises:
            InvalidInputError: there is none.
        """
        shipped = next((entry for entry in self.of_the_program() if entry.name == name), None)
        if shipped is not None:
            return shipped  # also where the user's registry is damaged
        entries = self.entries()
        for entry in entries:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in entries) or "none"
        raise InvalidInputError(f"There is no model '{name}'; registered are: {names}.")

    def default(self, kind: str = "student", images: str = "") -> ModelEntry | None:
        """Return the model to use where none is chosen: the first shipped one this program can run, or None.

        Args:
            kind: of the model.
            images: "slices" or "volumes" prefers a model for these; without such a model it is that for others.
        """
        fitting = [e for e in self.of_the_program() if e.kind == kind and _is_new_enough(e)]
        return next((entry for entry in fitting if images and entry.images == images), next(iter(fitting), None))

    def path(self, entry: ModelEntry) -> Path:
        """Return the path of a model's file."""
        return (self.shipped if entry.shipped else self.user) / entry.file

    def verify(self, entry: ModelEntry) -> None:
        """Raise InvalidInputError unless the file of a model is there and is the one that was registered."""
        if not _is_new_enough(entry):
            raise InvalidInputError(
                f"The model '{entry.name}' needs version {entry.minimum_program_version} of this program or newer; "
                f"this is {temporal_interp.__version__}."
            )
        path = self.path(entry)
        read_description(path)
        if checksum(path) != entry.sha256:
            remedy = (
                "Install the program again." if entry.shipped else f"Remove the model '{entry.name}' and add it again."
            )
            raise InvalidInputError(f"{path} is not the file that was registered: its checksum differs. {remedy}")

    def load(self, name_or_path: str | Path) -> LoadedModel:
        """Return a model by its registered name, checked against its checksum, or by the path of a file.

        Raises:
            InvalidInputError: there is no such model, or its file cannot be used.
        """
        if str(name_or_path).endswith(SUFFIX):
            return load_model(Path(name_or_path))
        entry = self.find(str(name_or_path))
        self.verify(entry)
        loaded = load_model(self.path(entry))
        if loaded.kind != entry.kind:
            raise InvalidInputError(
                f"The model '{entry.name}' is registered as a {entry.kind}, but is a {loaded.kind}."
            )
        return loaded

    def file_of(self, name_or_path: str | None, kind: str, images: str = "") -> Path:
        """Return the file of a model by its registered name or by its path; of the default model, for images of that
        sort, if None.

        Raises:
            InvalidInputError: there is no such model, or its file is not the one that was registered.
        """
        if name_or_path is not None and name_or_path.endswith(SUFFIX):
            return Path(name_or_path)
        entry = self.default(kind, images) if name_or_path is None else self.find(name_or_path)
        if entry is None:
            raise InvalidInputError(f"No {kind} comes with this program; give a model file.")
        self.verify(entry)
        return self.path(entry)

    def add(
        self, path: Path, *, name: str, version: str = "1", licence: str = "unknown", notes: str = ""
    ) -> ModelEntry:
        """Copy a model file to the user's folder and register it.

        Raises:
            InvalidInputError: the file cannot be used, the name is taken or not allowed, or the folder cannot be
                written.
        """
        if not _NAME.fullmatch(name) or name.endswith(SUFFIX):
            raise InvalidInputError(
                f"'{name}' cannot name a model; use small letters, digits, dots, hyphens and underscores, "
                f"at most 64, and no {SUFFIX} at the end."
            )
        loaded = load_model(Path(path))
        entry = replace(_entry_of(Path(f"{name}{SUFFIX}"), loaded), version=version, licence=licence, notes=notes)
        with self._alone(), signals_wait():  # the file and its entry belong together
            if any(other.name == name for other in self.entries()):
                raise InvalidInputError(f"There is a model '{name}' already; remove it, or choose another name.")
            with atomic_file(self.user / entry.file, overwrite=True) as unfinished:
                shutil.copyfile(path, unfinished)
            _write(self.user, [*self.of_the_user(), entry])
        return entry

    def remove(self, name: str) -> ModelEntry:
        """Delete a model that the user added, and return its entry.

        Raises:
            InvalidInputError: there is none of that name, or it comes with the program.
        """
        added = self.of_the_user()  # even if the name is shipped: an update may have added it
        if not any(entry.name == name for entry in added) and self.find(name).shipped:
            raise InvalidInputError(f"The model '{name}' comes with the program and cannot be removed.")
        with self._alone(), signals_wait():
            added = self.of_the_user()
            entry = next((entry for entry in added if entry.name == name), None)
            if entry is None:  # another process was quicker
                return self.find(name)
            _write(self.user, [other for other in added if other is not entry])
            self.path(entry).unlink(missing_ok=True)
        return entry

    def repair(self) -> list[ModelEntry]:
        """Register the model files in the user's folder anew, and return their entries.

        For a registry file that is damaged; it is kept beside the new one, under the name models.json.damaged. What a
        model file does not say itself, such as notes, is lost.

        Raises:
            InvalidInputError: there is nothing to repair.
            UnreadableFileError: a newer program wrote it, and can read it.
            UnwritableFileError: the folder cannot be written to.
        """
        try:
            self.of_the_user()
        except _NewerRegistryError:
            raise
        except TemporalInterpError:
            pass
        else:
            raise InvalidInputError(f"{self.user / REGISTRY_FILE} is sound; there is nothing to repair.")
        shipped = {entry.name for entry in self.of_the_program()}
        with self._alone():
            found = []
            for path in sorted(self.user.glob(f"*{SUFFIX}")):
                if not _NAME.fullmatch(path.stem) or path.stem in shipped:
                    continue
                with suppress(TemporalInterpError):  # a model that is damaged, too, stays where it is
                    found.append(_entry_of(path, load_model(path)))
            with signals_wait():
                with atomic_file(self.user / f"{REGISTRY_FILE}.damaged", overwrite=True) as kept:
                    shutil.copyfile(self.user / REGISTRY_FILE, kept)  # there is a registry at any moment
                _write(self.user, found)
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Change the user's models while no other process does.

        Raises:
            UnwritableFileError: the folder cannot be written to, or another process does not finish.
        """
        from filelock import Timeout

        try:
            self.user.mkdir(parents=True, exist_ok=True)
            with locked(self.user / ".lock", PATIENCE):
                yield
        except Timeout as error:
            raise UnwritableFileError(
                f"{self.user} is being changed by another program for more than {PATIENCE} s; try again."
            ) from error
        except TemporalInterpError:
            raise
        except OSError as error:
            raise UnwritableFileError(f"{self.user} cannot be written: {error.strerror}.") from error


def _entry_of(path: Path, loaded: LoadedModel) -> ModelEntry:
    """Return what is to be registered of a model file by that name."""
    return ModelEntry(
        name=path.stem,
        version="1",
        kind=loaded.kind,
        file=path.name,
        sha256=loaded.sha256,
        licence="unknown",
        trained_on=str(loaded.training.get("trained_on", "")),
        date=date.today().isoformat(),
    )


def _is_new_enough(entry: ModelEntry) -> bool:
    return Version(temporal_interp.__version__) >= Version(entry.minimum_program_version)


def _read(folder: Path, *, shipped: bool) -> list[ModelEntry]:
    path = folder / REGISTRY_FILE
    if not path.exists():
        return []
    try:
        given = load_json(path.read_text(encoding="utf-8"))
        newer = given["schema"] > SCHEMA
        models = [] if newer else list(given["models"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UnreadableFileError(f"{path} is not a registry of models: {error}.") from error
    if newer:
        raise _NewerRegistryError(f"{path} was written by a newer version of this program. Update the program.")
    entries = [_entry(model, path, shipped=shipped) for model in models]
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise InvalidInputError(f"{path} has two models of one name.")
    return entries


def _entry(given: Any, path: Path, *, shipped: bool) -> ModelEntry:
    """Return an entry whose file cannot lie outside the folder of its registry."""
    known = {item.name for item in fields(ModelEntry)} - {"shipped"}
    try:
        entry = ModelEntry(**{key: value for key, value in given.items() if key in known}, shipped=shipped)
        others = {"scores": dict, "shipped": bool}
        sound = all(isinstance(value, others.get(key, str)) for key, value in vars(entry).items())
        Version(entry.minimum_program_version)
    except (TypeError, AttributeError, InvalidVersion) as error:
        raise UnreadableFileError(f"{path} has an entry that cannot be read: {error}.") from error
    sound = sound and entry.kind in KINDS and entry.images in IMAGES
    if not (sound and _NAME.fullmatch(entry.name) and _CHECKSUM.fullmatch(entry.sha256)):
        raise InvalidInputError(f"{path} has an entry with an impossible value: {entry.name!r}.")
    if not entry.file.endswith(SUFFIX) or not _NAME.fullmatch(entry.file.removesuffix(SUFFIX)):
        raise InvalidInputError(f"{path}: the file of '{entry.name}' must be a {SUFFIX} in the same folder.")
    return entry


def _write(folder: Path, entries: list[ModelEntry]) -> None:
    path = folder / REGISTRY_FILE
    models = [{key: value for key, value in asdict(entry).items() if key != "shipped"} for entry in entries]
    with atomic_file(path, overwrite=True) as unfinished:
        unfinished.write_text(json.dumps({"schema": SCHEMA, "models": models}, indent=2) + "\n", encoding="utf-8")
