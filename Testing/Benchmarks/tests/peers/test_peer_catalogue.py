"""The peers by name, and what is said of one that cannot be used."""

from importlib.metadata import PackageNotFoundError

import pytest

from peers import catalogue
from peers.catalogue import NETWORKS, PEER_NAMES, TIMED, create_peer, why_missing
from peers.timed_fields import TimedFieldsEngine
from temporal_interp.errors import InvalidInputError

CLASSICAL = [name for name in PEER_NAMES if name not in NETWORKS]


def test_the_order_is_that_of_the_table():
    assert PEER_NAMES == (
        "demons",
        "demons_timed",
        "syn_default",
        "syn",
        "syn_timed",
        "elastix_slicer",
        "elastix",
        "voxelmorph",
        "voxelmorph_timed",
        "monai_voxelmorph",
        "monai_voxelmorph_timed",
    )


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_peer_that_is_there_has_its_name_and_says_its_settings(name):
    if why_missing(name):
        pytest.skip(why_missing(name))
    engine = create_peer(name)
    assert engine.name == name
    assert "=" in engine.settings


@pytest.mark.parametrize("name", TIMED)
def test_a_timed_peer_has_the_settings_of_the_one_that_it_times(name):
    plain = name.removesuffix("_timed")
    if why_missing(name):
        pytest.skip(why_missing(name))
    engine, untimed = create_peer(name), create_peer(plain)
    assert isinstance(engine, TimedFieldsEngine)
    assert not isinstance(untimed, TimedFieldsEngine)
    assert engine.settings == f"{untimed.settings} timing=cubic"


def test_demons_are_always_there():
    assert why_missing("demons") == ""


@pytest.mark.parametrize("name", PEER_NAMES)
def test_a_peer_whose_package_is_missing_says_how_to_get_it(name, monkeypatch):
    def missing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(catalogue, "distribution", missing)
    package = catalogue.PACKAGES[name]
    assert why_missing(name) == f"not installed: pip install {package}"
    with pytest.raises(InvalidInputError, match=f"{name} is not installed: pip install {package}"):
        create_peer(name)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_without_weights_says_so(name, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "distribution", lambda package: None)
    reason = why_missing(name, weights=tmp_path)
    assert reason
    with pytest.raises(InvalidInputError):
        create_peer(name, weights=tmp_path)


@pytest.mark.parametrize("ask", [why_missing, create_peer])
def test_an_unknown_name_is_refused_with_those_there_are(ask):
    with pytest.raises(InvalidInputError, match=r"'magic'.*demons.*monai_voxelmorph"):
        ask("magic")
