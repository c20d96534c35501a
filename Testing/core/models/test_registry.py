"""The registry: which models there are, and that a file is used only if it is the one that was registered."""

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import torch

import temporal_interp
from temporal_interp.errors import InvalidInputError, MissingFileError, UnreadableFileError, UnwritableFileError
from temporal_interp.models import registry as module
from temporal_interp.models.model_file import checksum, load_model, save_model
from temporal_interp.models.registry import Registry, shipped_folder, user_folder
from temporal_interp.networks.load import network_of
from temporal_interp.slices.model_file import slice_model_of

NEWER = {"minimum_program_version": "99.0"}


def names(registry):
    return [entry.name for entry in registry.entries()]


def change(folder, number=0, **changed):
    """Change an entry of a registry file, by default the first; a value of None takes it out."""
    path = folder / "models.json"
    given = json.loads(path.read_text())
    entry = given["models"][number] | changed
    given["models"][number] = {key: value for key, value in entry.items() if value is not None}
    path.write_text(json.dumps(given))


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


# what there is


def test_no_model_at_all(registry):
    assert registry.entries() == []
    assert registry.default() is None
    with pytest.raises(InvalidInputError, match=r"There is no model 'heart'; registered are: none\."):
        registry.find("heart")
    with pytest.raises(InvalidInputError, match="No student comes with this program; give a model file"):
        registry.file_of(None, "student")


def test_the_shipped_come_first_and_are_marked(registry, register):
    register(registry.user, "mine")
    register(registry.shipped, "heart", "lung")
    assert names(registry) == ["heart", "lung", "mine"]
    assert [entry.shipped for entry in registry.entries()] == [True, True, False]
    heart, mine = registry.find("heart"), registry.find("mine")
    assert (heart.version, heart.licence, heart.scores) == ("1.2", "CC0-1.0", {"psnr_db": 31.5})
    assert registry.path(heart) == registry.shipped / "heart.safetensors"
    assert registry.path(mine) == registry.user / "mine.safetensors"


def test_a_user_cannot_pass_a_model_off_as_shipped(registry, register):
    register(registry.user, "mine", shipped=True)
    assert not registry.find("mine").shipped
    assert registry.default() is None


def test_an_unknown_name_is_answered_with_the_known_ones(registry, register):
    register(registry.shipped, "heart", "lung")
    with pytest.raises(InvalidInputError, match="There is no model 'liver'; registered are: heart, lung"):
        registry.find("liver")


def test_the_default_is_the_first_shipped_one_of_its_kind_that_this_program_can_run(registry, register):
    register(registry.user, "mine")
    assert registry.default() is None
    register(registry.shipped, "new", "heart", "lung")
    assert registry.default().name == "new"
    change(registry.shipped, **NEWER)
    assert registry.default().name == "heart"
    assert registry.default("teacher") is None
    change(registry.shipped, kind="teacher", minimum_program_version="0.0.1")
    assert registry.default("teacher").name == "new"


def test_a_default_for_volumes_and_one_for_slices(registry, register):
    register(registry.shipped, "flat", "thick", "other")
    change(registry.shipped, images="slices")
    assert [registry.default(images=images).name for images in ("", "slices", "volumes")] == ["flat"] * 3
    change(registry.shipped, 1, images="volumes")
    assert [registry.default(images=images).name for images in ("", "slices", "volumes")] == ["flat", "flat", "thick"]
    assert registry.file_of(None, "student", "volumes") == registry.shipped / "thick.safetensors"
    change(registry.shipped, 1, images="solids")
    with pytest.raises(InvalidInputError, match="an entry with an impossible value: 'thick'"):
        registry.entries()


def test_a_broken_file_of_the_user_leaves_the_default(registry, register):
    register(registry.shipped, "heart")
    registry.user.mkdir()
    (registry.user / "models.json").write_text("{")
    assert registry.default().name == "heart"


# verify and load


