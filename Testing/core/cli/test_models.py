"""temporal-interp models."""

import json
from dataclasses import asdict

import pytest
import torch

from temporal_interp.models import registry as module
from temporal_interp.models.model_file import checksum, save_model
from temporal_interp.models.registry import Registry
from temporal_interp.networks import NetworkSettings, Student


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Nothing shipped, and the user's folder, not there yet, where the environment says."""
    monkeypatch.setattr(module, "shipped_folder", lambda: tmp_path / "shipped")
    monkeypatch.setenv("TEMPORAL_INTERP_MODELS", str(tmp_path / "user"))
    return tmp_path / "shipped", tmp_path / "user"


@pytest.fixture
def model_file(tmp_path):
    """A teacher's file with one weight, which makes no network."""
    path = tmp_path / "My-Heart.safetensors"
    state = {"weight": torch.arange(4.0)}
    save_model(path, state, kind="teacher", settings={}, training={"trained_on": "hearts [of pigs]"})
    return path


@pytest.fixture
def heart(folders, model_file):
    """A model `heart` that comes with the program."""
    entry = asdict(Registry().add(model_file, name="heart", version="2.0", licence="CC0-1.0"))
    folders[1].rename(folders[0])
    return entry | {"shipped": True}


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def fails(result, reason):
    """Assert that a command refused for a reason that it gave in one line, and nothing else."""
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def fails_for_a_program(result, events, reason):
    assert result.exit_code == 3
    (event,) = events(result)
    assert event["event"] == "error"
    assert reason in event["message"]
    assert result.stderr == ""


