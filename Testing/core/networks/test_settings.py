"""Settings of the networks: every option trains and matters, and nonsense is refused."""

import itertools
from dataclasses import replace

import pytest
import torch

from random_networks import WIDTHS, images, perturbed, without_gradient
from temporal_interp.errors import InvalidInputError
from temporal_interp.networks import NetworkSettings, Student, Teacher

CHOICES = {
    "matching": ("warped", "plain"),
    "surrogate": ("features", "images"),
    "blend": ("consistent", "literal"),
    "motion": ("modulated", "direct", "linear"),
    "modulation": ("global", "literal"),
    "fusion": ("all", "finest", "none"),
    "refinement": ("gated", "residual", "none"),
}
"""The values of every setting that is a name; the first is the default."""

OPTIONS = [{name: value} for name, values in CHOICES.items() for value in values[1:]] + [
    {"exact_ends": False},
    {"swap_symmetric": False},
    {"halved_integration": False},
    {"shortest_halved": 2},
    {"alpha_from_one": False},
    {"initial_weights": "usual"},
    {"widths": (4,)},
]


@pytest.mark.parametrize("option", [{}, *OPTIONS], ids=str)
@pytest.mark.parametrize("shape", [(2, 1, 1, 16, 16), (1, 1, 3, 16, 16)], ids=["slices", "stack"])
def test_every_option_trains(option, shape):
    """A step gives every weight of the network a gradient, in float32 and finite."""
    settings = NetworkSettings(**{"widths": WIDTHS, **option})
    first, last, between = images(*shape)
    t = torch.full((shape[0],), 0.3)
    for network, given in ((Student(settings), (first, last, t)), (Teacher(settings), (first, last, between, t))):
        perturbed(network)
        made = network(*given)
        (made.volume.square().mean() + sum(d.square().mean() for d in made.displacements)).backward()
        assert list(without_gradient(network)) == []


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_every_option_changes_the_result(option):
    first, last = images(1, 1, 1, 24, 24, count=2)

    def made(settings):
        torch.manual_seed(0)
        return perturbed(Student(settings), by=0.2)(first, last, torch.tensor([0.3])).volume

    usual = {"widths": (4, 6, 8)}
    if "blend" in option:
        usual["surrogate"] = "images"
    assert not torch.allclose(made(NetworkSettings(**usual)), made(NetworkSettings(**{**usual, **option})), atol=1e-4)


def test_the_first_choices_are_the_defaults():
    assert {name: getattr(NetworkSettings(), name) for name in CHOICES} == {n: v[0] for n, v in CHOICES.items()}


def test_settings_survive_json_and_refuse_nonsense():
    settings = NetworkSettings(widths=(4, 8), fusion="finest", time_scale=3.0)
    assert NetworkSettings.from_dict(settings.as_dict()) == settings
    for nonsense in (
        {"depth": 3},
        {"widths": []},
        {"widths": [0]},
        {"fusion": "some"},
        {"time_scale": 0},
        {"widths": 8},
    ):
        with pytest.raises(InvalidInputError):
            NetworkSettings.from_dict(nonsense)


def test_all_combinations_of_the_ablations_can_be_built():
    for fusion, motion, refinement in itertools.product(*(CHOICES[n] for n in ("fusion", "motion", "refinement"))):
        Student(NetworkSettings(widths=(2, 2), fusion=fusion, motion=motion, refinement=refinement))


def test_the_papers_settings_halve_every_axis():
    features = (
        Student(replace(NetworkSettings.paper(), widths=(4, 6, 8))).encode(*images(1, 1, 10, 32, 32, count=2)).features
    )
    assert [tuple(f.shape[2:]) for f in features] == [(10, 32, 32), (5, 16, 16), (3, 8, 8)]
