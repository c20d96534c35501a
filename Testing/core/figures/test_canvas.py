"""Figures are written whole or not at all."""

import pytest

from drawn_sequences import beating_square
from temporal_interp.errors import InvalidInputError
from temporal_interp.figures.canvas import new_figure, save
from temporal_interp.figures.contact_sheet import save_contact_sheet


class TestSaving:
    def test_a_name_that_is_no_picture_is_refused_and_leaves_nothing(self, tmp_path):
        with pytest.raises(InvalidInputError, match="png"):
            save(new_figure(2.0), tmp_path / "figure.xyz")
        assert not list(tmp_path.iterdir())

    def test_a_failure_while_drawing_leaves_the_old_file(self, tmp_path, monkeypatch):
        path = tmp_path / "figure.png"
        path.write_bytes(b"old")
        figure = new_figure(2.0)

        def fail(target, **kwargs):
            target.write_bytes(b"half")
            raise OSError("disk full")

        monkeypatch.setattr(figure, "savefig", fail)
        with pytest.raises(OSError, match="disk full"):
            save(figure, path)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_the_global_state_of_matplotlib_is_left_alone(self, tmp_path):
        from matplotlib import pyplot

        save_contact_sheet(beating_square(count=2), tmp_path / "sheet.png")
        assert pyplot.get_fignums() == []
