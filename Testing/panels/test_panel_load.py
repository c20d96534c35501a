"""The section of the sequence loads cines, takes those that are added, and says what else the scene has."""

import shutil
import sys

import numpy as np
import pytest
import slicer
from harness import gestures
from mrml_helpers import OBLIQUE, item_arrays, item_values, put_in_scene, sequence_of, volume_node
from panels.panel_helpers import ids, parameters_of

from dicom_files import dicom_pixels, write_dicom_stack
from temporal_interp.data.sequence import Sequence
from temporal_interp.io import write_sequence
from TemporalInterpLib import dependencies, layout
from TemporalInterpLib.sequence_conversion import sequence_from_node, set_attributes

MARK = {"TemporalInterp.Synthetic": "true"}


@pytest.fixture
def load(process_events_until):
    """Function that opens a file or folder in the section, and waits for the table or the sequence; returns it."""

    def opened(widget, path):
        section = widget.panel.sections["sequence"]
        section.open_place(path)
        process_events_until(lambda: section._job is None, 30)
        slicer.app.processEvents()  # it is shown in the next turn
        return section

    return opened


@pytest.fixture
def three_frames():
    frames = np.random.default_rng(1).integers(0, 100, (3, 2, 5, 6)).astype("int16")
    return Sequence.from_numpy(frames, times=[0, 10, 20])


def sequences() -> list:
    return slicer.util.getNodesByClass("vtkMRMLSequenceNode")


def windowed(dataset, slice_number, phase):
    dataset.WindowCenter, dataset.WindowWidth = 700, 900


def two_cines(folder):
    """A stack, a long axis with other pixels, a scout with one frame, and a damaged file."""

    def other(number):
        def edit(dataset, slice_number, phase):
            dataset.SeriesInstanceUID, dataset.SeriesNumber = f"1.9.{number}", number
            dataset.SeriesDescription = "long axis" if number == 50 else "scout"
            dataset.PixelSpacing = [2, number]
            dataset.SOPInstanceUID = f"1.9.{number}.{phase}"

        return edit

    write_dicom_stack(folder)
    write_dicom_stack(folder / "long", other(50), slices=1)
    write_dicom_stack(folder / "scout", other(60), slices=1, phases=1)
    (folder / "damaged.dcm").write_bytes(b"")
    return folder


