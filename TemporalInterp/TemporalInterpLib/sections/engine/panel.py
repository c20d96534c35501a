"""The section that chooses the engine, and adapts the network to the sequence."""

from __future__ import annotations

from slicer.i18n import tr as _

from temporal_interp.engines.registry import AUTO_MEASURED, find_engine
from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.adaptation import Adapted
from TemporalInterpLib.background import Steps
from TemporalInterpLib.dependencies import engines_can_run
from TemporalInterpLib.engines import automatic_choice, engine_choices, engine_name, is_there, time_to_expect
from TemporalInterpLib.first_load import load_ahead
from TemporalInterpLib.job import Job
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC, Device
from TemporalInterpLib.section import PACKAGES, Section
from TemporalInterpLib.sections.engine.presenter import State, View, present
from TemporalInterpLib.work_button import WorkButton, tell_error


class EngineSection(Section):
    """Engine and device, their expected time, Adapt."""

    title = _("Engine")
    place = 30
    collapsed = True
    watches = frozenset({"sequence", "engine", "device", "adaptedModel", PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._adapted_for: object = None
        self._sequence: object = None
        self._loading: Job | None = None
        self._there: tuple[Device, ...] | None = None
        self._not_there = self._engine_not_there = ""
        self._view = View((), -1)
        self.ui.engineSelector.connect("activated(int)", self._choose)
        self.ui.deviceSelector.connect("activated(int)", self._choose_device)
        self.work = WorkButton(
            self.ui.adaptButton, self.ui.adaptProgress, self.ui.adaptMessage, self._steps, self._done
        )

    def update(self) -> None:
        """Describe the choice."""
        parameters = self.parameters
        if self._sequence is not None and self._sequence is not parameters.sequence:
            parameters.adaptedModel = ""  # it belongs to the previous sequence
        self._sequence = parameters.sequence
        if self._loading is None and parameters.sequence is not None and engines_can_run():
            self._loading = Job(load_ahead(), on_done=self._loaded, on_error=tell_error).start()
        view = present(self._state())
        if view.engine_falls_back:
            self._engine_not_there = parameters.engine
            parameters.engine = AUTOMATIC  # which is watched, like the device
        elif view.fall_back:
            self._not_there = parameters.device.value
            parameters.device = Device.AUTO
        else:
            self._show(view)

    def _state(self) -> State:
        parameters = self.parameters
        why, expected, refusal, no_sequence = "", "", "", self.context.in_use.refusal
        if not no_sequence:
            try:
                why, expected = self._expected()
            except TemporalInterpError as error:
                refusal = str(error)
        return State(
            engines=engine_choices(),
            engine=parameters.engine,
            engine_is_there=is_there(parameters.engine),
            engine_not_there=self._engine_not_there if parameters.engine == AUTOMATIC else "",
            why=why,
            expected=expected,
            refusal=refusal,
            devices={device.value: device.label() for device in Device},
            there=None if self._there is None else [device.value for device in self._there],
            device=parameters.device.value,
            not_there=self._not_there,
            no_sequence=no_sequence,
            adapting=self.work.running,
        )

    def _expected(self) -> tuple[str, str]:
        """Return why the program chose the engine, "" where the user did, and what to expect of it."""
        parameters = self.parameters
        if parameters.engine == AUTOMATIC:
            choice = automatic_choice(parameters.sequence)
            return choice.reason, _(find_engine(choice.name).expected_time)
        if parameters.engine == AUTO_MEASURED:
            return _(
                "Interpolate hides every second frame first, and takes the engine that predicts these best: up to a "
                "minute for each. Instants are shown by the automatic choice; the motion is not kept."
            ), ""
        return "", time_to_expect(engine_name(parameters.engine, parameters.sequence, parameters.adaptedModel))

    def _show(self, view: View) -> None:
        ui = self.ui
        for box, texts, before, place in (
            (ui.engineSelector, view.engines, self._view.engines, view.engine),
            (ui.deviceSelector, view.device_texts, self._view.device_texts, view.device),
        ):
            if list(texts) != list(before):
                box.clear()
                box.addItems(list(texts))
            box.currentIndex = place
        ui.deviceLabel.visible = ui.deviceSelector.visible = bool(view.devices)
        for label, text in ((ui.engineInfo, view.info), (ui.deviceNote, view.device_note)):
            label.text, label.visible = text, bool(text)
        self.allow(ui.adaptButton, unless=view.no_adapting)
        self._view = view

    def _choose(self, place: int) -> None:
        self._engine_not_there = ""
        choices = list(engine_choices())
        if place < len(choices):  # what follows is chosen already, and not offered
            self.parameters.engine = choices[place]

    def _choose_device(self, place: int) -> None:
        self._not_there = ""
        self.parameters.device = Device(self._view.devices[place])

    def _loaded(self, there: tuple[Device, ...]) -> None:
        self._there = there
        if self.context.parameters is not None:
            self.update()

    def stop(self) -> None:
        """Stop adapting."""
        self._sequence, self._not_there, self._engine_not_there = None, "", ""
        self.work.cancel()
        if self._loading is not None and self._there is None:
            self._loading.cancel()
            self._loading = None

    def _steps(self) -> Steps[Adapted]:
        self._adapted_for = self.parameters.sequence
        return self.logic.adaptation_steps(self.parameters.sequence, device=self.parameters.device)

    def _done(self, adapted: Adapted) -> str:
        if not adapted.name:
            return _("Held-out frames of this sequence gained nothing: the network stays as it was.")
        if self.parameters.sequence is self._adapted_for:
            self.parameters.adaptedModel = adapted.name
            self.parameters.engine = ADAPTED
        return _(
            "Adapted, model '{name}': {after:+.2f} dB over the linear blend in the moving region of held-out frames, "
            "{before:+.2f} dB before."
        ).format(name=adapted.name, after=adapted.gain_after, before=adapted.gain_before)


SECTION = EngineSection