def test_a_model_loads_by_name_and_by_path(registry, register, model_file):
    register(registry.shipped, "heart")
    loaded = registry.load("heart")
    assert loaded.path == registry.shipped / "heart.safetensors"
    assert loaded.kind == "student"
    assert torch.equal(loaded.state["bias"], torch.tensor([-1.0, 2.0]))
    assert registry.load(model_file).path == registry.load(str(model_file)).path == model_file


def test_the_file_of_a_model_by_name_by_path_and_by_default(registry, register):
    register(registry.shipped, "heart")
    register(registry.user, "mine")
    assert registry.file_of(None, "student") == registry.shipped / "heart.safetensors"
    assert registry.file_of("mine", "student") == registry.user / "mine.safetensors"
    assert registry.file_of("some/where.safetensors", "student") == Path("some/where.safetensors")


def uses(registry, name):
    """Return every way in which a registered model comes into use."""
    return (
        lambda: registry.verify(registry.find(name)),
        lambda: registry.load(name),
        lambda: registry.file_of(name, "student"),
    )


def test_a_flipped_byte_anywhere_is_refused(registry, register):
    register(registry.shipped, "heart")
    path = registry.path(registry.find("heart"))
    content, entry = path.read_bytes(), registry.find("heart")
    registry.verify(entry)
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises((InvalidInputError, UnreadableFileError), match=r"heart\.safetensors"):
            registry.verify(entry)


@pytest.mark.parametrize(
    ("folder", "remedy"), [("shipped", "Install the program again"), ("user", "Remove the model 'heart' and add it")]
)
def test_another_model_in_the_place_of_the_registered_one_is_refused(registry, register, folder, remedy):
    register(getattr(registry, folder), "heart")
    path = registry.path(registry.find("heart"))
    save_model(path, {"weight": torch.zeros(1)}, kind="student", settings={}, training={})
    for use in uses(registry, "heart"):
        with pytest.raises(InvalidInputError, match=rf"is not the file that was registered: its checksum .*{remedy}"):
            use()


def test_a_missing_file_is_refused(registry, register):
    register(registry.shipped, "heart")
    registry.path(registry.find("heart")).unlink()
    for use in uses(registry, "heart"):
        with pytest.raises(MissingFileError, match=r"heart\.safetensors cannot be read: No such file"):
            use()


def test_a_model_for_a_newer_program_is_listed_but_not_used(registry, register):
    register(registry.shipped, "heart", **NEWER)
    assert names(registry) == ["heart"]
    for use in uses(registry, "heart"):
        with pytest.raises(
            InvalidInputError, match=f"'heart' needs version 99.0 .*; this is {temporal_interp.__version__}"
        ):
            use()
    change(registry.shipped, minimum_program_version=temporal_interp.__version__)
    registry.load("heart")


def test_versions_are_compared_as_numbers(registry, register, monkeypatch):
    register(registry.shipped, "heart", minimum_program_version="0.9")
    monkeypatch.setattr(temporal_interp, "__version__", "0.10.0")
    registry.load("heart")
    monkeypatch.setattr(temporal_interp, "__version__", "0.8.10")
    with pytest.raises(InvalidInputError, match=r"needs version 0\.9"):
        registry.load("heart")


def test_a_model_of_another_kind_than_registered_is_refused(registry, register):
    register(registry.shipped, "heart", kind="teacher")
    with pytest.raises(InvalidInputError, match="'heart' is registered as a teacher, but is a student"):
        registry.load("heart")


def test_a_pickle_is_never_unpickled_even_with_the_right_checksum(registry, register, pickled, sprung):
    register(registry.shipped, "heart", sha256=checksum(pickled))
    shutil.copyfile(pickled, registry.shipped / "heart.safetensors")
    for use in (*uses(registry, "heart"), lambda: registry.add(pickled, name="mine")):
        with pytest.raises(UnreadableFileError, match=r"could run any code|is not a safetensors file"):
            use()
    assert not sprung.exists()
    assert not registry.user.exists()


# add and remove


