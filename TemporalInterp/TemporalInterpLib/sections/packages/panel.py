"""The strip at the top that names the missing Python packages, and installs them."""

from __future__ import annotations

from slicer.i18n import tr as _

from TemporalInterpLib.dependencies import engines_can_run, install_missing_packages, missing_packages
from TemporalInterpLib.section import PACKAGES, Section


class PackagesSection(Section):
    """The missing packages, and Install."""

    place = 0
    collapsed = False
    watches = frozenset({PACKAGES})

    def connect(self) -> None:
        """Connect the widgets."""
        self._missing: list[str] | None = None
        self.ui.installButton.connect("clicked()", self._install)

    def update(self) -> None:
        """Show the strip if a package is missing."""
        if self._missing is None:
            self._missing = missing_packages()
        missing = self._missing
        self.ui.missingPackages.visible = bool(missing)
        if missing:
            effect = (
                _("Some functions cannot be used yet.")
                if engines_can_run()
                else _("Until they are installed, only the linear blend can be used.")
            )
            self.ui.missingLabel.text = _("Python packages are missing: {packages}. {effect}").format(
                packages=", ".join(requirement.partition(">=")[0] for requirement in missing), effect=effect
            )

    def _install(self) -> None:
        if install_missing_packages():
            self._missing = None
            self.context.announce(PACKAGES)


SECTION = PackagesSection
