"""The section that chooses the engine, and adapts the network to the sequence."""

from __future__ import annotations

from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.adaptation import Adapted
from TemporalInterpLib.background import Steps
from TemporalInterpLib.dependencies import engines_can_run
from TemporalInterpLib.engines import engine_choices, engine_name, load_ahead, time_to_expect
from TemporalInterpLib.job import Job
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC
from TemporalInterpLib.section import PACKAGES, Section
from TemporalInterpLib.work_button import WorkButton, tell_error


class EngineSection(Section):
    """Engine and device, their expected time, Adapt."""

    title = _("Engine")
    place = 30
    collapsed = True
    watches = frozenset({"sequence", "engine", "adaptedModel", PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._adapted_for: object = None
        self._sequence: object = None
        self._loading: Job | None = None
        self._choices: list[str] = []
        self.ui.engineSelector.connect("activated(int)", self._choose)
        self.work = WorkButton(
            self.ui.adaptButton, self.ui.adaptProgress, self.ui.adaptMessage, self._steps, self._done
        )

    def update(self) -> None:
        """Describe the choice."""
        parameters = self.parameters
        self._show_choice(parameters.engine)
        if self._sequence is not None and self._sequence is not parameters.sequence:
            parameters.adaptedModel = ""  # it belongs to the previous sequence
        self._sequence = parameters.sequence
        self.ui.adaptButton.enabled = self.work.running or parameters.sequence is not None
        if parameters.sequence is None:
            self.ui.engineInfo.text = ""
            return
        if self._loading is None and engines_can_run():
            self._loading = Job(load_ahead(), on_error=tell_error).start()
        try:
            name = engine_name(parameters.engine, parameters.sequence, parameters.adaptedModel)
        except TemporalInterpError as error:
            self.ui.engineInfo.text = str(error)
            return
        words = time_to_expect(name)
        if parameters.engine == AUTOMATIC:
            words = _("For this sequence: {engine}. ").format(engine=name.replace("_", " ")) + words
        self.ui.engineInfo.text = words

    def _show_choice(self, chosen: str) -> None:
        """Offer every engine that is declared, and show the chosen one."""
        choices = engine_choices()
        choices.setdefault(chosen, chosen)  # a saved scene may name an engine that does not exist here
        selector = self.ui.engineSelector
        if list(choices) != self._choices:
            self._choices = list(choices)
            selector.clear()
            selector.addItems(list(choices.values()))
        selector.currentIndex = self._choices.index(chosen)

    def _choose(self, index: int) -> None:
        self.parameters.engine = self._choices[index]

    def stop(self) -> None:
        """Stop adapting."""
        self._sequence = None
        self.work.cancel()
        if self._loading is not None:
            self._loading.cancel()

    def _steps(self) -> Steps[Adapted]:
        self._adapted_for = self.parameters.sequence
        return self.logic.adaptation_steps(self.parameters.sequence, device=self.parameters.device)

    def _done(self, adapted: Adapted) -> str:
        if self.parameters.sequence is self._adapted_for:
            self.parameters.adaptedModel = adapted.name
            self.parameters.engine = ADAPTED
        return _(
            "Adapted, model '{name}': {after:+.2f} dB over the linear blend in the moving region of held-out frames, "
            "{before:+.2f} dB before."
        ).format(name=adapted.name, after=adapted.gain_after, before=adapted.gain_before)


SECTION = EngineSection
