"""The section that shows the motion of the result."""

from __future__ import annotations

from typing import Any

import slicer
from slicer.i18n import tr as _

from temporal_interp.data.provenance import FIRST_KEY
from TemporalInterpLib.background import Steps
from TemporalInterpLib.companions import Companion, companion_of
from TemporalInterpLib.deformation_facts import DeformationFacts, measure_companions
from TemporalInterpLib.deformation_view import arrow_scale, show_field, show_volume_change
from TemporalInterpLib.job import Job
from TemporalInterpLib.layout import ShownVolumes, show_in_slice_views
from TemporalInterpLib.parameter_node import FieldStyle
from TemporalInterpLib.playback import go_to
from TemporalInterpLib.section import SCENE, Section
from TemporalInterpLib.sections.deformation.presenter import State, present
from TemporalInterpLib.sequence_browser import proxy_of
from TemporalInterpLib.sequence_conversion import format_index_value, items_of
from TemporalInterpLib.short_time import short_time
from TemporalInterpLib.volume_change import volume_change_of, volume_change_steps


class DeformationSection(Section):
    """Arrows or a grid, the change of volume, folds."""

    title = _("Deformation")
    place = 50
    collapsed = True
    watches = frozenset({"result", "fieldStyle", "fieldSpacing", "jacobian", SCENE})

    def connect(self) -> None:
        """Connect the widgets."""
        self._job: Job | None = None
        self._shown_volumes = ShownVolumes(self._views_have_changed)
        self.stop()

    @property
    def working(self) -> bool:
        """Whether the motion is being measured, or the change of volume drawn."""
        return self._job is not None

    def update(self) -> None:
        """Draw the motion of the result as the parameters say."""
        result = self.parameters.result
        if result is not self._result:
            self._begin(result)
        fields = companion_of(result, Companion.DISPLACEMENT_FIRST_TO_T.value)
        facts = DeformationFacts.of(fields) if fields is not None else None
        self._apply(fields, facts)
        if fields is None:
            self._drawn, self._map_shown = (), False
            self._shown_volumes.release()
        elif facts is not None:
            self._shown_volumes.follow(result.GetScene())
            self._go_to_the_longest(facts)
            self._draw(facts)
        elif not self._failure:  # a result of old, which nobody has measured
            jacobians = companion_of(result, Companion.JACOBIAN_FIRST_TO_T.value)
            known = {Companion.DISPLACEMENT_FIRST_TO_T: fields, Companion.JACOBIAN_FIRST_TO_T: jacobians}
            self._start(measure_companions(result, {kind: node for kind, node in known.items() if node is not None}))

    def stop(self) -> None:
        """Stop working, and forget what is shown."""
        if self._job is not None:
            self._job.cancel()
        self._shown_volumes.release()
        self._result: slicer.vtkMRMLSequenceNode | None = None
        self._drawn: tuple[object, ...] = ()
        self._map_shown = self._was_seen = False
        self._shows: bool | None = None
        self._failure = ""

    def _begin(self, result: slicer.vtkMRMLSequenceNode | None) -> None:
        """Leave the result before, and take over another, which is drawn alike."""
        if self._map_shown:
            show_volume_change(self._result, shown=False)
        if self._result is not None and self._drawn:
            show_field(self._result, FieldStyle.HIDDEN, 1.0, 0.0)
        self.stop()
        self._result = result

    def _apply(self, fields: slicer.vtkMRMLSequenceNode | None, facts: DeformationFacts | None) -> None:
        ui, result = self.ui, self._result
        view = present(
            State(
                has_fields=fields is not None,
                has_jacobians=companion_of(result, Companion.JACOBIAN_FIRST_TO_T.value) is not None,
                facts=facts,
                instants=_instants(fields) if facts is not None else (),
                style=self.parameters.fieldStyle,
                from_a=facts is not None and _begins_at_a(result),
                arrow_scale=self._arrow_scale(facts),
                failure=self._failure,
            )
        )
        ui.deformationMessage.text = view.message
        ui.fieldSpacingLabel.text = view.spacing_label
        self.allow(ui.fieldStyle, unless=view.unless)
        self.allow(ui.fieldSpacing, unless=view.spacing_unless)
        self.allow(ui.jacobian, unless=view.jacobian_unless)

    def _arrow_scale(self, facts: DeformationFacts | None) -> int:
        if facts is None or self.parameters.fieldStyle is not FieldStyle.ARROWS:
            return 1
        return arrow_scale(self.parameters.fieldSpacing, facts.longest_mm)

    def _go_to_the_longest(self, facts: DeformationFacts) -> None:
        """Stop where most is to be seen, when the user turns the drawing on."""
        shows = self.parameters.fieldStyle is not FieldStyle.HIDDEN or self.parameters.jacobian
        if shows and self._shows is False:
            go_to(self._result, facts.item)
            if not self._is_seen and (shown := proxy_of(self._result)) is not None:
                self.parameters.sideBySide = False
                show_in_slice_views(shown, fit=False)
        self._shows = shows

    def _draw(self, facts: DeformationFacts) -> None:
        parameters, is_seen = self.parameters, self._is_seen
        drawn = (parameters.fieldStyle if is_seen else FieldStyle.HIDDEN, parameters.fieldSpacing)
        if drawn != self._drawn:
            self._drawn = drawn
            show_field(self._result, *drawn, facts.longest_mm)
        self._was_seen = is_seen
        wanted = parameters.jacobian and self.ui.jacobian.enabled and is_seen
        if wanted and volume_change_of(self._result) is None:
            if not self._failure:
                self._start(volume_change_steps(self._result))
        elif wanted is not self._map_shown:
            self._map_shown = wanted
            show_volume_change(self._result, shown=wanted)

    @property
    def _is_seen(self) -> bool:
        """Whether the slice views show the result: on a frame of another instant its motion would mislead."""
        return slicer.app.layoutManager() is None or proxy_of(self._result) in self._shown_volumes()

    def _views_have_changed(self) -> None:
        if self._is_seen is not self._was_seen and self.context.parameters is not None:
            self.update()

    def _start(self, steps: Steps[Any]) -> None:
        if self._job is None:
            self._job = Job(steps, on_error=self._fail, on_end=self._ended).start()

    def _fail(self, error: Exception) -> None:
        self._failure = str(error)

    def _ended(self) -> None:
        self._job = None
        if self.context.parameters is not None and self._result is not None:
            self.update()


def _begins_at_a(result: slicer.vtkMRMLSequenceNode) -> bool:
    """Tell whether all motion of a result is counted from its first frame, and not from gap to gap."""
    begins = {item.GetAttribute(FIRST_KEY) for item in items_of(result)} - {None}
    first = format_index_value(float(result.GetNthIndexValue(0)))
    return all(format_index_value(float(value)) == first for value in begins)


def _instants(fields: slicer.vtkMRMLSequenceNode) -> tuple[str, ...]:
    values = (float(fields.GetNthIndexValue(n)) for n in range(fields.GetNumberOfDataNodes()))
    return tuple(short_time(value, fields.GetIndexUnit()) for value in values)


SECTION = DeformationSection