def test_no_models(command, events):
    result = command("models", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "There are no models; add one with `temporal-interp models add FILE`.\n"
    assert events(command("models", "list", "--json")) == [{"event": "result", "models": []}]
    assert command("models", "verify").stdout == "Unchanged: no models.\n"
    assert events(command("models", "verify", "--json")) == [{"event": "result", "verified": []}]


def test_a_person_reads_a_table_of_models(command, heart, model_file, folders):
    assert command("models", "add", model_file, "--name", "mine", "--licence", "[mine]").exit_code == 0
    result = command("models", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    cells = [[cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]] for line in result.stdout.splitlines()]
    titles, *rows = [row for row in cells if row]
    assert titles == ["model", "version", "kind", "licence", "trained on", "where from"]
    assert rows[0] == ["heart", "2.0", "teacher", "CC0-1.0", "hearts [of pigs]", "the program"]
    assert rows[1][:5] == ["mine", "1", "teacher", "[mine]", "hearts [of pigs]"]
    assert "".join(row[5] for row in rows[1:]) == str(folders[1])  # in as many lines as it takes


def test_names_and_folders_are_whole_in_a_narrow_terminal(command, model_file, folders, monkeypatch):
    command("models", "add", model_file, "--name", "a-name-that-is-longer-than-its-column")
    monkeypatch.setenv("COLUMNS", "80")
    lines = command("models", "list").stdout.splitlines()
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert "".join(row[0] for row in rows) == "a-name-that-is-longer-than-its-column"
    assert "".join(row[5] for row in rows) == str(folders[1])


def test_a_program_gets_all_that_is_registered(command, events, heart, model_file):
    command("models", "add", model_file)
    (result,) = events(command("models", "list", "--json"))
    assert result["event"] == "result"
    first, second = result["models"]
    assert first == heart
    assert first["sha256"] == checksum(model_file)
    assert (second["name"], second["shipped"]) == ("my-heart", False)


def test_add_registers_under_the_files_name_in_small_letters(command, model_file, folders):
    result = command("models", "add", model_file)
    assert (result.exit_code, result.stderr) == (0, "")
    path = folders[1] / "my-heart.safetensors"
    assert result.stdout == f"The teacher 'my-heart' is in {path}.\n"
    assert path.read_bytes() == model_file.read_bytes()


def test_add_keeps_the_given_notes(command, events, model_file):
    told = ("--name", "h2", "--licence", "CC0-1.0", "--notes", "of a clinic")
    (result,) = events(command("models", "add", model_file, *told, "--json"))
    assert result.pop("event") == "result"
    assert result == asdict(Registry().find("h2"))
    assert (result["licence"], result["notes"], result["kind"]) == ("CC0-1.0", "of a clinic", "teacher")


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a b", "Heart"])
def test_add_refuses_an_unsafe_name(command, events, model_file, folders, name):
    fails(command("models", "add", model_file, "--name", name), f"'{name}' cannot name a model; use small letters")
    fails_for_a_program(command("models", "add", model_file, "--name", name, "--json"), events, "cannot name a model")
    assert not folders[1].exists()
    assert not (folders[1].parent / "x.safetensors").exists()


def test_add_refuses_a_name_that_is_taken(command, heart, model_file):
    fails(command("models", "add", model_file, "--name", "heart"), "There is a model 'heart' already")


def test_add_refuses_what_is_no_model(command, events, tmp_path, folders):
    path = tmp_path / "network.pt"
    torch.save({"weight": torch.ones(1)}, path)
    reason = f"{path} is a PyTorch archive, which could run any code when it is loaded; only safetensors files are read"
    fails(command("models", "add", path), reason)
    fails_for_a_program(command("models", "add", path, "--json"), events, reason)
    fails(command("models", "add", tmp_path / "absent.safetensors"), "absent.safetensors cannot be read: No such file")
    assert not folders[1].exists()


def test_verify_names_what_is_unchanged(command, events, heart, model_file):
    command("models", "add", model_file, "--name", "mine")
    result = command("models", "verify")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Unchanged: heart, mine.\n", "")
    assert command("models", "verify", "mine").stdout == "Unchanged: mine.\n"
    assert events(command("models", "verify", "mine", "--json")) == [{"event": "result", "verified": ["mine"]}]


def test_verify_finds_a_changed_file(command, events, heart, model_file, folders):
    command("models", "add", model_file, "--name", "mine")
    path = folders[1] / "mine.safetensors"
    flip_last_byte(path)
    reason = f"{path} is not the file that was registered: its checksum differs. Remove the model 'mine' and add it"
    for arguments in ((), ("mine",)):
        fails(command("models", "verify", *arguments), reason)
        fails_for_a_program(command("models", "verify", *arguments, "--json"), events, reason)
    assert command("models", "verify", "heart").exit_code == 0


def test_verify_tells_of_a_shipped_model_for_a_newer_program(command, heart, folders):
    path = folders[0] / "models.json"
    given = json.loads(path.read_text())
    given["models"][0]["minimum_program_version"] = "99.0"
    path.write_text(json.dumps(given))
    fails(command("models", "verify"), "The model 'heart' needs version 99.0 of this program or newer")
    assert "heart" in command("models", "list").stdout


def test_remove_deletes_a_model(command, events, model_file, folders):
    command("models", "add", model_file)
    result = command("models", "remove", "my-heart")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "The model 'my-heart' was removed.\n", "")
    assert [path.name for path in folders[1].iterdir() if path.name != ".lock"] == ["models.json"]
    command("models", "add", model_file)
    assert events(command("models", "remove", "my-heart", "--json")) == [{"event": "result", "removed": "my-heart"}]
    assert Registry().entries() == []


def test_remove_refuses_a_shipped_model(command, events, heart, folders):
    reason = "The model 'heart' comes with the program and cannot be removed"
    fails(command("models", "remove", "heart"), reason)
    fails_for_a_program(command("models", "remove", "heart", "--json"), events, reason)
    assert command("models", "verify", "heart").exit_code == 0


