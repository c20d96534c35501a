"""The note in a film that says which frames are synthetic."""

from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from temporal_interp.io import read_sequence
from temporal_interp.io.film_note import film_note, synthetic_by_note


@pytest.mark.parametrize("pattern", ["", "0", "1", "0110", "1011011", "0" * 40 + "1" * 30])
def test_what_is_written_is_read(pattern):
    synthetic = [one == "1" for one in pattern]
    assert synthetic_by_note(f"anything. {film_note(synthetic)} more", len(synthetic)) == synthetic


@pytest.mark.parametrize(
    "note", ["", "SYNTHETIC", "SYNTHETIC frames: of 3", "SYNTHETIC frames: x of 3", "SYNTHETIC frames: 1 of many"]
)
def test_other_comments_say_nothing(note):
    assert synthetic_by_note(note, 3) is None


@pytest.mark.parametrize("numbers", ["1-999999999999", "7", "1-", "2-1", ",,1", "1--2", "-"])
def test_hostile_numbers_neither_raise_anything_else_nor_take_long(numbers):
    note = f"SYNTHETIC frames: {numbers} of 3"
    with suppress(ValueError):
        assert len(synthetic_by_note(note, 3) or [0] * 3) == 3


def test_a_film_that_was_cut_counts_as_synthetic_throughout(tmp_path):
    pytest.importorskip("av")
    frames = [Image.fromarray(np.full((16, 16), 40 * n, np.uint8)) for n in range(4)]
    frames[0].save(
        tmp_path / "f.gif",
        save_all=True,
        append_images=frames[1:3],
        duration=40,
        comment=film_note([False, True, False, True]),
    )
    read = read_sequence(tmp_path / "f.gif")
    assert read.synthetic_frames == [0, 1, 2]
    assert "cut or converted since" in read.notes[-1]