class TestOneCine:
    def test_a_stack_of_a_series_a_slice_is_loaded_chosen_and_shown(self, open_panel, load, tmp_path):
        widget = open_panel()
        section = load(widget, write_dicom_stack(tmp_path / "study", windowed))
        (sequence,) = sequences()
        expected = [[dicom_pixels(k, phase) for k in range(3)] for phase in range(4)]
        np.testing.assert_array_equal(np.stack(item_arrays(sequence)), expected)
        assert item_values(sequence) == [0, 40, 80, 120]
        assert parameters_of(widget).sequence is sequence
        assert sequence.GetName() == "cine_sax"
        assert section.dialog is None
        (proxy,) = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        display = proxy.GetDisplayNode()
        assert (display.GetWindow(), display.GetLevel(), bool(display.GetAutoWindowLevel())) == (900, 700, False)
        composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        assert composite.GetBackgroundVolumeID() == proxy.GetID()
        assert widget.ui.sequenceMessage.text == "'cine_sax': 4 frames of 3 slices."

    def test_what_is_removed_before_its_turn_comes_is_not_shown(
        self, open_panel, process_events_until, three_frames, tmp_path, monkeypatch
    ):
        path = tmp_path / "cine.nii.gz"
        write_sequence(three_frames, path)
        section, shown = open_panel().panel.sections["sequence"], []
        use = section._use
        monkeypatch.setattr(layout, "show_in_slice_views", lambda volume, *, fit: shown.append(volume.GetName()))

        def use_and_remove(added, notes=()):
            use(added, notes)
            slicer.mrmlScene.RemoveNode(added.browser)
            slicer.mrmlScene.RemoveNode(added.proxy)

        for after, expected in ((use, ["cine.nii.gz"]), (use_and_remove, ["cine.nii.gz"])):
            monkeypatch.setattr(section, "_use", after)
            section.open_place(path)
            process_events_until(lambda: section._job is None, 30)
            slicer.app.processEvents()
            assert shown == expected

    def test_a_file_is_loaded_at_once(self, open_panel, load, three_frames, tmp_path):
        path = tmp_path / "cine.nii.gz"
        write_sequence(three_frames, path)
        widget = open_panel()
        load(widget, path)
        assert parameters_of(widget).sequence.GetName() == "cine.nii.gz"
        assert item_values(parameters_of(widget).sequence) == [0, 10, 20]

    def test_what_its_reader_assumed_is_said_until_another_is_chosen(self, cine, open_panel, load, cases):
        widget = open_panel()
        load(widget, cases / "d21_mixed_rr")
        assert "RR interval differs" in widget.ui.sequenceMessage.text
        parameters_of(widget).sequence = cine.sequence
        assert widget.ui.sequenceMessage.text == ""

    def test_the_real_stack_comes_as_one_sequence(self, open_panel, load, real_data):
        widget = open_panel()
        load(widget, real_data / "cine-sax-dicom")
        (sequence,) = sequences()
        frames = sequence_from_node(sequence)
        assert (len(frames), frames.geometry.shape, frames.period) == (25, (6, 208, 256), 830.0)

    def test_64_bit_voxels_keep_their_values(self, open_panel, load, cases):
        from temporal_interp.io import read_sequence

        widget = open_panel()
        load(widget, cases / "n11f_i64.nii.gz")
        expected = read_sequence(cases / "n11f_i64.nii.gz").to_numpy()
        np.testing.assert_array_equal(np.stack(item_arrays(sequences()[0])), expected)
        assert "Slicer does not show 64-bit integers" in widget.ui.sequenceMessage.text

    def test_while_it_is_read_nothing_else_can_be(self, open_panel, load, tmp_path, process_events_until):
        widget = open_panel()
        section = widget.panel.sections["sequence"]
        section.open_place(write_dicom_stack(tmp_path))
        assert not widget.ui.loadButton.enabled
        assert "cancel it first" in widget.ui.sampleButton.toolTip
        assert not widget.ui.loadProgress.isHidden()
        process_events_until(lambda: section._job is None)
        assert widget.ui.loadButton.enabled
        assert widget.ui.sampleButton.enabled
        assert widget.ui.loadProgress.isHidden()
        assert widget.ui.cancelLoadButton.isHidden()

    def test_cancelling_leaves_the_scene(self, open_panel, tmp_path, scene, process_events_until):
        widget = open_panel()
        before = ids(scene)
        widget.panel.sections["sequence"].open_place(write_dicom_stack(tmp_path))
        slicer.app.processEvents()
        widget.ui.cancelLoadButton.click()
        assert widget.ui.loadButton.enabled
        assert "No sequence is chosen" in widget.ui.sequenceMessage.text
        for _ in range(20):
            slicer.app.processEvents()
        assert ids(scene) == before

    def test_closing_the_scene_stops_it(self, open_panel, tmp_path, scene):
        widget = open_panel()
        widget.panel.sections["sequence"].open_place(write_dicom_stack(tmp_path))
        slicer.app.processEvents()
        scene.Clear(0)
        for _ in range(50):
            slicer.app.processEvents()
        assert sequences() == []
        assert widget.ui.loadButton.enabled

    def test_the_message_waits_until_the_work_has_ended(self, open_panel, load, tmp_path, dialogs, monkeypatch):
        widget = open_panel()
        seen = []
        monkeypatch.setattr(
            slicer.util, "errorDisplay", lambda text, **_: seen.append((text, widget.ui.loadButton.enabled))
        )
        load(widget, tmp_path / "none")
        assert len(seen) == 1
        assert "no such file or folder" in seen[0][0]
        assert seen[0][1], "the panel still says that something is being loaded"


@pytest.fixture
def video(tmp_path):
    """A clip of three frames."""
    av = pytest.importorskip("av")
    path = tmp_path / "clip.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=20)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuvj420p"
        for grey in (40, 120, 200):
            picture = av.VideoFrame.from_ndarray(np.full((24, 32), grey, np.uint8), format="gray")
            container.mux(stream.encode(picture.reformat(format="yuvj420p")))
        container.mux(stream.encode())
    return path


