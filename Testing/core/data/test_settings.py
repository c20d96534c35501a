"""Settings: declared once, refused by name, and told in one line."""

from dataclasses import FrozenInstanceError, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, PositiveInt, Strict

from temporal_interp.data.settings import Counts, LearningRate, Levels, Paper, Seed, Settings, Share, checked
from temporal_interp.errors import InvalidInputError
from temporal_interp.networks.settings import LARGE, NetworkSettings
from temporal_interp.registration.settings import GridField, NetworkField, VelocitySettings
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings, SliceTrainingSettings
from temporal_interp.tracking.settings import TrackingSettings
from temporal_interp.training.settings import TrainingSettings


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@checked
class Round(Settings):
    kind: ClassVar[str] = "round"

    radius: Annotated[PositiveInt, Paper(5)] = 2


@checked
class Square(Settings):
    kind: ClassVar[str] = "square"

    side: PositiveInt = 3


@checked
class Window(Settings):
    shape: Annotated[Round | Square, Paper(Round.paper())] = Square()
    stride: Annotated[PositiveInt, Paper(1)] = 2
    levels: Annotated[Levels, Field(min_length=1), Paper((1,))] = (2, 1)
    counts: Counts = ()
    rate: LearningRate = 0.1
    share: Share = 0.5
    seed: Seed = 0
    mode: Literal["fast", "exact"] = "fast"
    colour: Annotated[Colour, Strict(False)] = Colour.RED
    on: bool = False
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.on and self.stride == 7:
            raise InvalidInputError("A stride of 7 cannot be on.")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("stride", 0, "must be above 0, got 0"),
        ("stride", 1.5, "must be a whole number, got 1.5"),
        ("stride", True, "must be a whole number, got True"),
        ("stride", "3", "must be a whole number, got '3'"),
        ("stride", None, "must be a whole number, got None"),
        ("rate", 0, "must be above 0, got 0"),
        ("rate", 1.0, "must be below 1, got 1.0"),
        ("rate", "1e-4", "must be a number, got '1e-4'"),
        ("rate", True, "must be a number, got True"),
        ("rate", float("nan"), "must be a finite number, got nan"),
        ("rate", float("inf"), "must be a finite number, got inf"),
        ("share", 1.5, "must be at most 1, got 1.5"),
        ("share", -0.5, "must be at least 0, got -0.5"),
        ("seed", -1, "must be at least 0, got -1"),
        ("levels", (), "must have at least 1 value, got ()"),
        ("levels", (1, 2), "must go from coarse to fine, got (1, 2)"),
        ("levels", 2, "must be a list, got 2"),
        ("levels", "21", "must be a list, got '21'"),
        ("mode", "slow", "must be 'fast' or 'exact', got 'slow'"),
        ("colour", "green", "must be 'red' or 'blue', got 'green'"),
        ("on", 1, "must be true or false, got 1"),
        ("shape", "round", "must be of Round or Square, got 'round'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_its_bound_and_what_came(name, value, words):
    for make in (Window.from_dict, lambda given: replace(Window(), **given), lambda given: Window(**given)):
        with pytest.raises(InvalidInputError) as refused:
            make({name: value})
        assert str(refused.value) == f"The setting '{name}' {words}."


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("levels", (2, 0), "Value 2 of the setting 'levels' must be above 0, got 0."),
        ("counts", (1.0, 2), "Value 1 of the setting 'counts' must be a whole number, got 1.0."),
    ],
)
def test_a_wrong_value_in_a_list_is_named_by_its_place(name, value, words):
    with pytest.raises(InvalidInputError) as refused:
        replace(Window(), **{name: value})
    assert str(refused.value) == words


def test_a_value_by_its_place_is_refused_by_its_name():
    with pytest.raises(InvalidInputError, match="The setting 'side' must be above 0, got -2"):
        Square(-2)
    with pytest.raises(InvalidInputError, match=r"Unknown settings: 1\. There are side"):
        Square(2, 3)


