"""Save report…: a check in the scene becomes a file, without being computed again."""

import html

import pytest
from panels.panel_helpers import SHIFT, parameters_of

from TemporalInterpLib import check_report, places
from TemporalInterpLib.check_results import check_nodes


@pytest.fixture
def widget(cine, open_panel, process_events_until):
    """A panel in which a check was made."""
    widget = open_panel()
    widget.ui.checkButton.click()
    process_events_until(lambda: not widget.panel.sections["check"].work.running, 30)
    return widget


@pytest.fixture
def save(widget, monkeypatch, process_events_until):
    """Function that presses the button, chooses a name, and waits for the end; returns what was proposed."""

    def run(chosen):
        asked = []
        dialog = type(
            "Dialog", (), {"getSaveFileName": staticmethod(lambda *given: asked.append(given) or str(chosen))}
        )
        monkeypatch.setattr(places.qt, "QFileDialog", dialog)
        widget.ui.reportButton.click()
        process_events_until(lambda: not widget.panel.sections["check"].saving.running, 60)
        return asked[0][2]

    return run


def test_the_report_is_written_from_the_scene(widget, save, tmp_path, monkeypatch):
    prepared = len(SHIFT.prepared)
    assert save(tmp_path / "r.html").endswith("Check of cine.html")
    text = html.unescape((tmp_path / "r.html").read_text(encoding="utf-8"))
    for words in ("Check of cine", "5 acquired, 3 of them hidden", "Worst frames", "SYNTHETIC", "linear blend"):
        assert words in text, words
    assert "frames 0 and 4 kept" in text
    assert text.count("data:image/png") == 3 * 2
    assert len(SHIFT.prepared) == prepared
    assert widget.ui.checkMessage.text == f"The report is in {tmp_path / 'r.html'}."
    assert widget.ui.reportButton.text == "Save report…"


def test_a_name_without_an_ending_is_html_and_pdf_can_be_chosen(widget, save, tmp_path):
    save(tmp_path / "mine")
    assert (tmp_path / "mine.html").is_file()
    save(tmp_path / "mine.pdf")
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF-")


def test_who_changes_their_mind_gets_nothing(widget, save, tmp_path):
    save("")
    assert widget.ui.checkMessage.text == ""
    assert not list(tmp_path.iterdir())


def test_without_the_predicted_frames_the_scores_are_reported(cine, widget, save, tmp_path):
    check = widget.panel.sections["check"]._shown
    for node in check_nodes(check.errors):
        if node.IsA("vtkMRMLSequenceNode") and node is not check.errors:
            node.GetScene().RemoveNode(node)
    save(tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Worst frames" not in text
    assert "moving dB" in text


def test_a_place_that_cannot_be_written_to_is_told_of(widget, save, tmp_path, dialogs):
    save(tmp_path / "missing" / "r.html")
    assert "could not be written" in dialogs.shown[-1][1]


def test_a_blend_that_is_checked_itself_is_one_engine(cine, open_panel, process_events_until, tmp_path):
    widget = open_panel()
    parameters_of(widget).engine = "linear_blend"
    widget.ui.checkButton.click()
    section = widget.panel.sections["check"]
    process_events_until(lambda: not section.work.running, 30)
    from TemporalInterpLib.background import run_to_end

    path = run_to_end(
        check_report.report_steps(section._shown, cine.sequence, tmp_path / "r.html"), lambda fraction, message: None
    )
    assert path.is_file()


def test_without_packages_the_button_says_so(widget, monkeypatch):
    from TemporalInterpLib.sections.check import panel

    monkeypatch.setattr(panel, "reports_can_be_written", lambda: False)
    section = widget.panel.sections["check"]
    section.update()
    assert not widget.ui.reportButton.enabled
    assert "install them" in widget.ui.reportButton.toolTip