class TestVideo:
    @pytest.fixture(autouse=True)
    def without_pyav(self, video, monkeypatch):
        """Without PyAV, which is returned, until pip installs it."""
        there = sys.modules["av"]
        monkeypatch.setitem(sys.modules, "av", None)
        usual = dependencies.find_spec
        monkeypatch.setattr(
            dependencies, "find_spec", lambda name: None if sys.modules.get(name, ...) is None else usual(name)
        )
        return there

    @pytest.fixture
    def pip(self, monkeypatch, without_pyav):
        asked = []

        def pip_install(requirements):
            asked.extend(requirements)
            monkeypatch.setitem(sys.modules, "av", without_pyav)

        monkeypatch.setattr("slicer.util.pip_install", pip_install)
        return asked

    def test_what_videos_need_is_installed_and_the_video_loaded(self, video, open_panel, load, dialogs, pip):
        widget = open_panel()
        dialogs.answer = True
        load(widget, video)
        ((_, question),) = dialogs.shown
        assert "Videos need one more Python package, av>=14.2" in question
        assert pip == ["av>=14.2"]
        assert len(sequences()) == 1

    def test_declined_nothing_happens(self, video, open_panel, load, dialogs, pip):
        widget = open_panel()
        dialogs.answer = False
        load(widget, video)
        assert len(dialogs.shown) == 1
        assert (pip, sequences()) == ([], [])
        assert widget.ui.loadButton.enabled

    def test_an_installation_that_fails_is_told(self, video, open_panel, load, dialogs, monkeypatch):
        def fail(requirements):
            raise RuntimeError("no network")

        monkeypatch.setattr("slicer.util.pip_install", fail)
        dialogs.answer = True
        load(open_panel(), video)
        assert [level for level, _ in dialogs.shown][1:] == ["error"]
        assert "could not be installed" in dialogs.shown[1][1]
        assert sequences() == []


class TestSeveral:
    def test_a_table_lists_them_and_what_is_left_out(self, open_panel, load, tmp_path, process_events_until):
        section = load(open_panel(), two_cines(tmp_path))
        dialog = section.dialog
        assert sequences() == []
        texts = [[dialog.table.item(row, column).text() for column in range(8)] for row in range(dialog.table.rowCount)]
        assert [row[1] for row in texts] == [
            "10-12: cine_sax", "50: long axis", "60: scout", f"{tmp_path.name}/damaged.dcm"
        ]  # fmt: skip
        assert texts[0][2:6] == ["4", "3", "4 x 5", "1.25 x 1.5 x 8"]
        assert "nothing to interpolate" in texts[2][-1]
        assert "it is empty" in texts[3][-1]
        process_events_until(lambda: not dialog._job.running)
        assert [dialog.table.item(row, 0).icon().isNull() for row in range(4)] == [False, False, False, True]
        assert dialog.load_button.enabled

    def test_a_double_click_loads(self, open_panel, load, tmp_path, process_events_until):
        widget = open_panel()
        section = load(widget, two_cines(tmp_path))
        section.dialog.table.cellDoubleClicked.emit(1, 3)
        assert not section.dialog.dialog.visible
        process_events_until(lambda: section._job is None)
        (sequence,) = sequences()
        assert (sequence.GetName(), sequence.GetNumberOfDataNodes()) == ("long axis", 4)
        assert parameters_of(widget).sequence is sequence

    def test_the_button_loads_the_chosen_row(self, open_panel, load, tmp_path, process_events_until):
        section = load(open_panel(), two_cines(tmp_path))
        section.dialog.load_button.click()
        process_events_until(lambda: section._job is None)
        assert [one.GetName() for one in sequences()] == ["cine_sax"]

    @pytest.mark.parametrize("row", [2, 3])
    def test_what_is_grey_is_not_loaded(self, row, open_panel, load, tmp_path):
        section = load(open_panel(), two_cines(tmp_path))
        section.dialog.table.cellDoubleClicked.emit(row, 1)
        assert section._job is None
        assert section.dialog.dialog.visible

    def test_cancel_loads_nothing(self, open_panel, load, tmp_path):
        section = load(open_panel(), two_cines(tmp_path))
        dialog = section.dialog
        dialog.close()
        for _ in range(20):
            slicer.app.processEvents()
        assert not dialog.dialog.visible
        assert sequences() == []

    def test_where_nothing_can_be_loaded_the_table_says_why(self, open_panel, load, cases):
        section = load(open_panel(), cases / "d31_stack_slice_repeated")
        assert not section.dialog.load_button.enabled
        assert "same number of phases" in section.dialog.table.item(0, 7).text()

    def test_a_chosen_file_chooses_its_series(self, open_panel, load, tmp_path):
        folder = two_cines(tmp_path)
        section = load(open_panel(), next((folder / "long").rglob("*.dcm")))
        assert section._loaded is not None, "its folder has one cine, which is loaded"
        for file in folder.glob("Se*/*.dcm"):
            shutil.copy(file, folder / "long" / "Se0" / f"sax-{file.name}")
        section = load(open_panel(), next((folder / "long").rglob("*1.9.50.2.dcm")))
        assert section.dialog.rows[section.dialog.table.currentRow()].candidate.number == "50"

    def test_a_file_that_goes_away_meanwhile_is_said(self, open_panel, load, tmp_path, dialogs, process_events_until):
        section = load(open_panel(), two_cines(tmp_path))
        shutil.rmtree(tmp_path / "Se1")
        section.dialog.load_button.click()
        process_events_until(lambda: section._job is None)
        assert len(dialogs.shown) == 1
        assert "Unexpected error" not in dialogs.shown[0][1]
        assert sequences() == []


