"""Contact sheets: synthetic frames are marked as such."""

from drawn_sequences import beating_square, has_colour
from temporal_interp.figures.canvas import ACQUIRED, SYNTHETIC
from temporal_interp.figures.contact_sheet import save_contact_sheet


class TestContactSheet:
    def test_borders_tell_acquired_from_synthetic_frames(self, filled, tmp_path):
        save_contact_sheet(filled, tmp_path / "filled.png")
        save_contact_sheet(beating_square(), tmp_path / "acquired.png")
        legend = 60
        assert has_colour(tmp_path / "filled.png", ACQUIRED, below=legend)
        assert has_colour(tmp_path / "filled.png", SYNTHETIC, below=legend)
        assert not has_colour(tmp_path / "acquired.png", SYNTHETIC, below=legend)

    def test_one_frame_makes_a_sheet(self, tmp_path):
        save_contact_sheet(beating_square(count=1), tmp_path / "sheet.png")
        assert (tmp_path / "sheet.png").exists()
