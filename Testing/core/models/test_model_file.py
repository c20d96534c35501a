"""Model files: what is kept, and what is refused."""

import hashlib
import io
import json
from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save, save_file

import temporal_interp
from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError, UnwritableFileError
from temporal_interp.models.model_file import checksum, load_model, read_description, save_model
from temporal_interp.networks import NetworkSettings, Student, Teacher
from temporal_interp.networks.load import load_network, network_of

SETTINGS = NetworkSettings(widths=(4, 8), fusion="finest", time_scale=25.0)
DESCRIPTION = {"format": "temporal-interp", "format_version": 1, "kind": "student", "settings": {}, "training": {}}
STATE = {"weight": torch.ones(2)}


def write(path, state=STATE, kind="student", settings=None, training=None):
    save_model(path, state, kind=kind, settings=settings or {}, training=training or {})
    return path


def described(path, description, state=STATE):
    """Write a safetensors file with any text as its description."""
    text = description if isinstance(description, str) else json.dumps(description)
    save_file(state, path, metadata={"temporal-interp": text})
    return path


def refused(path):
    """Return why a file is refused, the same with and without its weights."""
    with pytest.raises((MissingFileError, UnreadableFileError)) as reading:
        read_description(path)
    with pytest.raises((InvalidInputError, MissingFileError, UnreadableFileError)) as loading:
        load_model(path)
    assert str(loading.value) == str(reading.value)
    assert str(path) in str(loading.value)
    return str(loading.value)


@pytest.mark.parametrize("kind", [Student, Teacher])
def test_a_network_comes_back_as_it_was_saved(tmp_path, kind):
    network, name = kind(SETTINGS), kind.__name__.lower()
    path = write(tmp_path / "new" / "a.safetensors", network.state_dict(), name, SETTINGS.as_dict(), {"seed": 3})
    loaded = load_model(path)
    assert (loaded.path, loaded.kind, loaded.settings) == (path, name, SETTINGS.as_dict())
    assert loaded.training == {"seed": 3}
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == checksum(path)
    again = load_network(path, name)
    assert isinstance(again, kind)
    assert again.settings == SETTINGS
    assert not again.training
    assert again.state_dict().keys() == network.state_dict().keys()
    assert all(torch.equal(weights, again.state_dict()[key]) for key, weights in network.state_dict().items())


def test_the_description_is_in_the_header(tmp_path):
    path = write(tmp_path / "a.safetensors", kind="teacher", settings={"widths": [4]}, training={"µ": [1, None]})
    assert read_description(path) == {
        "format": "temporal-interp",
        "format_version": 1,
        "program_version": temporal_interp.__version__,
        "kind": "teacher",
        "settings": {"widths": [4]},
        "training": {"µ": [1, None]},
    }
    with safe_open(path, framework="np") as file:  # any program can read it
        assert set(file.metadata()) == {"temporal-interp"}
        assert np.array_equal(file.get_tensor("weight"), [1, 1])


def test_weights_of_any_type_and_layout_keep_their_values(tmp_path):
    state = {
        "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "double": torch.tensor([0.1], dtype=torch.float64),
        "count": torch.tensor(7),
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "empty": torch.zeros(0, 3),
        "trained": torch.nn.Parameter(torch.ones(2)),
    }
    loaded = load_model(write(tmp_path / "a.safetensors", state)).state
    assert loaded.keys() == state.keys()
    for name, weights in state.items():
        assert loaded[name].dtype == weights.dtype
        assert torch.equal(loaded[name], weights)


def test_equal_content_gives_equal_files(tmp_path):
    first, second = (write(tmp_path / f"{name}.safetensors", training={"seed": 3}) for name in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["model.pt", "model", "model.safetensors.part"])