class TestTaking:
    def test_a_sequence_that_is_added_is_taken_if_none_is_chosen(self, scene, open_panel, blob_frames):
        widget = open_panel()
        added = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        slicer.app.processEvents()
        assert parameters_of(widget).sequence is added.sequence
        assert widget.ui.interpolateButton.enabled

    def test_one_that_does_not_fit_is_not(self, scene, open_panel, blob_frames):
        widget = open_panel()
        put_in_scene(blob_frames(1), OBLIQUE, [0])
        poses = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "poses")
        poses.SetDataNodeAtValue(slicer.vtkMRMLLinearTransformNode(), "0")
        slicer.app.processEvents()
        assert parameters_of(widget).sequence is None

    def test_one_that_gets_its_frames_later_is(self, scene, open_panel, blob_frames):
        widget = open_panel()
        late = scene.AddNode(sequence_of(blob_frames(1), OBLIQUE, [0]))
        slicer.app.processEvents()
        late.SetDataNodeAtValue(volume_node(blob_frames(3)[1], OBLIQUE), "1")
        scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
        slicer.app.processEvents()
        assert parameters_of(widget).sequence is late

    def test_a_chosen_one_stays(self, cine, open_panel, blob_frames):
        widget = open_panel()
        put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        slicer.app.processEvents()
        assert parameters_of(widget).sequence is cine.sequence

    def test_one_that_was_given_up_is_not_taken_again(self, cine, scene, open_panel):
        widget = open_panel()
        gestures.choose(widget.ui.sequenceSelector, None)
        scene.AddNewNodeByClass("vtkMRMLModelNode")
        slicer.app.processEvents()
        assert parameters_of(widget).sequence is None

    def test_on_entering_the_first_that_fits_is_taken(self, scene, open_panel, blob_frames):
        put_in_scene(blob_frames(1), OBLIQUE, [0])
        fits = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        assert parameters_of(open_panel()).sequence is fits.sequence

    def test_an_acquired_one_goes_before_a_result(self, scene, open_panel, blob_frames):
        result = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        set_attributes(result.sequence.GetNthDataNode(1), MARK)
        acquired = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        assert parameters_of(open_panel()).sequence is acquired.sequence

    def test_maps_that_go_with_a_result_are_never_taken(self, scene, open_panel, blob_frames):
        maps = put_in_scene(blob_frames(3), OBLIQUE, [0, 1, 2])
        maps.sequence.SetAttribute("TemporalInterp.Companion", "Jacobian first to t")
        assert parameters_of(open_panel()).sequence is None


def volumes(frames, names):
    """Volumes loaded one by one, in the scene."""
    return [
        slicer.mrmlScene.AddNode(volume_node(frame, OBLIQUE, name)) for frame, name in zip(frames, names, strict=True)
    ]


