"""The kinds of errors: each is also the built-in exception of its kind, and keeps its message and its kind."""

import pickle

import pytest

from temporal_interp.errors import (
    FitDivergedError,
    InvalidInputError,
    MissingFileError,
    MissingPackageError,
    OutOfMemoryError,
    TemporalInterpError,
    UnreadableFileError,
    UnwritableFileError,
    errors_naming,
    part_of,
)

KINDS = [
    (InvalidInputError, ValueError),
    (UnreadableFileError, OSError),
    (MissingFileError, FileNotFoundError),
    (UnwritableFileError, OSError),
    (MissingPackageError, ImportError),
    (FitDivergedError, RuntimeError),
    (OutOfMemoryError, MemoryError),
]


@pytest.mark.parametrize(("kind", "builtin"), KINDS)
def test_an_error_is_ours_and_the_built_in_of_its_kind(kind, builtin):
    error = kind("what is wrong")
    assert isinstance(error, TemporalInterpError)
    assert isinstance(error, builtin)
    assert str(error) == "what is wrong"
    assert isinstance(error, InvalidInputError) == (kind is InvalidInputError)


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_an_error_comes_back_from_another_process(kind):
    back = pickle.loads(pickle.dumps(kind("what is wrong")))
    assert (type(back), str(back)) == (kind, "what is wrong")


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS if issubclass(kind, InvalidInputError)])
def test_the_path_is_put_in_front_and_the_kind_stays(kind):
    original = kind("what is wrong")
    with pytest.raises(kind, match=r"^a/b: what is wrong$") as caught, errors_naming("a/b"):
        raise original
    assert type(caught.value) is kind
    assert caught.value.__cause__ is original


def test_other_errors_are_let_through():
    original = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space") as caught, errors_naming("a/b"):
        raise original
    assert caught.value is original


def test_a_part_of_the_progress_covers_its_share():
    told = []
    part_of(lambda fraction, message: told.append((fraction, message)), 0.2, 0.6)(0.5, "half way")
    assert told == [(pytest.approx(0.4), "half way")]
