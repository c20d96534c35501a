"""The section that removes the results of the module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from temporal_interp.errors import TemporalInterpError
from TemporalInterpLib.parameter_node import ADAPTED, AUTOMATIC
from TemporalInterpLib.result_marks import ResultKind
from TemporalInterpLib.results import Result
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sections.clean_up.presenter import (
    ModelFacts,
    ResultFacts,
    Row,
    State,
    models_question,
    models_removed,
    present,
    question,
    removed,
)
from TemporalInterpLib.work_button import tell_error

ROW_HEIGHT = 24


class CleanUpSection(Section):
    """The list of what this module has made in the scene, and the models on this computer."""

    title = _("Clean up")
    place = 90
    collapsed = True
    watches = frozenset({"sequence", "adaptedModel", SCENE, PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._results: list[Result] = []
        self._facts: list[ResultFacts] = []
        self._models: list[ModelFacts] = []
        self._refusal = ""
        self._filling = False
        for table in (self.ui.resultList, self.ui.modelList):
            table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
            table.horizontalHeader().setSectionResizeMode(1, qt.QHeaderView.ResizeToContents)
            table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
            table.connect("itemChanged(QTableWidgetItem*)", self._ticked)
        self.ui.removeChosenButton.connect("clicked()", self._remove_chosen)
        self.ui.removeAllButton.connect("clicked()", self._remove_all)
        self.ui.removeModelsButton.connect("clicked()", self._remove_models)

    def update(self) -> None:
        """List what is there; ticks stay."""
        ticked = {self._results[number].nodes[0] for number in self._chosen(self.ui.resultList)}
        ticked_models = {self._models[number].name for number in self._chosen(self.ui.modelList)}
        self._results = self.logic.results(self.parameters.parameterNode.GetScene())
        self._facts = [_facts_of(result) for result in self._results]
        self._list_models()
        view = present(self._state())
        self._fill(self.ui.resultList, view.rows, view.rows_shown, [r.nodes[0] in ticked for r in self._results])
        self._fill(
            self.ui.modelList, view.model_rows, view.models_shown, [m.name in ticked_models for m in self._models]
        )
        self._apply()

    def stop(self) -> None:
        """Forget the results."""
        self._results, self._facts = [], []
        self._fill(self.ui.resultList, [], 0, [])
        self._apply()

    def _state(self) -> State:
        return State(
            results=self._facts,
            chosen=self._chosen(self.ui.resultList),
            models=self._models,
            chosen_models=self._chosen(self.ui.modelList),
            models_refusal=self._refusal,
        )

    def _apply(self) -> None:
        view, ui = present(self._state()), self.ui
        ui.resultsTitle.text, ui.modelsTitle.text = view.total, view.models_title
        self.allow(ui.removeChosenButton, unless=view.chosen_unless)
        self.allow(ui.removeAllButton, unless=view.all_unless)
        self.allow(ui.removeModelsButton, unless=view.models_unless)
        ui.resultList.visible = bool(view.rows)
        ui.modelList.visible = bool(view.model_rows)
        ui.modelsTitle.visible = bool(view.models_title)

    def _fill(self, table: Any, rows: Sequence[Row], shown: int, ticked: Sequence[bool]) -> None:
        self._filling = True
        table.setRowCount(len(rows))
        for number, (row, is_ticked) in enumerate(zip(rows, ticked, strict=True)):
            what, size = qt.QTableWidgetItem(row.what), qt.QTableWidgetItem(row.size)
            what.setCheckState(qt.Qt.Checked if is_ticked else qt.Qt.Unchecked)
            size.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            for column, item in enumerate((what, size)):
                item.setToolTip(row.tooltip)
                table.setItem(number, column, item)
        table.setFixedHeight(ROW_HEIGHT * shown + table.horizontalHeader().sizeHint.height() + 4)
        self._filling = False

    def _chosen(self, table: Any) -> list[int]:
        return [n for n in range(table.rowCount) if table.item(n, 0).checkState() == qt.Qt.Checked]

    def _ticked(self) -> None:
        if not self._filling:
            self._apply()

    def _remove_chosen(self) -> None:
        self._remove(self._chosen(self.ui.resultList))

    def _remove_all(self) -> None:
        self._remove(range(len(self._results)))

    def _remove(self, numbers: Sequence[int]) -> None:
        facts, results = ([of[number] for number in numbers] for of in (self._facts, self._results))
        scene = self.parameters.parameterNode.GetScene()
        if not slicer.util.confirmOkCancelDisplay(
            question(facts, undo=bool(scene.GetUndoFlag())), windowTitle=_("Remove results")
        ):
            return
        if any(result.kind is ResultKind.INSTANT for result in results):
            self.parameters.sideBySide = False  # otherwise it would be shown anew
        try:
            self.logic.remove_results([result for result in results if result.nodes[0].GetScene() is not None])
        except TemporalInterpError as error:
            tell_error(error)
        else:
            self.ui.cleanUpMessage.text = removed(facts)
        self.context.announce(SCENE)

    def _list_models(self) -> None:
        self._models, self._refusal = [], ""
        try:
            self._models = [ModelFacts(name, self.logic.model_bytes(name)) for name in self.logic.removable_models()]
        except TemporalInterpError as error:
            self._refusal = str(error)

    def _remove_models(self) -> None:
        models = [self._models[number] for number in self._chosen(self.ui.modelList)]
        if not slicer.util.confirmOkCancelDisplay(models_question(models), windowTitle=_("Remove models")):
            return
        names = [model.name for model in models]
        try:
            self.logic.remove_models(names)
        except TemporalInterpError as error:
            tell_error(error)
            return
        if self.parameters.adaptedModel in names:
            self.parameters.adaptedModel = ""
            if self.parameters.engine == ADAPTED:
                self.parameters.engine = AUTOMATIC
        self.ui.cleanUpMessage.text = models_removed(models)
        self.update()


def _facts_of(result: Result) -> ResultFacts:
    return ResultFacts(
        kind=result.kind.value,
        name=result.name,
        engine=result.engine,
        frames=result.frames,
        parts=len(result.nodes),
        made=result.made,
        bytes=result.bytes,
    )


SECTION = CleanUpSection
