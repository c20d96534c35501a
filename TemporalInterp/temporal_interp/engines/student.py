"""The engine of the trained network: two acquired frames and a time are all it needs; those around tell it more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_interp.data.pair import Pair
from temporal_interp.engines.pairwise import PairwiseEngine, PreparedGaps
from temporal_interp.engines.registry import EngineSpec, Kind
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.memory import Footprint

if TYPE_CHECKING:
    from temporal_interp.data.sequence import Sequence
    from temporal_interp.engines.pairs.student import PreparedStudent
    from temporal_interp.networks.student import Student

MEMORY = Footprint(per_voxel=250, at_once=700, most_at_once=2_500_000, least_at_once=64**3)
"""Of a frame at a time."""

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True, eq=False)
class StudentEngine(PairwiseEngine):
    """Engine: TM-MSDF's student.

    Attributes:
        student: the network.
        model: its name and version, for the provenance.
        model_sha256: checksum of its file.
        device: where to compute, as PyTorch names it.
        precision: "float32", "bfloat16" (mixed; velocities and integration stay float32), or "auto": bfloat16 where
            the device multiplies it natively.
        max_voxels: voxels that are worked on at once, fewer where the memory is small; larger volumes are cut into
            overlapping tiles.
        whole_stacks: the network is shown a stack as a whole however far apart its slices lie: it has learnt from such.
        model_of_volumes: name of the registered model that takes its place where slices depend on one another; "" for
            none.

    Raises:
        InvalidInputError: a setting makes no sense.
    """

    student: Student
    model: str = ""
    model_sha256: str = ""
    device: str = "cpu"
    precision: str = "auto"
    max_voxels: int = MEMORY.most_at_once
    whole_stacks: bool = False
    model_of_volumes: str = ""
    name: str = field(default="student", init=False)

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS or self.max_voxels < 1:
            raise InvalidInputError(
                f"A student engine needs a precision ({', '.join(PRECISIONS)}) and at least one voxel at a time, got "
                f"{self.precision} and {self.max_voxels}."
            )

    @classmethod
    def from_model(cls, name_or_path: str | Path | None = None, *, device: str = "cpu") -> StudentEngine:
        """Return the engine of a registered model or of a model file; of the default models if None: one of slices and
        one of volumes.

        Raises:
            InvalidInputError: there is no such model, none is shipped, or the file cannot be used.
        """
        from temporal_interp.models.registry import Registry
        from temporal_interp.networks.load import network_of

        registry, of_volumes = Registry(), ""
        if name_or_path is None:
            entry, thick = registry.default(images="slices"), registry.default(images="volumes")
            if entry is None or thick is None:
                raise InvalidInputError(
                    "No trained model comes with this program; give a model file or another engine."
                )
            name_or_path, of_volumes = entry.name, "" if thick == entry else thick.name
        loaded = registry.load(name_or_path)
        name = str(name_or_path)
        if not name.endswith(".safetensors"):
            name = f"{name} {registry.find(name).version}"
        student = network_of(loaded, "student")
        whole = student.settings.initial_weights == "usual"
        return cls(
            student, Path(name).name, loaded.sha256, device, whole_stacks=whole, model_of_volumes=of_volumes
        )  # fmt: skip

    @property
    def settings(self) -> str:
        """What differs from the defaults, in one line."""
        return "" if self.precision == "auto" else f"precision={self.precision}"

    @property
    def context(self) -> bool:
        """Whether the network also looks at the frames before and after the two around an instant."""
        return self.student.settings.context

    @cached_property
    def sees_neighbours(self) -> bool:
        """See `Student`; cached, since reading all weights would take half of the time to prepare a single slice."""
        return self.student.sees_neighbours

    @property
    def computes_in_bfloat16(self) -> bool:
        """Whether the network computes in mixed precision on this device."""
        from temporal_interp.tensors.devices import is_bfloat16_native

        return self.precision == "bfloat16" or (self.precision == "auto" and is_bfloat16_native(self.device))

    @cached_property
    def of_volumes(self) -> StudentEngine:
        """The engine of `model_of_volumes`; loaded when it is first needed."""
        engine = self.from_model(self.model_of_volumes, device=self.device)
        return replace(engine, precision=self.precision, max_voxels=self.max_voxels)

    def prepare(self, sequence: Sequence, *, progress: Progress = no_progress) -> PreparedGaps:
        """Return the sequence, with the network for its images; see `PairwiseEngine.prepare`."""
        if self.model_of_volumes and sequence.images == "volumes":
            return self.of_volumes.prepare(sequence, progress=progress)
        return super().prepare(sequence, progress=progress)

    def prepare_pair(self, pair: Pair, *, progress: Progress = no_progress) -> PreparedStudent:
        """Compute the features of the pair; see `PairwiseEngine.prepare_pair`."""
        from temporal_interp.engines.pairs.student import PreparedStudent, within_region_of_change

        progress(0.0, "finding the moving region")
        region = within_region_of_change(pair, self, progress)
        progress(1.0, "comparing the two frames")
        return PreparedStudent(pair, region)


SPEC = EngineSpec(
    name="student",
    label="Student network",
    description="The trained network (TM-MSDF): it has learnt from simulated bodies how tissue moves and at what time.",
    expected_time="A stack of 6 slices is ready at once, and takes about 0.8 s a frame; live on a GPU.",
    create=lambda model, device: StudentEngine.from_model(model or None, device=device),
    uses_context=True,
    needs_model=True,
    scores={Kind.SLICES: 1.02, Kind.VOLUMES: 0.0},
    memory=MEMORY,
)
