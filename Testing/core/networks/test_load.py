"""Networks out of model files, and what cannot be one."""

from dataclasses import replace

import pytest
import torch

from random_networks import WIDTHS, images, perturbed
from temporal_interp.errors import InvalidInputError, MissingFileError
from temporal_interp.models.model_file import load_model, save_model
from temporal_interp.networks import NetworkSettings, Student, Teacher
from temporal_interp.networks.load import in_volumes, load_network, network_of

SETTINGS = NetworkSettings(widths=WIDTHS, fusion="finest")


def saved(folder, network, kind):
    path = folder / f"{kind}.safetensors"
    save_model(path, network.state_dict(), kind=kind, settings=network.settings.as_dict(), training={})
    return path


@pytest.mark.parametrize(("made", "kind"), [(Student, "student"), (Teacher, "teacher")])
def test_a_network_comes_back_as_it_was_ready_to_use(tmp_path, made, kind):
    network = perturbed(made(SETTINGS))
    back = load_network(saved(tmp_path, network, kind), kind)
    assert type(back) is made
    assert back.settings == SETTINGS
    assert not back.training
    given = (*images(1, 1, 1, 16, 16, count=3 if kind == "teacher" else 2), torch.tensor([0.4]))
    assert torch.equal(back(*given).volume, network(*given).volume)


def test_another_kind_is_refused_by_its_path(tmp_path):
    path = saved(tmp_path, Student(SETTINGS), "student")
    with pytest.raises(InvalidInputError, match=r"student\.safetensors holds a student, but a teacher is needed"):
        load_network(path, "teacher")


def test_a_description_of_no_network_is_refused(tmp_path):
    model = load_model(saved(tmp_path, Student(SETTINGS), "student"))
    for nonsense in ({"depth": 3}, {**model.settings, "fusion": "some"}):
        with pytest.raises(InvalidInputError, match=r"student\.safetensors describes no network: "):
            network_of(replace(model, settings=nonsense), "student")


def test_weights_of_another_network_are_refused(tmp_path):
    model = load_model(saved(tmp_path, Student(SETTINGS), "student"))
    wider = replace(SETTINGS, widths=(4, 16)).as_dict()
    lacking = dict(list(model.state.items())[1:])
    for other in (replace(model, settings=wider), replace(model, state=lacking)):
        with pytest.raises(InvalidInputError, match="weights that its description promises"):
            network_of(other, "student")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="absent"):
        load_network(tmp_path / "absent.safetensors", "student")


@pytest.mark.parametrize("context", [False, True], ids=["two frames", "context"])
def test_a_student_of_slices_in_volumes_treats_a_stack_slice_by_slice(context):
    flat = perturbed(Student(replace(SETTINGS, kernels="slices", context=context))).eval()
    grown = in_volumes(flat).eval()
    assert grown.settings == replace(flat.settings, kernels="volumes")
    first, last = images(1, 1, 4, 16, 16, count=2)
    t = torch.tensor([0.4])
    torch.testing.assert_close(grown(first, last, t).volume, flat(first, last, t).volume)
    assert not grown.sees_neighbours