def test_no_model_is_saved_under_another_ending(tmp_path, name):
    with pytest.raises(InvalidInputError, match=r"A model file is a \.safetensors"):
        write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_no_other_kind_is_saved(tmp_path):
    with pytest.raises(InvalidInputError, match=r"teacher, student, slices, got .* and referee"):
        write(tmp_path / "a.safetensors", kind="referee")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_that_are_not_finite_are_neither_saved_nor_loaded(tmp_path, value, dtype):
    state = {"good": torch.ones(2), "bad": torch.tensor([0, value, 0], dtype=dtype)}
    with pytest.raises(InvalidInputError, match="the weights 'bad' are not finite"):
        write(tmp_path / "a.safetensors", state)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidInputError, match=r"a\.safetensors: the weights 'bad' are not finite"):
        load_model(described(tmp_path / "a.safetensors", DESCRIPTION, state))


def test_a_failure_on_the_way_leaves_the_former_file(tmp_path, monkeypatch):
    path = write(tmp_path / "a.safetensors")
    before = path.read_bytes()

    def fail_half_way(tensors, target, metadata):
        target.write_bytes(save(tensors, metadata)[:-3])
        raise KeyboardInterrupt

    monkeypatch.setattr("safetensors.torch.save_file", fail_half_way)
    with pytest.raises(KeyboardInterrupt):
        write(path, {"weight": torch.zeros(2)})
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource", reason="limits of processes exist on POSIX systems only")
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, former[1]))  # Python ignores the signal, the writing fails
    try:
        with pytest.raises(UnwritableFileError, match=r"a\.safetensors cannot be written \(.*too large"):
            write(tmp_path / "a.safetensors", {"weight": torch.ones(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert list(tmp_path.iterdir()) == []


def test_a_description_that_json_cannot_hold_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        write(tmp_path / "a.safetensors", training={"network": torch.nn.Identity()})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_pickle_is_refused_and_never_unpickled(pickled, sprung, ending):
    with suppress(Exception):  # what is no pickle of PyTorch's stops it, too late
        torch.load(pickled, weights_only=False)
    assert sprung.exists(), "the trap does not work, so that this test would show nothing"
    sprung.unlink()
    path = pickled.rename(pickled.with_suffix(ending))
    for use in (read_description, load_model, lambda path: load_network(path, "student")):
        with pytest.raises(UnreadableFileError, match=r"could run any code|is not a safetensors file"):
            use(path)
    assert not sprung.exists()


def test_a_pickle_is_named_as_such(tmp_path):
    path = tmp_path / "a.pt"
    torch.save(STATE, path)
    assert "is a PyTorch archive, which could run any code when it is loaded" in refused(path)
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    assert "is a pickle, which could run any code when it is loaded" in refused(path)


def test_a_header_whose_length_looks_like_a_pickle_is_read(tmp_path):
    path = tmp_path / "a.safetensors"
    for padding in range(256):  # until the lowest byte of the header's length is 0x80, as in a pickle
        described(path, DESCRIPTION | {"padding": "-" * padding})
        if path.read_bytes()[0] == 0x80:
            break
    assert path.read_bytes()[0] == 0x80
    assert torch.equal(load_model(path).state["weight"], STATE["weight"])


def png():
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"A letter, not a network. " * 9,
        b'{"format": "temporal-interp", "kind": "student"}',
        png(),
        bytes(100),
        b"\xff" * 100,
        (11_000_000).to_bytes(8, "little") + b"{" + b" " * 11_000_000,
    ],
    ids=["empty", "one byte", "text", "json", "png", "zeros", "ones", "endless header"],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path, content):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert refused(path) == f"{path} is not a safetensors file."


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "cannot be read: No such file or directory" in refused(tmp_path / "absent.safetensors")
    assert "cannot be read" in refused(tmp_path)


def test_a_file_cut_off_anywhere_is_refused(model_file):
    content = model_file.read_bytes()
    end_of_header = 8 + int.from_bytes(content[:8], "little")
    for length in range(len(content)):
        model_file.write_bytes(content[:length])
        reason = refused(model_file)
        if length < 9:
            assert "is not a safetensors file" in reason
        else:
            assert ("is cut off: it ends inside its header" in reason) == (length < end_of_header)
            assert "cut off" in reason


def test_a_file_with_more_at_its_end_is_refused(model_file):
    model_file.write_bytes(model_file.read_bytes() + b"more")
    assert "is damaged or cut off" in refused(model_file)


@pytest.mark.parametrize("flip", [0x01, 0x80])
def test_a_flipped_byte_changes_the_checksum_and_raises_nothing_unexpected(model_file, flip):
    content, sha256 = model_file.read_bytes(), checksum(model_file)
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= flip
        model_file.write_bytes(changed)
        assert checksum(model_file) != sha256
        with suppress(InvalidInputError, UnreadableFileError):
            assert load_model(model_file).sha256 != sha256


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}], ids=str)
def test_the_safetensors_file_of_another_program_is_refused(tmp_path, metadata):
    path = tmp_path / "a.safetensors"
    save_file(STATE, path, metadata=metadata)
    assert refused(path) == f"{path} is a safetensors file of another program; it holds no network of this one."


