"""Sections that leave the work to a process of its own: cancelled, or without a scene, they leave nothing behind."""

import pytest
import slicer
from mrml_helpers import snapshot
from panels.panel_helpers import is_running

SECTIONS = [("track", "Track"), ("slices", "Add slices")]


@pytest.mark.parametrize(("section", "words"), SECTIONS)
def test_the_child_ends_and_the_scene_is_identical(
    cine, scene, open_panel, child_program, tmp_path, process_events_until, section, words
):
    number = tmp_path / "pid"
    child_program(f"""
        open({str(number)!r}, "w").write(str(os.getpid()))
        say("progress", fraction=0.4, message="half scale")
        time.sleep(60)
    """)
    ui = open_panel().ui
    button, message, progress = (getattr(ui, f"{section}{part}") for part in ("Button", "Message", "Progress"))
    before = snapshot(scene)
    button.click()
    assert button.text == "Cancel"
    process_events_until(lambda: "half scale" in message.text, 30)
    assert 30 < progress.value < 50
    button.click()
    assert button.text == words
    assert "Cancelled" in message.text
    process_events_until(lambda: not is_running(int(number.read_text())))
    assert snapshot(scene) == before


@pytest.mark.parametrize("section", [section for section, _ in SECTIONS])
def test_the_scene_is_closed_meanwhile(cine, scene, open_panel, child_program, section):
    child_program("time.sleep(60)")
    widget = open_panel()
    button = getattr(widget.ui, f"{section}Button")
    button.click()
    for _ in range(5):
        slicer.app.processEvents()
    scene.Clear(0)
    assert not widget.panel.sections[section].work.running
    assert not button.enabled


@pytest.mark.parametrize("section", [section for section, _ in SECTIONS])
def test_an_error_of_the_child_is_told_in_its_words(
    cine, scene, open_panel, child_program, process_events_until, dialogs, section
):
    child_program("say('error', message='Frame 3 has voxels that are not finite.'); sys.exit(3)")
    widget = open_panel()
    before = snapshot(scene)
    getattr(widget.ui, f"{section}Button").click()
    process_events_until(lambda: not widget.panel.sections[section].work.running, 60)
    assert dialogs.shown == [("error", "Frame 3 has voxels that are not finite.")]
    assert snapshot(scene) == before
