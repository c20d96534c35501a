"""Multi-frame DICOM files of one slice over time, such as ultrasound clips."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import UltrasoundMultiFrameImageStorage

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.io import read_sequence

COLOURS = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [10, 20, 30], [0, 0, 0]]], dtype=np.uint8
)
LUMINANCE = [[76, 150, 29], [255, 18, 0]]


@pytest.fixture
def clip(make_image, save_dicom, tmp_path):
    """Function that writes a clip of 3 grey frames, 2 x 3 pixels; keywords change the header, None removes an entry."""

    def write(name="clip.dcm", **changes):
        dataset = make_image(0, 0)
        dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
        dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 2, 3, 3
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
        for entry in (
            "ImagePositionPatient",
            "ImageOrientationPatient",
            "TriggerTime",
            "PixelSpacing",
            "SliceThickness",
        ):
            delattr(dataset, entry)
        dataset.PixelData = bytes(range(18))
        dataset.FrameTime = 40
        dataset.FrameIncrementPointer = 0x00181063
        for entry, value in changes.items():
            setattr(dataset, entry, value) if value is not None else delattr(dataset, entry)
        save_dicom(dataset, tmp_path / name)
        return tmp_path / name

    return write


def region(delta_x=0.05, delta_y=0.04, right=2, bottom=1, units=3, kind=1):
    dataset = pydicom.Dataset()
    dataset.RegionSpatialFormat = kind
    dataset.PhysicalUnitsXDirection = dataset.PhysicalUnitsYDirection = units
    dataset.PhysicalDeltaX, dataset.PhysicalDeltaY = delta_x, delta_y
    dataset.RegionLocationMinX0 = dataset.RegionLocationMinY0 = 0
    dataset.RegionLocationMaxX1, dataset.RegionLocationMaxY1 = right, bottom
    return dataset


def test_frames_become_volumes_of_one_slice(clip):
    sequence = read_sequence(clip())
    assert len(sequence) == 3
    assert sequence.volumes[2].array.dtype == np.uint8
    np.testing.assert_array_equal(sequence.volumes[2].array, np.arange(12, 18).reshape(1, 2, 3))


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ({}, (0, 40, 80)),
        ({"FrameTime": 33.3}, (0, 33.3, 66.6)),
        ({"FrameTimeVector": [0, 20, 25.5], "FrameIncrementPointer": 0x00181065}, (0, 20, 45.5)),
        ({"FrameTime": None, "FrameIncrementPointer": None, "CineRate": 25}, (0, 40, 80)),
        ({"FrameTime": 0, "RecommendedDisplayFrameRate": 50}, (0, 20, 40)),
    ],
)
def test_time_comes_from_the_header(header, values, clip):
    sequence = read_sequence(clip(**header))
    np.testing.assert_allclose(sequence.times, values, rtol=1e-12)
    assert (sequence.index_name, sequence.unit) == ("time", "ms")


def test_frames_without_time_are_numbered(clip):
    sequence = read_sequence(clip(FrameTime=None, FrameIncrementPointer=None))
    assert (sequence.times, sequence.index_name, sequence.unit) == ((0, 1, 2), "frame", "")
    assert "how far apart in time" in sequence.notes[0]


@pytest.mark.parametrize(
    ("increments", "values"),
    [
        ([0, 0, 20], (0, 10, 20)),
        ([0, 20, 0], (0, 20, 30)),
        ([5, 0, 0], None),
        ([0, 20, -5], None),
    ],
)
def test_frames_at_one_time_are_spaced_or_numbered_with_a_note(increments, values, clip):
    sequence = read_sequence(clip(FrameTimeVector=increments, FrameIncrementPointer=0x00181065))
    assert sequence.times == (values or (0, 1, 2))
    assert sequence.unit == ("ms" if values else "")
    assert "FrameTimeVector" in sequence.notes[0]


@pytest.mark.parametrize(
    ("header", "spacing"),
    [
        ({"PixelSpacing": [0.3, 0.2]}, (0.2, 0.3, 1)),
        ({"SequenceOfUltrasoundRegions": [region()]}, (0.5, 0.4, 1)),
        ({"SequenceOfUltrasoundRegions": [region(), region(1, 1, units=4), region(2, 2, kind=2)]}, (0.5, 0.4, 1)),
    ],
)
def test_pixel_size_comes_from_the_header(header, spacing, clip):
    sequence = read_sequence(clip(**header))
    np.testing.assert_allclose(sequence.volumes[0].geometry.spacing, spacing)
    assert sequence.notes == ()


@pytest.mark.parametrize(
    "regions", [[], [region(right=3)], [region(bottom=9)], [region(), region(0.1, 0.1)], [region(units=0)]]
)
def test_pixel_size_that_is_not_certain_is_noted(regions, clip):
    sequence = read_sequence(clip(SequenceOfUltrasoundRegions=regions))
    assert sequence.volumes[0].geometry.spacing == (1, 1, 1)
    assert "1 mm was taken" in sequence.notes[0]


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_becomes_luminance(planar, clip):
    frames = np.stack([COLOURS, COLOURS[::-1], COLOURS])
    pixels = frames.transpose(0, 3, 1, 2) if planar else frames
    header = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": planar}
    sequence = read_sequence(clip(PixelData=pixels.tobytes(), **header))
    assert sequence.volumes[0].array.dtype == np.uint8
    np.testing.assert_array_equal(sequence.volumes[0].array[0], LUMINANCE)
    np.testing.assert_array_equal(sequence.volumes[1].array[0], LUMINANCE[::-1])
    assert "Colour was turned into luminance." in sequence.notes


def test_wide_colour_is_not_cut_off(clip):
    pixels = np.full((3, 2, 3, 3), 2**32 - 1, dtype=np.uint32)
    header = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    header |= {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}
    assert (read_sequence(clip(PixelData=pixels.tobytes(), **header)).to_numpy() >= 2**32 - 2).all()


def test_palette_becomes_luminance(clip):
    palette = np.zeros((3, 256), dtype=np.uint8)
    palette[:, :18] = np.arange(18) * np.array([[1], [2], [3]])
    header = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, values in zip(("Red", "Green", "Blue"), palette, strict=True):
        header[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 8]
        header[f"{name}PaletteColorLookupTableData"] = values.tobytes()
    sequence = read_sequence(clip(**header))
    expected = np.rint(np.arange(18) * (0.299 + 2 * 0.587 + 3 * 0.114)).reshape(3, 1, 2, 3)
    np.testing.assert_array_equal(np.stack([volume.array for volume in sequence.volumes]), expected)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ({"FrameTimeVector": [0, 20], "FrameIncrementPointer": 0x00181065}, "3 frames, but times for 2"),
        ({"FrameIncrementPointer": 0x00540080}, "neither a place in the patient nor a time"),
        ({"NumberOfFrames": 4}, "is cut short: 6 bytes of its pixels are missing"),
    ],
)
def test_impossible_clip_is_refused(header, what, clip):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=rf"clip\.dcm: .*{what}"):
        read_sequence(clip(**header))


def test_two_clips_in_a_folder_are_listed(clip, tmp_path):
    clip("a.dcm")
    clip("b.dcm", SeriesDescription="4ch")
    with pytest.raises(InvalidInputError, match=r"more than one cine") as caught:
        read_sequence(tmp_path)
    lines = [line.split() for line in str(caught.value).splitlines()]
    assert lines[-2] == ["10.1", "cine_sax", "3", "1", "3", "x", "2", "0", "to", "80", "ms", "a.dcm"]
    assert lines[-1][:2] == ["10.2", "4ch"]


def test_one_clip_in_a_folder_is_read(clip):
    assert len(read_sequence(clip().parent)) == 3


def test_real_colour_echo():
    path = get_testdata_file("examples_ybr_color.dcm")
    sequence = read_sequence(path)
    assert len(sequence) == 30
    assert sequence.volumes[0].array.shape == (1, 240, 320)
    assert sequence.volumes[0].array.dtype == np.uint8
    np.testing.assert_allclose(np.diff(sequence.times), 33.333)
    colours = pydicom.dcmread(path).pixel_array[7].astype(float)
    expected = np.rint(colours @ [0.299, 0.587, 0.114])
    assert np.abs(sequence.volumes[7].array[0] - expected).max() <= 1
    # the scale in this file is that of a larger image, from before it was shrunk
    assert "1 mm was taken" in sequence.notes[0]


@pytest.mark.filterwarnings("ignore:End of file reached before delimiter")
@pytest.mark.parametrize("share", [0.3, 0.99])
def test_real_echo_cut_short_is_refused(share, tmp_path):
    content = Path(get_testdata_file("examples_ybr_color.dcm")).read_bytes()
    (tmp_path / "echo.dcm").write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError, match=r"echo\.dcm.*cut short"):
        read_sequence(tmp_path / "echo.dcm")
