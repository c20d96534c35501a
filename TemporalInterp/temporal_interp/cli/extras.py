"""The optional dependencies (extras of pyproject.toml), and the message if one is missing."""

from __future__ import annotations

EXTRAS = {
    "anonymise": ("dicomanonymizer",),
    "cli": ("jinja2", "matplotlib", "PIL", "rich", "typer"),
    "train": ("lightning", "tensorboard", "yaml"),
    "video": ("av",),
}
"""The packages of every extra, by the names they are imported by."""


def missing_extra(error: ModuleNotFoundError) -> str | None:
    """Return one line that says which extra to install; None if the module belongs to none.

    >>> missing_extra(ModuleNotFoundError(name="lightning.pytorch"))
    "lightning is not installed; install it with: pip install 'temporal-interp[train]'"
    """
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return f"{package} is not installed; install it with: pip install 'temporal-interp[{extra}]'"
    return None