@pytest.mark.parametrize("action", ["verify", "remove"])
def test_an_unknown_model_is_answered_with_the_known_ones(command, events, heart, action):
    reason = "There is no model '../heart'; registered are: heart."
    fails(command("models", action, "../heart"), reason)
    fails_for_a_program(command("models", action, "../heart", "--json"), events, reason)


@pytest.mark.parametrize("action", [("verify",), ("remove", "heart")])
def test_a_broken_registry_is_named(command, events, folders, action):
    folders[1].mkdir()
    path = folders[1] / "models.json"
    path.write_text('{"schema": 1, "mod')
    fails(command("models", *action), f"{path} is not a registry of models: ")
    fails_for_a_program(command("models", *action, "--json"), events, f"{path} is not a registry of models: ")
    assert path.read_text() == '{"schema": 1, "mod'


def test_a_broken_registry_of_the_user_hides_no_shipped_model_and_is_repaired(command, folders, heart, model_file):
    assert command("models", "add", model_file, "--name", "mine").exit_code == 0
    path = folders[1] / "models.json"
    path.write_text('{"schema": 1, "mod')
    shown = command("models", "list")
    assert shown.exit_code == 0
    assert "heart" in shown.stdout
    assert "temporal-interp models repair" in shown.stderr
    assert command("models", "verify", "heart").exit_code == 0
    assert "mine" in command("models", "repair").stdout
    assert command("models", "verify").exit_code == 0
    assert Registry().find("mine").sha256 == checksum(model_file)
    assert path.with_name("models.json.damaged").read_text() == '{"schema": 1, "mod'
    fails(command("models", "repair"), "is sound; there is nothing to repair")


@pytest.mark.parametrize("arguments", [("add",), ("remove",), ("list", "heart"), ("forget", "heart")])
def test_wrong_usage(command, events, arguments):
    assert command("models", *arguments).exit_code == 2
    result = command("models", *arguments, "--json")
    assert result.exit_code == 2
    assert [event["event"] for event in events(result)] == ["error"]


def test_help_without_a_subcommand(command):
    result = command("models")
    for name in ("list", "verify", "add", "remove"):
        assert name in result.stdout + result.stderr


def test_info_counts_weights_and_operations_of_a_model(command, events, tmp_path):
    network = Student(NetworkSettings(widths=(4, 8)))
    path = tmp_path / "mine.safetensors"
    save_model(path, network.state_dict(), kind="student", settings=network.settings.as_dict(), training={})
    result = command("models", "info", path, "--shape", "1,16,16", "--json")
    (event,) = events(result)
    assert event["networks"] == [{"network": "student", "parameters": 38958, "multiply_adds": 1762560}]
    shown = command("models", "info", path, "--shape", "1,16,16").stdout
    assert "38,958" in shown
    assert "1 x 16 x 16" in shown


def test_info_counts_the_networks_of_a_configuration(command, events):
    (event,) = events(command("models", "info", "--config", "acdc-paper", "--json"))
    assert [(one["network"], one["parameters"]) for one in event["networks"]] == [
        ("teacher", 7087759),
        ("student", 11838639),
    ]
    assert event["shape"] == [32, 128, 128]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Give a model, or --config"),
        (("heart", "--config", "acdc"), 2, "not both"),
        (("--config", "acdc", "--shape", "32,128"), 2, "three numbers"),
        (("--config", "acdc", "--shape", "0,8,8"), 2, "three numbers"),
        (("absent.safetensors",), 3, "absent.safetensors"),
        (("--config", "absent"), 3, "absent"),
    ],
)
def test_info_refuses_what_makes_no_sense(command, arguments, code, words):
    result = command("models", "info", *arguments)
    assert result.exit_code == code
    assert words in result.stderr


def test_info_refuses_a_model_of_slices(command, tmp_path):
    path = tmp_path / "other.safetensors"
    save_model(path, {"weight": torch.zeros(1)}, kind="slices", settings={}, training={})
    result = command("models", "info", path)
    assert result.exit_code == 3
    assert "holds slices" in result.stderr
