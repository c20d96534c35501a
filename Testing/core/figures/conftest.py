"""What tests of figures share: a filled sequence, and figures instead of files."""

import pytest

from drawn_sequences import beating_square
from temporal_interp.figures import coarse_to_fine, strain_curves
from temporal_interp.workflows.interpolation import interpolate


@pytest.fixture
def filled():
    return interpolate(beating_square(), factor=2, engine="linear_blend")


@pytest.fixture
def drawn(monkeypatch):
    """Figures that were saved, as matplotlib's objects."""
    figures = []
    for module in (coarse_to_fine, strain_curves):
        monkeypatch.setattr(module, "save", lambda figure, path: figures.append(figure))
    return figures
