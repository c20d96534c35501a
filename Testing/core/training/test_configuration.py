"""Settings and configuration files: what is read, and what is refused with its name."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from temporal_interp.errors import InvalidInputError, UnreadableFileError
from temporal_interp.networks import NetworkSettings
from temporal_interp.training import configurations
from temporal_interp.training.configuration import Configuration, find_configuration, read_configuration
from temporal_interp.training.datasets.catalogue import DataSettings
from temporal_interp.training.settings import TrainingSettings

SUPPLIED = sorted(path.name.removesuffix(".yaml") for path in resources.files(configurations).iterdir()
                  if path.name.endswith(".yaml"))  # fmt: skip


@pytest.fixture
def configuration(tmp_path):
    """Function that reads a configuration file with this text."""

    def read(text):
        path = tmp_path / "training.yaml"
        path.write_text(text, encoding="utf-8")
        return read_configuration(path)

    return read


def test_there_is_a_configuration_for_every_kind_of_data():
    kinds = ["acdc", "acdc-paper", "folder", "lung4d", "lung4d-paper", "synthetic", "synthetic-context"]
    kinds += ["synthetic-volumes"]
    assert kinds == SUPPLIED


@pytest.mark.parametrize("name", SUPPLIED)
def test_the_supplied_configurations_can_be_read(name):
    given = find_configuration(name)
    assert given.data.dataset == name.removesuffix("-paper").removesuffix("-context").removesuffix("-volumes")
    assert given.network.context == given.data.context == name.endswith(("-context", "-volumes"))
    assert given.data.folder is None
    assert given.network.scales == 4
    if name in ("acdc", "lung4d"):
        assert given.teacher == given.student == TrainingSettings(precision="auto", workers=4)
        assert given.data.split == "paper"


def test_what_is_missing_is_the_default(configuration):
    assert configuration("") == Configuration()
    assert configuration("teacher:\n") == Configuration()
    given = configuration("student:\n  epochs: 3\n  motion: 1\n")
    assert given.student == TrainingSettings(epochs=3, motion=1)
    assert given.teacher == TrainingSettings()


def test_every_section_is_read(configuration):
    text = """
