"""Finds the missing Python packages, and installs them if the user agrees."""

from __future__ import annotations

from importlib.util import find_spec

import slicer
from slicer.i18n import tr as _

REQUIREMENTS = {
    "torch": "torch>=2.2",
    "lightning": "lightning>=2.6,!=2.6.2,!=2.6.3",
    "matplotlib": "matplotlib>=3.8",
    "nibabel": "nibabel>=5.2",
    "nrrd": "pynrrd>=1.0",
    "platformdirs": "platformdirs>=4",
    "pydantic": "pydantic>=2.7",
    "rich": "rich>=13",
    "safetensors": "safetensors>=0.5",
    "typer": "typer>=0.12",
}
"""Packages that Slicer may lack: the name that is imported, and the requirement for pip (as in pyproject.toml).

The packages of the core, and those of the commands that the module runs in a child process: typer and rich for all,
matplotlib for `track`, lightning for `adapt`. Versions 2.6.2 and 2.6.3 of lightning were malicious.
"""

FOR_ENGINES = ("torch", "platformdirs", "pydantic", "safetensors")
"""Packages that the engines need; the rest is for work in a child process."""


FOR_READING = ("nibabel", "nrrd")
"""Packages that the readers of files need beside those that Slicer has."""


def missing_packages() -> list[str]:
    """Return the requirements that pip would have to install, PyTorch first; empty if nothing is missing."""
    return [requirement for name, requirement in REQUIREMENTS.items() if find_spec(name) is None]


def engines_can_run() -> bool:
    """Tell whether engines other than the linear blend can be used."""
    return all(find_spec(name) is not None for name in FOR_ENGINES)


def files_can_be_read() -> bool:
    """Tell whether the core can read files."""
    return all(find_spec(name) is not None for name in FOR_READING)


def install_missing_packages() -> bool:
    """Ask the user, then install the missing packages; the application waits meanwhile.

    PyTorch is installed by the PyTorch extension if that is there: it chooses the build that fits the GPU.

    Returns:
        False where the user declined.

    Raises:
        subprocess.CalledProcessError: pip failed.
    """
    missing = missing_packages()
    if not missing:
        return True
    question = _(
        "TemporalInterp needs Python packages that are not installed: {packages}.\n\nThey come from the Python Package "
        "Index. PyTorch alone may take 200 MB to 3 GB and some minutes. Install them into Slicer's Python now?"
    ).format(packages=", ".join(missing))
    if not slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Install Python packages")):
        return False
    with slicer.util.tryWithErrorDisplay(_("The packages could not be installed."), waitCursor=True):
        if find_spec("torch") is None and _install_torch_by_extension():
            missing.remove(REQUIREMENTS["torch"])
        if missing:
            slicer.util.pip_install(missing)
    return True


def _install_torch_by_extension() -> bool:
    try:
        import PyTorchUtils
    except ImportError:
        return False
    _package, _sign, version = REQUIREMENTS["torch"].partition(">=")
    logic = PyTorchUtils.PyTorchUtilsLogic()
    return logic.installTorch(askConfirmation=False, torchVersionRequirement=f">={version}") is not None
