"""temporal-interp info."""

from dataclasses import replace

import numpy as np

from temporal_interp.io import formats, write_sequence


def test_a_person_sees_size_times_and_the_farthest_frames(command, recording):
    result = command("info", recording)
    assert result.exit_code == 0
    for words in (
        "5, numbered from 0; none synthetic",
        "28 x 24 x 1 voxels",
        "1.5 x 1.5 x 8 mm",
        "0 to 1000, uint16",
        "0, 100, 200, 300, 400 ms",
        "from frame 0 is frame 4 (400 ms), then 3 (300 ms)",
        "--from 0 --to 4",
    ):
        assert words in result.stdout


def test_the_help_names_every_format_that_can_be_read(command):
    text = " ".join(command("info", "--help").stdout.replace("│", " ").split())
    for one in formats():
        assert one.label in text or any(ending in text for ending in one.extensions), one.name


def test_a_program_gets_the_same(command, events, recording):
    (event,) = events(command("info", recording, "--json"))
    assert event["event"] == "result"
    assert event["frames"] == 5
    assert event["synthetic_frames"] == []
    assert event["size_ijk"] == [28, 24, 1]
    assert event["spacing_mm"] == [1.5, 1.5, 8.0]
    assert event["origin_lps_mm"] == [10.0, -20.0, 30.0]
    assert event["intensity"] == {"lowest": 0.0, "highest": 1000.0, "not_finite": 0}
    assert (event["index_unit"], event["index_values"]) == ("ms", [0.0, 100.0, 200.0, 300.0, 400.0])
    assert event["farthest_from_first"] == [4, 3]


def test_synthetic_frames_are_counted_and_named(command, recording, tmp_path):
    out = tmp_path / "out.seq.nrrd"
    command("interpolate", recording, "-o", out, "--factor", 2, "--engine", "linear_blend")
    assert "9, numbered from 0; 4 (1, 3, 5, 7) synthetic" in command("info", out).stdout


def test_a_loop_is_shown_with_its_period(command, events, sequence, recording, tmp_path):
    assert "a loop of" not in command("info", recording).stdout
    path = tmp_path / "loop.seq.nrrd"
    write_sequence(sequence.as_loop(512.5), path)
    assert "300, 400 ms; a loop of 512.5 ms" in command("info", path).stdout
    assert [events(command("info", p, "--json"))[0]["period"] for p in (recording, path)] == [None, 512.5]


def test_one_frame_has_no_farthest(command, sequence, tmp_path):
    path = tmp_path / "one.seq.nrrd"
    write_sequence(replace(sequence, volumes=sequence.volumes[:1], times=[0], item_attributes=()), path)
    result = command("info", path)
    assert result.exit_code == 0
    assert "Farthest" not in result.stdout
    assert "Try" not in result.stdout


def test_voxels_that_are_not_finite_are_counted_and_do_not_decide(command, events, sequence, tmp_path):
    path = tmp_path / "nan.seq.nrrd"
    volumes = [v.with_array(v.array.astype(np.float32)) for v in sequence.volumes]
    volumes[1].array[0, 0, :3] = [np.nan, np.inf, -np.inf]
    write_sequence(replace(sequence, volumes=volumes), path)
    assert "0 to 1000, float32; 3 voxels are NaN or infinite" in command("info", path).stdout
    (event,) = events(command("info", path, "--json"))
    assert event["farthest_from_first"] == [4, 3]