class TestOtherImages:
    def test_volumes_loaded_one_by_one_become_a_sequence(
        self, scene, open_panel, blob_frames, dialogs, process_events_until
    ):
        frames = blob_frames(3)
        nodes = volumes([frames[2], frames[0], frames[1]], ["lung T20", "lung T00", "lung T10"])
        widget = open_panel()
        assert "The scene has 3 volumes, 'lung T00' to 'lung T20'" in widget.ui.sequenceMessage.text
        assert widget.ui.makeButton.text == "Make a sequence from 3 volumes"
        dialogs.answer = True
        widget.ui.makeButton.click()
        assert dialogs.shown[-1][1].splitlines()[2:5] == ["lung T00:  0 %", "lung T10:  10 %", "lung T20:  20 %"]
        process_events_until(lambda: parameters_of(widget).sequence is not None)
        sequence = parameters_of(widget).sequence
        for array, frame in zip(item_arrays(sequence), frames, strict=True):
            np.testing.assert_array_equal(array, frame)
        assert (item_values(sequence), sequence.GetIndexUnit()) == ([0, 10, 20], "%")
        assert all(node.GetScene() is scene for node in nodes)
        assert widget.ui.makeButton.isHidden()

    def test_the_user_may_decline(self, scene, open_panel, blob_frames, dialogs):
        volumes(blob_frames(3), ["a", "b", "c"])
        widget = open_panel()
        widget.ui.makeButton.click()
        assert len(dialogs.shown) == 1
        assert sequences() == []

    def test_they_are_offered_as_soon_as_they_are_there(self, scene, open_panel, blob_frames):
        widget = open_panel()
        assert widget.ui.makeButton.isHidden()
        volumes(blob_frames(2), ["1", "2"])
        slicer.app.processEvents()
        assert not widget.ui.makeButton.isHidden()

    def test_a_chosen_sequence_leaves_nothing_to_offer(self, cine, scene, open_panel, blob_frames):
        volumes(blob_frames(2), ["1", "2"])
        assert open_panel().ui.makeButton.isHidden()

    def test_colour_says_how_it_is_read(self, scene, open_panel):
        video = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "echo clip")
        for number in range(2):
            picture = slicer.vtkMRMLVectorVolumeNode()
            slicer.util.updateVolumeFromArray(picture, np.zeros((1, 4, 5, 3), "uint8"))
            video.SetDataNodeAtValue(picture, str(number))
        text = open_panel().ui.sequenceMessage.text
        assert "'echo clip' is a colour video: use Load cine… to read it as grey." in text

    def test_without_the_readers_packages_load_is_off_with_the_reason(self, scene, open_panel, monkeypatch):
        from TemporalInterpLib.sections.sequence import panel

        monkeypatch.setattr(panel, "files_can_be_read", lambda: False)
        widget = open_panel()
        assert not widget.ui.loadButton.enabled
        assert "install them" in widget.ui.loadButton.toolTip
        assert widget.ui.sampleButton.enabled


def test_the_menu_asks_for_a_folder_or_a_file(open_panel, tmp_path, monkeypatch, process_events_until):
    from TemporalInterpLib import places

    widget = open_panel()
    section = widget.panel.sections["sequence"]
    folder = write_dicom_stack(tmp_path / "study")
    asked = []

    def choose(*arguments):
        asked.append(arguments[1:])
        return str(folder)

    monkeypatch.setattr(places.qt, "QFileDialog", type("Dialog", (), {"getExistingDirectory": staticmethod(choose)}))
    entries = [entry for entry in section._menu.actions() if entry.text]
    assert [entry.text for entry in entries] == ["Folder (DICOM, frames)…", "File…"]
    entries[0].trigger()
    process_events_until(lambda: section._job is None and sequences())
    entries[0].trigger()
    assert [last for _title, last in asked] == ["", str(folder)]
    process_events_until(lambda: section._job is None)


def test_declining_to_choose_does_nothing(open_panel, monkeypatch):
    from TemporalInterpLib import places

    section = open_panel().panel.sections["sequence"]
    nothing = type("Dialog", (), {"getOpenFileName": staticmethod(lambda *arguments: "")})
    monkeypatch.setattr(places.qt, "QFileDialog", nothing)
    section._menu.actions()[1].trigger()
    assert section._job is None