def test_unknown_names_are_refused_together_with_those_there_are():
    with pytest.raises(InvalidInputError, match=r"^Unknown settings: depth, width\. There are radius\.$"):
        Round.from_dict({"depth": 3, "radius": 1, "width": 2})


@pytest.mark.parametrize("given", [3, "radius", ["radius"], None])
def test_what_is_no_mapping_is_refused(given):
    with pytest.raises(InvalidInputError, match="names with values"):
        Round.from_dict(given)


def test_settings_that_do_not_fit_each_other_are_refused_in_their_own_words():
    with pytest.raises(InvalidInputError, match=r"^A stride of 7 cannot be on\.$"):
        Window(on=True, stride=7)


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Window().stride = 3


def test_lists_and_names_become_what_is_declared():
    made = Window.from_dict({"levels": [4, 2], "colour": "blue", "rate": 0.5})
    assert made == Window(levels=(4, 2), colour=Colour.BLUE, rate=0.5)
    assert isinstance(made.levels, tuple)
    assert made.colour is Colour.BLUE


def test_papers_values_are_those_declared_and_ours_where_there_is_none():
    assert Window.paper() == Window(shape=Round(radius=5), stride=1, levels=(1,))
    assert Square.paper() == Square()


def test_one_line_tells_what_differs_and_flattens_settings_in_settings():
    assert Window().in_one_line() == ""
    assert Window(levels=(8, 4), on=True).in_one_line() == "levels=(8,4) on=True"
    assert Window(shape=Square(side=5), stride=3).in_one_line() == "side=5 stride=3"
    assert Window(shape=Round()).in_one_line() == "shape=round"
    assert Window(shape=Round(radius=1)).in_one_line() == "shape=round radius=1"


OURS = [
    NetworkSettings,
    GridField,
    NetworkField,
    PixelNetworkSettings,
    SliceNetworkSettings,
    SliceTrainingSettings,
    TrackingSettings,
    TrainingSettings,
    VelocitySettings,
]


@pytest.mark.parametrize("settings", OURS, ids=lambda cls: cls.__name__)
def test_every_class_of_settings_has_defaults_and_papers_values_that_make_sense(settings):
    assert settings().in_one_line() == ""
    assert isinstance(settings.paper(), settings)
    if settings is not VelocitySettings:  # which is never written to a file: its field could be of two classes
        for made in (settings(), settings.paper()):
            assert settings.from_dict(made.as_dict()) == made


def test_as_dict_is_for_json():
    given = Window(folder=Path("here"), colour=Colour.BLUE).as_dict()
    assert (given["levels"], given["colour"], given["folder"]) == ([2, 1], "blue", "here")


def test_papers_values_that_several_changes_make_up():
    assert NetworkSettings.paper() == NetworkSettings(
        widths=LARGE,
        matching="plain",
        surrogate="images",
        blend="literal",
        modulation="literal",
        alpha_from_one=False,
        time_scale=1000.0,
        refinement="residual",
        exact_ends=False,
        swap_symmetric=False,
        halved_integration=False,
        shortest_halved=2,
        initial_weights="usual",
    )
    assert TrainingSettings.paper() == TrainingSettings(regulariser="diffusion")
    paper = SliceTrainingSettings.paper()
    assert (paper.steps, paper.batch, paper.slices, paper.side, paper.learning_rate) == (6375, 64, 15, 128, 1e-4)
    assert (paper.wavelets, paper.coronal_distillation, paper.sagittal_distillation) == (1.0, 0.15, 0.15)
    assert (paper.distillation_ratio, paper.repeats, paper.memory, paper.mutual) == (0.4, 2, 0.1, True)
    assert SliceNetworkSettings.paper() == SliceNetworkSettings(features=3, block_side=8, blocks=12, memory_items=10)
    assert PixelNetworkSettings.paper() == PixelNetworkSettings(width=64, groups=10, blocks=20, holistic=True)