network: {widths: [4, 8], fusion: none}
data: {dataset: phantoms, shape: [1, 32, 32], max_gap: 4}
teacher: {precision: bf16, learning_rate: 1.0e-3}
student: {patience: 3}
"""
    given = configuration(text)
    assert given.network == NetworkSettings(widths=(4, 8), fusion="none")
    assert given.data == DataSettings(dataset="phantoms", shape=(1, 32, 32), max_gap=4)
    assert given.teacher == TrainingSettings(precision="bf16", learning_rate=1e-3)
    assert given.student == TrainingSettings(patience=3)


def test_a_folder_is_relative_to_the_file(configuration, tmp_path):
    assert configuration("data: {folder: images/acdc}").data.folder == tmp_path / "images" / "acdc"
    assert configuration(f"data: {{folder: {tmp_path}}}").data.folder == tmp_path
    assert configuration("data: {folder: ~/images}").data.folder == Path.home() / "images"


def test_settings_survive_json():
    settings = TrainingSettings(epochs=7, precision="bf16", patience=2)
    assert TrainingSettings.from_dict(settings.as_dict()) == settings
    data = DataSettings(dataset="phantoms", shape=(1, 8, 8), folder=Path("here"))
    assert DataSettings.from_dict(data.as_dict()) == DataSettings(dataset="phantoms", shape=(1, 8, 8))


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("epochs: 0", "epochs"),
        ("epochs: 2.5", "epochs"),
        ("epochs: true", "epochs"),
        ("batch_size: '1'", "batch_size"),
        ("validate_every: -1", "validate_every"),
        ("patience: -1", "patience"),
        ("workers: many", "workers"),
        ("seed: -3", "seed"),
        ("seed: null", "seed"),
        ("learning_rate: 1e-4", "learning_rate"),  # a text to YAML, which wants 1.0e-4
        ("learning_rate: 0", "learning_rate"),
        ("learning_rate: .nan", "learning_rate"),
        ("regularisation: -0.1", "regularisation"),
        ("distillation: [0.1]", "distillation"),
        ("alignment: .inf", "alignment"),
        ("motion: yes", "motion"),
        ("gradient_clip: none", "gradient_clip"),
        ("averaging: 1", "averaging"),
        ("precision: 32", "precision"),
        ("precision: fp16", "precision"),
        ("epoch: 3", "epoch"),
    ],
)
@pytest.mark.parametrize("section", ["teacher", "student"])
def test_a_training_setting_that_makes_no_sense_is_refused_by_name(configuration, section, setting, name):
    with pytest.raises(InvalidInputError, match=rf"training\.yaml: .*\b{name}\b"):
        configuration(f"{section}:\n  {setting}\n")


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("dataset: mnist", "dataset"),
        ("split: paper1", "split"),
        ("subjects: 0", "subjects"),
        ("subjects: many", "subjects"),
        ("validation_subjects: 1.5", "validation_subjects"),
        ("validation: 1", "validation"),
        ("validation: half", "validation"),
        ("test: -0.1", "test"),
        ("seed: -1", "seed"),
        ("shape: 32", "shape"),
        ("shape: [32, 32]", "shape"),
        ("shape: [1, 32.5, 32]", "shape"),
        ("shape: 132", "shape"),
        ("shape: abc", "shape"),
        ("max_gap: 1", "max_gap"),
        ("folder: 5", "folder"),
        ("folders: here", "folders"),
    ],
)
def test_a_data_setting_that_makes_no_sense_is_refused_by_name(configuration, setting, name):
    with pytest.raises(InvalidInputError, match=rf"training\.yaml: .*\b{name}\b"):
        configuration(f"data:\n  {setting}\n")


@pytest.mark.parametrize(
    ("setting", "name"), [("widths: [0]", "widths"), ("fusion: some", "fusion"), ("depth: 3", "depth")]
)
def test_a_network_setting_that_makes_no_sense_is_refused_by_name(configuration, setting, name):
    with pytest.raises(InvalidInputError, match=rf"training\.yaml: .*\b{name}\b"):
        configuration(f"network:\n  {setting}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("teachers: {epochs: 3}", "unknown sections teachers"),
        ("- teacher", "sections with settings"),
        ("0", "sections with settings"),
        ("teacher: 3", "sections with settings"),
        ("teacher: 0", "sections with settings"),
        ("teacher: []", "sections with settings"),
        ("data: {1: 2}", "sections with settings"),
        ("teacher: {on: 2}", "sections with settings"),
        ("teacher: {epochs: 3", "it is not valid YAML"),
        ("teacher: !!python/object/apply:os.getcwd []", "it is not valid YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_by_name(configuration, text, words):
    with pytest.raises((InvalidInputError, UnreadableFileError), match=rf"training\.yaml.*{words}"):
        configuration(text)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="nothing-of-that-name"):
        find_configuration("nothing-of-that-name")
    with pytest.raises((InvalidInputError, UnreadableFileError), match="cannot be opened"):
        read_configuration(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"data: {folder: M\xfcnchen}")
    with pytest.raises((InvalidInputError, UnreadableFileError), match=r"latin\.yaml"):
        read_configuration(tmp_path / "latin.yaml")


def test_a_file_goes_before_a_supplied_configuration_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "synthetic").write_text("student: {epochs: 3}")
    monkeypatch.chdir(tmp_path)
    assert find_configuration("synthetic").student.epochs == 3


def test_what_is_missing_is_the_papers_if_the_file_says_so(configuration):
    given = configuration("defaults: paper\nnetwork: {widths: [4, 8]}\nstudent: {epochs: 3}\n")
    assert given.network == replace(NetworkSettings.paper(), widths=(4, 8))
    assert given.data == DataSettings.paper()
    assert given.teacher == TrainingSettings.paper()
    assert given.student == replace(TrainingSettings.paper(), epochs=3)
    assert configuration("defaults: ours\n") == Configuration()


@pytest.mark.parametrize("value", ["papers", "", "[paper]", "1"])
def test_other_defaults_are_refused(configuration, value):
    with pytest.raises(InvalidInputError, match=r"training\.yaml: 'defaults' must be ours or paper"):
        configuration(f"defaults: {value}\n")


def test_the_cache_is_relative_to_the_file(configuration, tmp_path):
    assert configuration("data: {cache: prepared}").data.cache == tmp_path / "prepared"


def test_a_network_with_context_needs_data_with_context(configuration):
    with pytest.raises(InvalidInputError, match="the data show no frames around"):
        configuration("network: {context: true}")
    given = configuration("network: {context: true}\ndata: {context: true}")
    assert given.network.context
    assert given.data.context
    assert not configuration("data: {context: true}").network.context
