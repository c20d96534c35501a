"""Videos, made by PyAV in the tests themselves, become sequences of one slice."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from typer.testing import CliRunner

from temporal_interp.cli.main import app
from temporal_interp.errors import InvalidInputError, MissingFileError, MissingPackageError, UnreadableFileError
from temporal_interp.io import read_sequence
from temporal_interp.io.notes import PIXEL_SIZE_NOTE
from temporal_interp.io.video import is_video

ROWS, COLUMNS = 48, 64
PURE = np.zeros((ROWS, COLUMNS, 3), np.uint8)
PURE[:, :16], PURE[:, 16:32], PURE[:, 32:48] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
GREYS = [np.full((ROWS, COLUMNS, 3), 20 * number + 10, np.uint8) for number in range(6)]
COLOUR_NOTE = "Colour was turned into luminance."


@pytest.fixture
def make_video(tmp_path) -> Callable[..., Path]:
    """Function that writes a video of 25 frames a second; `times` shows frame n at times[n] / 25 s."""

    def write(name="a.avi", codec="rawvideo", pixels="bgr24", frames=GREYS, times=None, aspect=None, form=None) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", format=form) as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = COLUMNS, ROWS, pixels
            if aspect:
                stream.codec_context.sample_aspect_ratio = aspect
            for number, pixels_of_frame in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels_of_frame, format="rgb24")
                if times:
                    frame.pts = times[number]
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "tolerance"),
    [
        ("a.avi", "rawvideo", "bgr24", 0),
        ("a.MOV", "png", "rgb24", 0),
        ("a.mkv", "ffv1", "yuv420p", 1),
        ("a.mp4", "mpeg4", "yuv420p", 4),
        ("a.webm", "libvpx-vp9", "yuv420p", 4),
        ("a.gif", "gif", "gray", 0),
    ],
)
def test_frames_of_every_format_become_volumes_of_one_slice(name, codec, pixels, tolerance, make_video):
    sequence = read_sequence(make_video(name, codec, pixels))
    assert len(sequence) == 6
    for volume, frame in zip(sequence.volumes, GREYS, strict=True):
        assert volume.array.dtype == np.uint8
        assert volume.array.shape == (1, ROWS, COLUMNS)
        np.testing.assert_allclose(volume.array[0].astype(int), frame[..., 0], atol=tolerance)
    assert (sequence.index_name, sequence.unit) == ("time", "ms")
    if name != "a.gif":  # that counts hundredths of a second, as does the next test
        np.testing.assert_allclose(sequence.times, [0, 40, 80, 120, 160, 200])


def test_colour_becomes_luminance(make_video):
    sequence = read_sequence(make_video(frames=[PURE, PURE[:, ::-1]]))
    np.testing.assert_array_equal(sequence.volumes[0].array[0, 5, [0, 20, 40, 60]], [76, 150, 29, 0])
    np.testing.assert_array_equal(sequence.volumes[1].array, sequence.volumes[0].array[..., ::-1])
    assert COLOUR_NOTE in sequence.notes


def test_grey_video_has_no_note_on_colour(make_video):
    sequence = read_sequence(make_video("a.mov", "png", "gray"))
    np.testing.assert_array_equal(sequence.volumes[3].array[0], GREYS[3][..., 0])
    assert sequence.notes == (PIXEL_SIZE_NOTE,)


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "ffv1"), ("a.mp4", "mpeg4")])
def test_uneven_times_come_from_the_file_and_begin_at_zero(name, codec, make_video):
    sequence = read_sequence(make_video(name, codec, "yuv420p", times=[5, 6, 8, 9, 12, 19]))
    assert sequence.times == (0, 40, 120, 160, 280, 560)


def test_average_rate_is_taken_where_frames_have_no_times(make_video):
    path = make_video("a.h264", "libx264", "yuv420p", form="h264").rename("stream.avi")
    try:
        sequence = read_sequence(path)
    finally:
        path.unlink()
    assert sequence.times == (0, 40, 80, 120, 160, 200)
    assert "its average of 25 a second was taken" in sequence.notes[0]


def test_pixels_are_1_mm_high_and_as_wide_as_the_file_says(make_video):
    square = read_sequence(make_video())
    assert square.volumes[0].geometry.spacing == (1, 1, 1)
    assert PIXEL_SIZE_NOTE in square.notes
    wide = read_sequence(make_video("a.mp4", "mpeg4", "yuv420p", aspect=Fraction(16, 10)))
    assert wide.volumes[0].geometry.spacing == (1.6, 1, 1)
    assert "According to the file, pixels are 1.6 times as wide as high." in wide.notes


def test_wish_to_be_turned_is_noted(make_video):
    """The display matrix is in the box tkhd, from its byte 44 on, counted from its name."""
    path = make_video("a.mp4", "mpeg4", "yuv420p")
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    quarter = [0, 1 << 16, 0, -1 << 16, 0, 0, ROWS << 16, 0, 1 << 30]
    content[matrix : matrix + 36] = np.array(quarter, ">i4").tobytes()
    path.write_bytes(content)
    sequence = read_sequence(path)
    assert sequence.volumes[0].array.shape == (1, ROWS, COLUMNS)
    assert any("turned by" in note and "90 degrees" in note for note in sequence.notes)


def test_one_frame_is_a_sequence(make_video):
    assert read_sequence(make_video(frames=GREYS[:1])).times == (0,)


def test_missing_frames_are_noted(make_video):
    path = make_video(codec="mjpeg", pixels="yuvj420p")
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"movi") + (content.index(b"idx1") - content.index(b"movi")) // 2])
    sequence = read_sequence(path)
    assert 0 < len(sequence) < 6
    assert f"The file announces 6 frames, but only {len(sequence)} are there." in sequence.notes


def test_odd_text_in_the_file_does_not_matter(make_video, tmp_path):
    path = make_video("a.mkv", "ffv1", "yuv420p")
    path.write_bytes(path.read_bytes().replace(b"Lavf", b"\xff\xfe\xf0\xe9"))
    assert len(read_sequence(path)) == 6


@pytest.mark.parametrize("content", [b"", b"this is no video, it only has the name of one\n" * 20])
@pytest.mark.parametrize("ending", [".mp4", ".avi", ".mov", ".mkv", ".webm", ".gif"])
def test_file_that_is_no_video_is_refused(ending, content, tmp_path):
    (tmp_path / f"a{ending}").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=rf"a\{ending}: this is not a video"):
        read_sequence(tmp_path / f"a{ending}")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_mp4_cut_short_is_refused(share, make_video):
    path = make_video("a.mp4", "mpeg4", "yuv420p")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFileError, match=r"a\.mp4: .*cut short or damaged"):
        read_sequence(path)


def test_damaged_frame_is_refused(make_video):
    noise = np.random.default_rng(0).integers(0, 255, (6, ROWS, COLUMNS, 3), dtype=np.uint8)
    path = make_video(codec="mpeg4", pixels="yuv420p", frames=list(noise))
    content = bytearray(path.read_bytes())
    middle = (content.index(b"movi") + content.index(b"idx1")) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"a\.avi: frame \d is damaged"):
        read_sequence(path)


def test_missing_video_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"absent\.mp4: there is no such file"):
        read_sequence(tmp_path / "absent.mp4")


def test_unknown_codec_is_an_error_for_the_user(make_video):
    path = make_video(codec="mjpeg", pixels="yuvj420p")
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"ZZZZ"))
    with pytest.raises(UnreadableFileError, match=r"a\.avi: .*not known here; convert it"):
        read_sequence(path)


def test_sound_alone_is_refused(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(UnreadableFileError, match=r"a\.mp4: the file holds no video"):
        read_sequence(tmp_path / "a.mp4")


def test_video_that_would_fill_the_memory_is_refused(make_video, monkeypatch):
    monkeypatch.setattr("temporal_interp.io.video.MAX_BYTES", 5 * ROWS * COLUMNS)
    assert len(read_sequence(make_video(frames=GREYS[:5]))) == 5
    with pytest.raises(InvalidInputError, match=r"too long: .* Cut it to one or a few heart beats"):
        read_sequence(make_video("announced.avi"))
    with pytest.raises(InvalidInputError, match="too long"):
        read_sequence(make_video("unannounced.mkv", "ffv1", "yuv420p"))


def test_without_pyav_the_message_says_how_to_install_it(make_video, monkeypatch):
    path = make_video()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingPackageError, match=r"a\.avi: .*pip install 'temporal-interp\[video\]'") as caught:
        read_sequence(path)
    assert caught.value.package == "av"


def test_importing_the_readers_does_not_import_pyav():
    code = "import sys, temporal_interp.io; sys.exit('av' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_video_can_be_shown_and_interpolated_from_the_command_line(make_video, tmp_path):
    path = make_video(frames=[*GREYS[:2], PURE])
    shown = CliRunner().invoke(app, ["info", str(path)])
    assert shown.exit_code == 0, shown.output
    assert "Time:       0, 40, 80 ms" in shown.stdout
    assert "64 x 48 x 1 voxels" in shown.stdout
    out = tmp_path / "out.seq.nrrd"
    command = ["interpolate", str(path), "-o", str(out), "--engine", "linear_blend", "--from", "0", "--to", "1"]
    made = CliRunner().invoke(app, [*command, "--count", "1"])
    assert made.exit_code == 0, made.output
    sequence = read_sequence(out)
    assert sequence.times == (0, 20, 40)
    np.testing.assert_array_equal(sequence.volumes[1].array, 20)


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [
        ("a.wmv", "wmv2", None),
        ("a.mpg", "mpeg2video", None),
        ("a.ts", "mpeg2video", None),
        ("a.flv", "flv", None),
        ("a.mp4", "mpeg4", None),
        ("a.mkv", "ffv1", None),
        ("a.h264", "libx264", "h264"),
    ],
)
@pytest.mark.parametrize("renamed", ["clip", "clip.dat", "clip.nii"])
def test_whatever_pyav_opens_is_read_by_its_content(name, codec, form, renamed, make_video, tmp_path):
    make_video(name, codec, "yuv420p", form=form).rename(tmp_path / renamed)
    sequence = read_sequence(tmp_path / renamed)
    for volume, frame in zip(sequence.volumes, GREYS, strict=True):
        np.testing.assert_allclose(volume.array[0].astype(int), frame[..., 0], atol=4)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp"])
def test_pictures_are_no_videos(name, tmp_path):
    sitk.WriteImage(sitk.Image([20, 20], sitk.sitkUInt8), str(tmp_path / name))
    assert not is_video(tmp_path / name)


def test_text_is_no_video(tmp_path):
    (tmp_path / "a.txt").write_text("only words\n" * 100)
    assert not is_video(tmp_path / "a.txt")


@pytest.mark.parametrize(
    "name", ["v3_wmv.wmv", "v4.m4v", "v6_gif.gif", "v7.MP4", "v8.mov", "v9_raw.avi", "v2_mjpeg.avi"]
)
def test_files_that_people_have(name, cases):
    sequence = read_sequence(cases / name)
    assert sequence.times == tuple(range(0, 320, 40))
    assert sequence.volumes[0].array.shape == (1, 64, 96)
