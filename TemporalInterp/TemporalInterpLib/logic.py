"""The functions of the module without its panel: for the Python console, for scripts and for the panel itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import slicer
from slicer.i18n import tr as _

from temporal_interp.engines.blend import LinearBlend
from temporal_interp.engines.registry import AUTO_MEASURED
from temporal_interp.errors import InvalidInputError, Progress, no_progress
from temporal_interp.tracking.contour_view import ContourView
from temporal_interp.workflows.phase_selection import proposed_phases
from temporal_interp.workflows.request import BetweenPhases, Request, WholeSequence
from TemporalInterpLib.adaptation import Adapted, adaptation_steps
from TemporalInterpLib.add_sequence import AddedSequence
from TemporalInterpLib.add_slices import AddedSlices, Images, slices_steps
from TemporalInterpLib.background import Steps, run_to_end
from TemporalInterpLib.check_results import PatientCheck
from TemporalInterpLib.companions import Companion
from TemporalInterpLib.dependencies import engines_can_run, packages_missing
from TemporalInterpLib.engines import creator, engine_name, synthesiser
from TemporalInterpLib.follow_points import let_follow
from TemporalInterpLib.interpolate_sequence import interpolation_steps
from TemporalInterpLib.load_sequence import (
    LoadedSequence,
    load_candidate_steps,
    load_sequence_steps,
    survey_steps,
)
from TemporalInterpLib.parameter_node import AUTOMATIC, Device, StrainView
from TemporalInterpLib.patient_check import check_steps
from TemporalInterpLib.remove_generated import remove_generated_frames
from TemporalInterpLib.result_marks import ResultKind
from TemporalInterpLib.results import Result, remove_results, remove_results_of, results_in
from TemporalInterpLib.sample_cine import sample_cine_steps
from TemporalInterpLib.sequence_conversion import sequence_from_node
from TemporalInterpLib.strain_curves import StrainCurves, add_strain_curves
from TemporalInterpLib.track_motion import TrackedMotion, tracking_steps
from TemporalInterpLib.volumes_to_sequence import FramesInScene, frames_in, sequence_of_frames_steps

if TYPE_CHECKING:  # the core's readers need packages that a bare Slicer lacks
    from temporal_interp.io import Candidate, Survey


class InterpolationLogic:
    """All functions of the panel, as steps and as single calls.

    Methods that end in `_steps` check their input and return steps for a `Job`; the others wait until it is done.
    Every method raises InvalidInputError, with advice, where the input cannot be used.
    """

    def proposed_phases(self, sequence_node: slicer.vtkMRMLSequenceNode) -> tuple[int, int]:
        """Return the numbers of two items to interpolate between: end-diastole and end-systole of a gated cine."""
        return proposed_phases(sequence_from_node(sequence_node))

    def interpolation_steps(
        self,
        sequence_node: slicer.vtkMRMLSequenceNode,
        request: Request,
        *,
        engine: str = AUTOMATIC,
        device: Device = Device.AUTO,
        adapted_model: str = "",
        companions: Collection[Companion] = (),
        errors: bool = False,
    ) -> Steps[AddedSequence]:
        """Return the steps that add an interpolated sequence to the scene; see `interpolate_sequence`."""
        name = engine_name(engine, sequence_node, adapted_model)
        if engine == AUTO_MEASURED and engines_can_run():
            name = AUTO_MEASURED
        maker = synthesiser(name, device)
        return interpolation_steps(sequence_node, request, maker, companions=companions, errors=errors)

    def interpolate(
        self,
        sequence_node: slicer.vtkMRMLSequenceNode,
        first: int,
        last: int,
        frames: int | Sequence[float],
        *,
        cyclic: bool | None = None,
        engine: str = AUTOMATIC,
        device: Device = Device.AUTO,
        companions: Collection[Companion] = (),
        progress: Progress = no_progress,
    ) -> AddedSequence:
        """Add a sequence of two acquired items and synthetic ones between them.

        Args:
            sequence_node: a sequence of scalar volumes in the scene.
            first: number of the item at t = 0.
            last: number of the item at t = 1.
            frames: number of frames to synthesise, evenly spaced, or their index values in the sequence's unit.
            cyclic: whether the sequence is a loop, so that engines look round the cycle; None takes it as it is.
            engine: how to synthesise.
            device: where to compute.
            companions: to make in addition to the frames: displacement fields, Jacobian determinants.
            progress: receives the progress; may raise to cancel, which leaves the scene as it was.
        """
        request = BetweenPhases(first, last, frames, cyclic)
        steps = self.interpolation_steps(sequence_node, request, engine=engine, device=device, companions=companions)
        return run_to_end(steps, progress)

    def multiply_frame_rate(
        self,
        sequence_node: slicer.vtkMRMLSequenceNode,
        factor: int,
        *,
        cyclic: bool | None = None,
        engine: str = AUTOMATIC,
        device: Device = Device.AUTO,
        companions: Collection[Companion] = (),
        progress: Progress = no_progress,
    ) -> AddedSequence:
        """Add the whole sequence with `factor - 1` synthetic items in every gap; see `interpolate` for the rest.

        Args:
            sequence_node: sequence of scalar volumes in the scene, two items or more.
            factor: 2 or more.
            cyclic: whether the sequence is a loop, so that the gap from its last item to its first is filled, too; None
                takes it as it is.
            engine: as in `interpolate`, like the rest.
            device: likewise.
            companions: likewise.
            progress: likewise.
        """
        request = WholeSequence(factor, cyclic)
        steps = self.interpolation_steps(sequence_node, request, engine=engine, device=device, companions=companions)
        return run_to_end(steps, progress)

    def check_steps(
        self,
        sequence_node: slicer.vtkMRMLSequenceNode,
        first: int,
        last: int,
        *,
        cyclic: bool | None = None,
        engine: str = AUTOMATIC,
        device: Device = Device.AUTO,
        adapted_model: str = "",
    ) -> Steps[PatientCheck]:
        """Return the steps of a check on acquired frames between two phases; see `patient_check`."""
        name = engine_name(engine, sequence_node, adapted_model)
        return check_steps(sequence_node, first, last, creator(name, device) or LinearBlend, cyclic=cyclic)

    def adaptation_steps(
        self, sequence_node: slicer.vtkMRMLSequenceNode, *, device: Device = Device.AUTO
    ) -> Steps[Adapted]:
        """Return the steps that adapt the network to a sequence; see `adaptation`."""
        engine_name("student", sequence_node)  # raises if packages are missing
        return adaptation_steps(sequence_node, device)

    def tracking_steps(
        self,
        sequence_node: slicer.vtkMRMLSequenceNode,
        reference: int,
        *,
        region: slicer.vtkMRMLSegmentationNode | slicer.vtkMRMLMarkupsROINode | None = None,
        segment_id: str = "",
        whole_image: bool = False,
        whole_beat: bool | None = None,
        device: Device = Device.AUTO,
    ) -> Steps[TrackedMotion]:
        """Return the steps that track the motion through a sequence; see `track_motion`."""
        if not engines_can_run():
            raise InvalidInputError(packages_missing(_("Tracking")))
        return tracking_steps(
            sequence_node,
            reference,
            region=region,
            segment_id=segment_id,
            whole_image=whole_image,
            whole_beat=whole_beat,
            device=device.value,
        )

    def track(
        self,
        sequence_node: slicer.vtkMRMLSequenceNode,
        reference: int = 0,
        *,
        region: slicer.vtkMRMLSegmentationNode | slicer.vtkMRMLMarkupsROINode | None = None,
        segment_id: str = "",
        whole_image: bool = False,
        whole_beat: bool | None = None,
        device: Device = Device.AUTO,
        progress: Progress = no_progress,
    ) -> TrackedMotion:
        """Track the motion through a sequence, which takes minutes, and add it to the sequence's browser.

        Args:
            sequence_node: a sequence of scalar volumes in the scene.
            reference: number of the acquired item whose tissue is followed.
            region: to track in; None for what moves most, such as the heart.
            segment_id: the segment of a segmentation that counts, all if empty.
            whole_image: without a region, track in all of the images.
            whole_beat: whether the frames cover one whole beat; None takes them to where the sequence is a loop.
            device: where to compute.
            progress: receives the progress; may raise to cancel, which leaves the scene as it was.
        """
        steps = self.tracking_steps(
            sequence_node,
            reference,
            region=region,
            segment_id=segment_id,
            whole_image=whole_image,
            whole_beat=whole_beat,
            device=device,
        )
        return run_to_end(steps, progress)

    def let_follow(self, markups: slicer.vtkMRMLMarkupsNode, motion: slicer.vtkMRMLSequenceNode) -> None:
        """Let markups that were placed in the reference phase follow a tracked motion; see `follow_points`."""
        let_follow(markups, motion)

    def add_strain_curves(
        self,
        motion: slicer.vtkMRMLSequenceNode,
        curve_node: slicer.vtkMRMLMarkupsCurveNode,
        view: StrainView = StrainView.SHORT_AXIS,
        wall_thickness_mm: float | None = None,
    ) -> StrainCurves:
        """Add table and plot of the strain along a curve that was drawn in the reference phase; see `strain_curves`."""
        return add_strain_curves(motion, curve_node, ContourView(view.value), wall_thickness_mm)

    def remove_tracked_motion(self, sequence_node: slicer.vtkMRMLSequenceNode) -> int:
        """Remove the tracked motions of a sequence and their strain curves; return the number of motions."""
        return remove_results_of(sequence_node, ResultKind.MOTION)

    def slices_steps(
        self,
        node: Images,
        factor: int,
        *,
        fitted: bool = False,
        keep_acquired: bool = True,
        device: Device = Device.AUTO,
        fitting_steps: int | None = None,
    ) -> Steps[AddedSlices]:
        """Return the steps that add slices to a volume or a sequence; see `add_slices`."""
        if not engines_can_run():
            raise InvalidInputError(packages_missing(_("Adding slices")))
        return slices_steps(
            node,
            factor,
            fitted=fitted,
            keep_acquired=keep_acquired,
            device=device.value,
            fitting_steps=fitting_steps,
        )

    def add_slices(
        self,
        node: Images,
        factor: int = 2,
        *,
        fitted: bool = False,
        keep_acquired: bool = True,
        device: Device = Device.AUTO,
        fitting_steps: int | None = None,
        progress: Progress = no_progress,
    ) -> AddedSlices:
        """Add a volume with closer slices, or a sequence of such volumes, made from one in the scene.

        Args:
            node: a volume, or a sequence of volumes, with two slices or more.
            factor: how many times closer the slices become: 2, 3 or 4.
            fitted: fit the networks to these images first, which takes minutes.
            keep_acquired: leave acquired slices as they are, bit for bit.
            device: where to compute.
            fitting_steps: of the optimiser, if networks are fitted; the default if None.
            progress: receives the progress; may raise to cancel, which leaves the scene as it was.
        """
        steps = self.slices_steps(
            node, factor, fitted=fitted, keep_acquired=keep_acquired, device=device, fitting_steps=fitting_steps
        )
        return run_to_end(steps, progress)

    def remove_added_slices(self, node: Images) -> int:
        """Remove the results of adding slices to a volume or a sequence; return their number."""
        return remove_results_of(node, ResultKind.SLICES)

    def sequences_in(self, path: Path | str) -> list[Candidate]:
        """Return the sequences in a folder of DICOM files, of which `load_sequence` loads one."""
        from temporal_interp.io import candidates

        return candidates(path)

    def load_sequence(
        self,
        path: Path | str,
        *,
        series: str | None = None,
        component: str | None = None,
        name: str = "",
        progress: Progress = no_progress,
    ) -> AddedSequence:
        """Add a sequence from a file or folder to the scene, such as a stack exported as one DICOM series a slice.

        Args:
            path: a file or folder that `temporal_interp.read` reads.
            series: number, UID or part of the description of the series, where a folder holds several.
            component: of a complex image: magnitude, phase, real or imaginary.
            name: of the sequence; that of the file or folder if empty.
            progress: receives the progress; may raise to cancel, which leaves the scene as it was.
        """
        return run_to_end(load_sequence_steps(Path(path), series, component, name), progress)

    def survey_steps(self, path: Path | str) -> Steps[Survey]:
        """Return the steps that look for the sequences in a file or folder, and say what cannot be read."""
        return survey_steps(Path(path))

    def load_candidate_steps(self, candidate: Candidate) -> Steps[LoadedSequence]:
        """Return the steps that read a sequence that was found, and add it to the scene."""
        return load_candidate_steps(candidate)

    def frames_in_scene(self) -> list[FramesInScene]:
        """Return the multi-volumes and the volumes loaded one by one that could be made a sequence."""
        return frames_in(slicer.mrmlScene)

    def sequence_of_frames_steps(self, frames: FramesInScene) -> Steps[AddedSequence]:
        """Return the steps that make a sequence of images in the scene, which stay as they are."""
        return sequence_of_frames_steps(frames)

    def sequence_of_frames(self, frames: FramesInScene) -> AddedSequence:
        """Make a sequence of images in the scene, which stay as they are."""
        return run_to_end(sequence_of_frames_steps(frames), no_progress)

    def sample_cine_steps(self) -> Steps[AddedSequence]:
        """Return the steps that draw the sample cine and add it to the scene."""
        return sample_cine_steps()

    def load_sample_cine(self) -> AddedSequence:
        """Draw the sample cine, a beating-heart phantom, and add it to the scene."""
        return run_to_end(sample_cine_steps(), no_progress)

    def remove_generated_frames(self, sequence_node: slicer.vtkMRMLSequenceNode) -> int:
        """Remove the synthetic items of a sequence and everything made with them; return the number of items."""
        return remove_generated_frames(sequence_node)

    def results(self, scene: slicer.vtkMRMLScene | None = None) -> list[Result]:
        """Return what this module has made in a scene, slicer.mrmlScene if None; see `results`."""
        return results_in(scene or slicer.mrmlScene)

    def remove_results(self, results: Iterable[Result]) -> None:
        """Remove results with all that belongs to them."""
        remove_results(results)

    def removable_models(self) -> list[str]:
        """Return the names of the models that did not come with the program."""
        if not engines_can_run():
            return []
        from temporal_interp.models.registry import Registry

        return [entry.name for entry in Registry().of_the_user()]

    def model_bytes(self, name: str) -> int:
        """Return the size of a model's file, 0 where it is gone."""
        from temporal_interp.models.registry import Registry

        registry = Registry()
        path = registry.path(registry.find(name))
        return path.stat().st_size if path.is_file() else 0

    def remove_models(self, names: Iterable[str] | None = None) -> list[str]:
        """Remove models that did not come with the program, all of them if None; return their names."""
        names = self.removable_models() if names is None else list(names)
        if names:
            from temporal_interp.models.registry import Registry

            for name in names:
                Registry().remove(name)
        return names
