"""The section that writes a result as a DICOM series."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from slicer.i18n import tr as _

from TemporalInterpLib.background import Steps
from TemporalInterpLib.dependencies import files_can_be_read
from TemporalInterpLib.dicom_export import export_steps, free_folder, source_files
from TemporalInterpLib.places import ask_folder_to_write_into
from TemporalInterpLib.section import PACKAGES, SCENE, Section
from TemporalInterpLib.sections.export.presenter import State, frames_written, present, written_in_words
from TemporalInterpLib.sequence_conversion import synthetic_items_of
from TemporalInterpLib.work_button import WorkButton


class _FolderFirst(WorkButton):
    """A button that asks for a folder before it starts; nothing happens where none is chosen."""

    place: Path | None = None

    def press(self) -> None:
        if not self.running:
            self.place = ask_folder_to_write_into()
            if self.place is None:
                return
        super().press()


class ExportSection(Section):
    """Which frames, whose, and Write DICOM."""

    title = _("Write DICOM")
    place = 57
    collapsed = True
    watches = frozenset({"result", "sequence", SCENE, PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._folder = Path()
        self.work = _FolderFirst(
            self.ui.exportButton, self.ui.exportProgress, self.ui.exportMessage, self._steps, self._done
        )
        self.ui.exportAcquired.connect("toggled(bool)", lambda _ticked: self.update())

    def update(self) -> None:
        """Say what will be written, or why nothing can be."""
        view = present(self._state())
        self.ui.exportPlan.text = view.plan
        self.allow(self.ui.exportAcquired, unless=view.unless)
        self.allow(self.ui.exportAnonymised, unless=view.anonymise_unless)
        self.allow(self.ui.exportButton, unless="" if self.work.running else view.unless)

    def stop(self) -> None:
        """Stop writing, and forget what was written."""
        self.work.cancel()
        self.work.forget()

    def _state(self) -> State:
        result = self.parameters.result
        return State(
            name="" if result is None else result.GetName(),
            frames=0 if result is None else result.GetNumberOfDataNodes(),
            synthetic=0 if result is None else len(synthetic_items_of(result)),
            has_headers=source_files(result) is not None,
            can_write=files_can_be_read(),
            can_anonymise=find_spec("dicomanonymizer") is not None,
            acquired=self.ui.exportAcquired.checked,
        )

    def _steps(self) -> Steps[list[str]]:
        result = self.parameters.result
        self._folder = free_folder(self.work.place, result.GetName())
        self._frames = frames_written(self._state())
        return export_steps(
            result,
            source_files(result),
            self._folder,
            acquired=self.ui.exportAcquired.checked,
            anonymise=self.ui.exportAnonymised.checked and self.ui.exportAnonymised.enabled,
        )

    def _done(self, notes: list[str]) -> str:
        return written_in_words(self._folder, self._frames, notes)


SECTION = ExportSection