@pytest.mark.parametrize(
    "description",
    [
        "no JSON",
        "[" * 100_000,
        [],
        "null",
        {},
        {"kind": "student"},
        DESCRIPTION | {"format": "other"},
        DESCRIPTION | {"kind": "referee"},
        DESCRIPTION | {"kind": ["student"]},
        DESCRIPTION | {"format_version": "new"},
        DESCRIPTION | {"format_version": None},
        DESCRIPTION | {"format_version": float("inf")},
        DESCRIPTION | {"settings": "small"},
        DESCRIPTION | {"training": None},
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_description_that_is_none_of_ours_is_refused(tmp_path, description):
    reason = refused(described(tmp_path / "a.safetensors", description))
    assert "is a safetensors file of another program" in reason


@pytest.mark.parametrize("also", [{}, {"kind": "referee"}, {"settings": "elsewhere"}], ids=str)
def test_a_file_of_a_newer_program_says_so_whatever_else_is_new_in_it(tmp_path, also):
    newer = DESCRIPTION | {"format_version": 2, "program_version": "9.1"} | also
    reason = refused(described(tmp_path / "a.safetensors", newer))
    assert "was written by version 9.1 of this program" in reason
    assert f"{temporal_interp.__version__}, cannot read. Update the program." in reason


def test_a_teacher_is_no_student(tmp_path):
    path = write(tmp_path / "a.safetensors", Teacher(SETTINGS).state_dict(), "teacher", SETTINGS.as_dict())
    with pytest.raises(InvalidInputError, match=r"a\.safetensors holds a teacher, but a student is needed"):
        load_network(path, "student")


def test_weights_must_fit_the_description(tmp_path):
    state = Student(SETTINGS).state_dict()
    some = dict(list(state.items())[1:])
    for wrong in (some, state | {"other": torch.ones(1)}, {k: w[..., None] for k, w in state.items()}):
        path = write(tmp_path / "a.safetensors", wrong, settings=SETTINGS.as_dict())
        with pytest.raises(InvalidInputError, match=r"a\.safetensors does not hold the weights that its description"):
            network_of(load_model(path), "student")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"depth": 3}, "Unknown settings: depth"),
        ({"widths": []}, "'widths' must have at least 1 value"),
        ({"widths": None}, "'widths' must be a list, got None"),
        ({"time_scale": "fast"}, "'time_scale' must be a number, got 'fast'"),
    ],
)
def test_settings_of_no_network_are_refused_and_the_file_is_named(tmp_path, settings, reason):
    path = write(tmp_path / "a.safetensors", settings=settings)
    with pytest.raises(InvalidInputError, match=rf"a\.safetensors .*{reason}"):
        load_network(path, "student")
