"""The strip at the top that names the missing Python packages, and installs them."""

from __future__ import annotations

from TemporalInterpLib.dependencies import engines_can_run, install_missing_packages, missing_packages
from TemporalInterpLib.section import PACKAGES, Section
from TemporalInterpLib.sections.packages.presenter import State, present


class PackagesSection(Section):
    """The missing packages, and Install."""

    place = 0
    collapsed = False
    watches = frozenset({PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._state: State | None = None
        self.ui.installButton.connect("clicked()", self._install)

    def update(self) -> None:
        """Show the strip if a package is missing."""
        if self._state is None:
            self._state = State(tuple(missing_packages()), engines_can_run())
        view = present(self._state)
        self.ui.missingLabel.text = view.text
        self.ui.missingPackages.visible = bool(view.text)

    def _install(self) -> None:
        install_missing_packages()
        self._state = None  # some may have been installed where one failed
        self.context.announce(PACKAGES)


SECTION = PackagesSection