def test_what_is_added_is_copied_registered_and_usable(registry, model_file):
    entry = registry.add(model_file, name="my-heart_1.0", version="3", licence="CC0-1.0", notes="of a clinic")
    assert (entry.name, entry.version, entry.kind, entry.licence) == ("my-heart_1.0", "3", "student", "CC0-1.0")
    assert (entry.trained_on, entry.notes, entry.shipped) == ("synthetic motion", "of a clinic", False)
    assert entry.sha256 == checksum(model_file)
    assert entry.date == date.today().isoformat()
    assert entry.minimum_program_version == temporal_interp.__version__
    assert files(registry.user) == ["models.json", "my-heart_1.0.safetensors"]
    model_file.unlink()
    again = Registry(registry.shipped, registry.user)
    assert again.entries() == [entry]
    assert again.load("my-heart_1.0").sha256 == entry.sha256
    assert again.default() is None


def test_adding_keeps_what_was_there_and_does_not_touch_the_shipped(registry, register, model_file):
    register(registry.shipped, "heart")
    register(registry.user, "mine")
    before = registry.find("mine")
    shipped = (registry.shipped / "models.json").read_bytes()
    registry.add(model_file, name="other")
    assert names(registry) == ["heart", "mine", "other"]
    assert registry.find("mine") == before
    assert (registry.shipped / "models.json").read_bytes() == shipped


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../x",
            "..",
            ".",
            ".hidden",
            "a/b",
            "a\\b",
            "/tmp/x",
            "C:x",
            "~",
            "-x",
            "",
            " ",
            "a b",
            "Heart",
            "heart\n",
            "é",
        ),
        *("a" * 65, "heart.safetensors"),
    ],
)
def test_a_name_that_is_unsafe_too_long_or_looks_like_a_file_is_refused(registry, model_file, tmp_path, name):
    before = files(tmp_path)
    with pytest.raises(InvalidInputError, match="cannot name a model"):
        registry.add(model_file, name=name)
    assert files(tmp_path) == before


def test_the_longest_name_works(registry, model_file):
    registry.add(model_file, name="a" * 64)
    registry.load("a" * 64)


@pytest.mark.parametrize("folder", ["shipped", "user"])
def test_a_name_that_is_taken_is_refused(registry, register, model_file, folder):
    register(getattr(registry, folder), "heart")
    before = registry.entries()
    save_model(model_file, {"weight": torch.zeros(1)}, kind="teacher", settings={}, training={})
    with pytest.raises(InvalidInputError, match="There is a model 'heart' already; remove it, or choose another"):
        registry.add(model_file, name="heart")
    assert registry.entries() == before
    registry.load("heart")


def test_what_is_no_model_is_not_added(registry, tmp_path):
    (tmp_path / "letter.safetensors").write_text("A letter, not a network.")
    with pytest.raises(UnreadableFileError, match=r"letter\.safetensors is not a safetensors file"):
        registry.add(tmp_path / "letter.safetensors", name="letter")
    with pytest.raises((InvalidInputError, MissingFileError), match="cannot be read"):
        registry.add(tmp_path / "absent.safetensors", name="absent")
    assert not registry.user.exists()


def test_a_copy_that_fails_leaves_nothing(registry, register, model_file, monkeypatch):
    register(registry.user, "mine")

    def fail_half_way(source, target):
        target.write_bytes(source.read_bytes()[:40])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfile", fail_half_way)
    with pytest.raises(UnwritableFileError, match="user cannot be written: No space left on device"):
        registry.add(model_file, name="heart")
    assert files(registry.user) == ["mine.safetensors", "models.json"]
    assert names(registry) == ["mine"]


