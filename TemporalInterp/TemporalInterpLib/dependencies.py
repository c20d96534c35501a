"""Finds the missing Python packages, and installs them if the user agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from importlib.util import find_spec

import slicer
from slicer.i18n import tr as _

REQUIREMENTS = {
    "torch": "torch>=2.8",
    "lightning": "lightning>=2.6,!=2.6.2,!=2.6.3",
    "filelock": "filelock>=3.20.3",
    "jinja2": "jinja2>=3.1.6",
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
matplotlib for `track`, lightning for `adapt`. Reports need jinja2 and matplotlib. Versions 2.6.2 and 2.6.3 of lightning
were malicious.
"""

FOR_VIDEOS = {"av": "av>=14.2"}
"""The package that videos are read with, likewise; it is asked for when the first one is loaded."""

FOR_ENGINES = ("torch", "platformdirs", "pydantic", "safetensors")
"""Packages that the engines need; the rest is for work in a child process."""


FOR_READING = ("filelock", "nibabel", "nrrd")
"""Packages that the readers of files need beside those that Slicer has."""

FOR_REPORTS = ("jinja2", "matplotlib", "rich")
"""Packages that the report of a check needs."""


def missing_packages() -> list[str]:
    """Return the requirements that pip would have to install, PyTorch first; empty if nothing is missing."""
    return [requirement for name, requirement in REQUIREMENTS.items() if find_spec(name) is None]


def engines_can_run() -> bool:
    """Tell whether engines other than the linear blend can be used."""
    return all(find_spec(name) is not None for name in FOR_ENGINES)


def packages_missing(what: str) -> str:
    """Return why something cannot be done while `engines_can_run` is false.

    Example:
        >>> packages_missing("Tracking")
        'Tracking needs Python packages that are not installed; install them with the button at the top.'
    """
    return _("{what} needs Python packages that are not installed; install them with the button at the top.").format(
        what=what
    )


def files_can_be_read() -> bool:
    """Tell whether the core can read files."""
    return all(find_spec(name) is not None for name in FOR_READING)


def reports_can_be_written() -> bool:
    """Tell whether the report of a check can be written."""
    return all(find_spec(name) is not None for name in FOR_REPORTS)


def install_missing_packages() -> None:
    """Ask the user, then install the missing packages; the application waits meanwhile.

    PyTorch is installed by the PyTorch extension if that is there: it chooses the build that fits the GPU. What fails
    is told to the user.
    """
    missing = missing_packages()
    question = _(
        "TemporalInterp needs Python packages that are not installed: {packages}.\n\nThey come from the Python Package "
        "Index. PyTorch alone may take 200 MB to 3 GB and some minutes. Install them into Slicer's Python now?"
    ).format(packages=", ".join(missing))
    if not slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Install Python packages")):
        return
    with _failure_is_told():
        if REQUIREMENTS["torch"] in missing and _install_torch_by_extension():
            missing.remove(REQUIREMENTS["torch"])
        if missing:
            _install(missing)


def offer_videos() -> bool:
    """Ask the user, then install what videos are read with; tell whether that is there now.

    The application waits meanwhile. What fails is told to the user.
    """
    ((name, requirement),) = FOR_VIDEOS.items()
    question = _(
        "Videos need one more Python package, {package}, from the Python Package Index. Install it into Slicer's "
        "Python now?"
    ).format(package=requirement)
    if not slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Install a Python package")):
        return False
    with _failure_is_told():
        _install([requirement])
    return find_spec(name) is not None


@contextmanager
def _failure_is_told() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of pip, of the network, of the extension
        slicer.util.errorDisplay(
            _("The packages could not be installed. Is there a connection to the internet, and room on the disk?"),
            detailedText=str(error),
        )
    finally:
        invalidate_caches()  # of the import system, which would not see new packages


def _install(requirements: list[str]) -> None:
    """Install packages by pip, which the user has agreed to; with progress, and advice to restart, where Slicer can."""
    try:
        from slicer.packaging import pip_ensure  # from 5.12 on
    except ImportError:
        slicer.util.pip_install(requirements)
    else:
        pip_ensure(requirements, prompt_install=False, requester="TemporalInterp")


def _install_torch_by_extension() -> bool:
    try:
        import PyTorchUtils
    except ImportError:
        return False
    _package, _sign, version = REQUIREMENTS["torch"].partition(">=")
    logic = PyTorchUtils.PyTorchUtilsLogic()
    return logic.installTorch(askConfirmation=False, torchVersionRequirement=f">={version}") is not None
