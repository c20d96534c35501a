"""temporal-interp interpolate -o loop.mp4 or loop.gif."""

import sys

import pytest

from stand_ins import growing_disc
from temporal_interp.data.geometry import Geometry
from temporal_interp.io import read_sequence, write_sequence

ALL = ("--factor", 2, "--engine", "linear_blend")


@pytest.mark.parametrize("name", ["loop.mp4", "LOOP.GIF", "new/folder/loop.gif"])
def test_a_film_is_written_and_its_synthetic_frames_are_known(command, events, loop, tmp_path, name):
    pytest.importorskip("av")
    result = command("interpolate", loop, "-o", tmp_path / name, *ALL, "--json")
    assert result.exit_code == 0, result.stderr
    assert events(result)[-1]["synthetic_frames"] == [1, 3, 5, 7, 9]
    read = read_sequence(tmp_path / name)
    assert read.synthetic_frames[:5] == [1, 3, 5, 7, 9]
    info = command("info", tmp_path / name)
    assert "(1, 3, 5, 7, 9" in info.stdout


def test_a_film_is_interpolated_between_its_acquired_frames_only(command, loop, tmp_path):
    pytest.importorskip("av")
    command("interpolate", loop, "-o", tmp_path / "once.gif", *ALL)
    result = command("interpolate", tmp_path / "once.gif", "-o", tmp_path / "again.seq.nrrd", *ALL, "--no-cyclic")
    assert result.exit_code == 0, result.stderr
    again = read_sequence(tmp_path / "again.seq.nrrd")
    assert again.acquired_frames == [0, 2, 4, 6, 8]
    assert again.times[::2] == pytest.approx((0, 100, 200, 300, 400))


def test_an_existing_film_stays_without_force(command, loop, tmp_path):
    (tmp_path / "loop.gif").write_bytes(b"old")
    result = command("interpolate", loop, "-o", tmp_path / "loop.gif", *ALL)
    assert (result.exit_code, (tmp_path / "loop.gif").read_bytes()) == (3, b"old")
    assert command("interpolate", loop, "-o", tmp_path / "loop.gif", *ALL, "--force").exit_code == 0
    assert (tmp_path / "loop.gif").read_bytes()[:3] == b"GIF"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--slice", "1"), "There is no slice '1'; the images have one slice, 0"),
        (("--film-seconds", "-2"), "more than 0 seconds"),
        (("--window", "5,5"), "darker intensity first"),
        (("--window", "5"), "two numbers"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(command, loop, tmp_path, monkeypatch, options, words):
    monkeypatch.setattr("temporal_interp.workflows.interpolation.run", None)
    result = command("interpolate", loop, "-o", tmp_path / "loop.gif", *ALL, *options)
    assert result.exit_code in (2, 3)
    assert words in result.stderr
    assert not (tmp_path / "loop.gif").exists()


@pytest.mark.parametrize("option", [("--slice", "0"), ("--window", "0,9"), ("--film-seconds", "2")])
def test_options_of_films_are_for_films(command, loop, tmp_path, option):
    result = command("interpolate", loop, "-o", tmp_path / "loop.nii.gz", *ALL, *option)
    assert result.exit_code == 2
    assert "is for films" in result.stderr


def test_mp4_without_pyav_says_what_to_install(command, loop, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("temporal_interp.workflows.interpolation.run", None)
    result = command("interpolate", loop, "-o", tmp_path / "loop.mp4", *ALL)
    assert result.exit_code == 3
    assert "temporal-interp[video]" in result.stderr


def test_frames_without_times_need_a_length(command, tmp_path):
    numbered = growing_disc(Geometry((3, 24, 28)), [0, 1, 2])
    path = tmp_path / "numbered.seq.nrrd"
    write_sequence(type(numbered)(numbered.volumes, numbered.times, "frame", ""), path)
    refused = command("interpolate", path, "-o", tmp_path / "loop.gif", *ALL)
    assert refused.exit_code == 3
    assert "--film-seconds" in refused.stderr
    made = command("interpolate", path, "-o", tmp_path / "loop.gif", *ALL, "--film-seconds", "0.5", "--slice", "all")
    assert made.exit_code == 0, made.stderr


def test_a_film_is_no_folder_of_dicom_files(command, loop, tmp_path):
    result = command("interpolate", loop, "-o", tmp_path / "loop.gif", *ALL, "--dicom")
    assert (result.exit_code, list(tmp_path.glob("loop.gif"))) == (2, [])
    assert "choose one of them" in " ".join(result.stderr.split())