def test_a_registry_file_that_cannot_be_written_stays_as_it_was(registry, register, model_file, monkeypatch):
    register(registry.user, "mine")
    write_text = Path.write_text

    def fail_half_way(path, text, **how):
        write_text(path, text[: len(text) // 2], **how)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fail_half_way)
    with pytest.raises(UnwritableFileError, match="user cannot be written: No space left on device"):
        registry.add(model_file, name="heart")
    with pytest.raises(OSError, match="No space left"):
        registry.remove("mine")
    assert not (registry.user / "models.json.part").exists()
    assert names(registry) == ["mine"]
    registry.load("mine")


def test_a_file_that_lies_in_the_users_folder_already_is_registered_there(registry, model_file):
    registry.user.mkdir()
    path = model_file.rename(registry.user / "mine.safetensors")
    registry.add(path, name="mine")
    assert registry.load("mine").path == path


def test_a_file_in_the_place_of_the_users_folder_is_reported(registry, model_file):
    registry.user.write_text("a file")
    with pytest.raises(UnwritableFileError, match="user cannot be written: File exists"):
        registry.add(model_file, name="heart")


def test_what_is_removed_is_gone(registry, register):
    register(registry.user, "mine", "other")
    assert registry.remove("mine").name == "mine"
    assert names(registry) == ["other"]
    assert files(registry.user) == ["models.json", "other.safetensors"]
    with pytest.raises(InvalidInputError, match="There is no model 'mine'; registered are: other"):
        registry.remove("mine")


def test_a_model_whose_file_is_lost_can_be_removed(registry, register):
    register(registry.user, "mine")
    registry.path(registry.find("mine")).unlink()
    registry.remove("mine")
    assert names(registry) == []


def test_a_shipped_model_cannot_be_removed(registry, register):
    register(registry.shipped, "heart")
    with pytest.raises(InvalidInputError, match="'heart' comes with the program and cannot be removed"):
        registry.remove("heart")
    registry.load("heart")


def test_of_two_of_one_name_the_shipped_one_is_used_and_the_users_one_removed(registry, register):
    register(registry.user, "heart")  # first, and then an update of the program brings one of its name
    register(registry.shipped, "heart")
    assert registry.load("heart").path.parent == registry.shipped
    assert not registry.remove("heart").shipped
    assert files(registry.user) == ["models.json"]
    assert [entry.shipped for entry in registry.entries()] == [True]
    registry.load("heart")


# registry files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"schema": 1}',
        b'{"schema": 1, "models": 3}',
        b'{"schema": "new", "models": []}',
    ],
)
@pytest.mark.parametrize("folder", ["shipped", "user"])
def test_a_broken_registry_file_is_named_and_kept(registry, model_file, content, folder):
    path = getattr(registry, folder) / "models.json"
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (registry.entries, lambda: registry.load("a"), lambda: registry.add(model_file, name="a")):
        with pytest.raises(UnreadableFileError, match=rf"{folder}.models\.json is not a registry of models"):
            use()
    assert path.read_bytes() == content
    assert files(path.parent) == ["models.json"]


def test_seven_processes_that_add_a_model_at_once_lose_none(registry, model_file):
    adds = "import sys; from pathlib import Path; from temporal_interp.models.registry import Registry\n"
    adds += "Registry(Path(sys.argv[1]), Path(sys.argv[2])).add(Path(sys.argv[3]), name=sys.argv[4])"
    given = [sys.executable, "-c", adds, registry.shipped, registry.user, model_file]
    started = [
        subprocess.Popen([*given, name], stderr=subprocess.PIPE)
        for name in ("a", "b", "c", "d", "same", "same", "same")
    ]
    failed = sum(b"There is a model 'same' already" in process.communicate()[1] for process in started)
    assert failed == 2
    assert sorted(names(registry)) == ["a", "b", "c", "d", "same"]
    for entry in registry.entries():
        registry.verify(entry)


def test_a_registry_of_a_newer_program_says_so(registry):
    registry.user.mkdir()
    (registry.user / "models.json").write_text('{"schema": 2, "networks": {}}')
    with pytest.raises(UnreadableFileError, match=r"models\.json was written by a newer version .* Update the program"):
        registry.entries()


