"""temporal-interp demo, with the quick engine in place of the real one."""

import pytest

from temporal_interp.data.provenance import is_synthetic
from temporal_interp.engines import choice, registry
from temporal_interp.io import read_sequence


@pytest.fixture(autouse=True)
def _quick_engine(monkeypatch):
    monkeypatch.setattr(registry, "available_engine_names", lambda: ("linear_blend",))
    monkeypatch.setattr(choice, "choose_engine", lambda *_, **__: choice.Choice("linear_blend", "It is quick."))


def test_the_demo_leaves_a_sequence_pictures_and_scores(command, tmp_path):
    out = tmp_path / "demo"
    result = command("demo", "-o", out)
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in out.iterdir()} == {
        "beating_heart.seq.nrrd",
        "contact_sheet.png",
        "film.gif",
        "native_curves.png",
        "native_frames.png",
        "scores.csv",
    }
    sequence = read_sequence(out / "beating_heart.seq.nrrd")
    assert [is_synthetic(a) for a in sequence.item_attributes] == [False, True, True, True] * 6 + [False]
    made_from = [a["TemporalInterp.IndexValues"].split() for a in sequence.item_attributes[1:4]]
    kept = [f"{sequence.times[number]:.9g}" for number in (0, 4)]
    assert made_from == [kept, kept, kept[::-1]]
    for words in ("PSNR", "linear blend", str(out), "interpolate YOUR_DATA"):
        assert words in result.stdout


def test_a_folder_with_files_needs_force(command, tmp_path):
    (tmp_path / "file").touch()
    result = command("demo", "-o", tmp_path)
    assert result.exit_code == 3
    assert "--force" in result.stderr


def test_ctrl_c_leaves_no_folder(command, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("temporal_interp.figures.animation.save_animation", interrupted)
    assert command("demo", "-o", tmp_path / "demo").exit_code == 130
    assert list(tmp_path.iterdir()) == []