def test_what_a_newer_program_adds_to_an_entry_is_passed_over(registry, register):
    register(registry.shipped, "heart", colour="red")
    registry.load("heart")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": None},
        {"sha256": None},
        {"licence": None},
        {"name": 3},
        {"name": "../heart"},
        {"name": "Heart"},
        {"version": 3},
        {"kind": "referee"},
        {"kind": ["student"]},
        {"sha256": "0" * 63},
        {"sha256": "Z" * 64},
        {"licence": 3},
        {"trained_on": ["cats"]},
        {"notes": {}},
        {"scores": [31.5]},
        {"minimum_program_version": "soon"},
        {"minimum_program_version": 1},
    ],
    ids=str,
)
def test_an_impossible_entry_is_refused(registry, register, changed):
    register(registry.user, "heart")
    change(registry.user, **changed)
    with pytest.raises((InvalidInputError, UnreadableFileError), match=r"models\.json has an entry "):
        registry.entries()


@pytest.mark.parametrize("entry", ["heart", 3, None, []])
def test_an_entry_that_is_no_object_is_refused(registry, entry):
    registry.user.mkdir()
    (registry.user / "models.json").write_text(json.dumps({"schema": 1, "models": [entry]}))
    with pytest.raises(UnreadableFileError, match=r"models\.json has an entry that cannot be read"):
        registry.entries()


@pytest.mark.parametrize(
    "file",
    ["../x.safetensors", "/tmp/x.safetensors", "a/x.safetensors", "a\\x.safetensors", "heart.pt", ".safetensors"],
)
def test_the_file_of_an_entry_must_lie_in_its_folder(registry, register, file):
    register(registry.user, "heart")
    change(registry.user, file=file)
    for use in (registry.entries, lambda: registry.remove("heart")):
        with pytest.raises(InvalidInputError, match=r"the file of 'heart' must be a \.safetensors in the same folder"):
            use()


def test_two_models_of_one_name_in_a_registry_are_refused(registry, register):
    register(registry.user, "heart", "heart")
    with pytest.raises(InvalidInputError, match=r"models\.json has two models of one name"):
        registry.entries()


# folders


def test_the_users_folder_is_what_the_environment_says(tmp_path, monkeypatch, model_file):
    monkeypatch.setenv("TEMPORAL_INTERP_MODELS", str(tmp_path / "chosen"))
    assert user_folder() == tmp_path / "chosen"
    Registry().add(model_file, name="mine")
    assert files(tmp_path / "chosen") == ["mine.safetensors", "models.json"]
    monkeypatch.setenv("TEMPORAL_INTERP_MODELS", "~/models")
    assert user_folder() == Path.home() / "models"


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_users_folder_is_where_the_system_keeps_data(monkeypatch, value):
    monkeypatch.delenv("TEMPORAL_INTERP_MODELS", raising=False)
    if value is not None:
        monkeypatch.setenv("TEMPORAL_INTERP_MODELS", value)
    assert user_folder().parts[-2:] == ("temporal-interp", "models")
    assert user_folder().is_absolute()


def test_what_is_shipped_is_what_its_registry_says(tmp_path):
    assert (shipped_folder() / "models.json").is_file()
    registry = Registry(user=tmp_path)
    for entry in registry.entries():
        assert entry.shipped
        assert entry.licence
        assert entry.trained_on
        assert entry.command
        assert entry.scores
        assert registry.path(entry).stat().st_size < 25e6
        if entry.kind == "slices":
            slice_model_of(registry.load(entry.name))
        else:
            network_of(registry.load(entry.name), entry.kind)
    registered = {entry.file for entry in registry.entries()}
    assert {path.name for path in shipped_folder().glob("*.safetensors")} == registered


def test_a_trained_model_says_what_it_was_trained_on(registry, model_file):
    save_model(model_file, {"weight": torch.ones(1)}, kind="student", settings={}, training={})
    assert registry.add(model_file, name="silent").trained_on == ""
    assert load_model(registry.path(registry.find("silent"))).training == {}
