"""Networks of others: what they are shown, what becomes of their answers, how they are trained, and their files.

Most of it is tested with made-up networks, so that it runs without the packages; the last part needs them.
"""

import itertools
import math
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from peers import network_peer, networks, train_network
from peers.network_file import network_path, read_network, write_network
from peers.network_peer import NetworkPeer, trained_peer
from peers.networks import NetworkKind, fresh_network, network_settings
from peers.pair_network import MARGIN, PairNetwork, PairTraining, displacement
from peers.train_network import fit
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.training_sample import TrainingSample
from temporal_interp.data.volume import Volume
from temporal_interp.errors import CancelledError, InvalidInputError, no_progress
from temporal_interp.tensors.spatial import warp

OBLIQUE = ((0.0, -0.6, 0.8), (1.0, 0.0, 0.0), (0.0, 0.8, 0.6))
AXES = np.asarray(OBLIQUE)
TRAINING = PairTraining("mse", 0.0, learning_rate=0.05, samples_per_step=2, precision="32")


class Echo(PairNetwork):
    """Answers with the images: the moving one along J, the fixed one along I. Keeps what it saw."""

    multiple = 8

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, moving, fixed):
        self.seen.append((moving, fixed))
        return torch.cat([moving, fixed], dim=1)


class Centroids(PairNetwork):
    """Moves everything by the way between the centres of mass, times what it learns: right with (1, 1)."""

    multiple = 1

    def __init__(self, *weights):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights or (0.0, 0.0)))

    def forward(self, moving, fixed):
        way = centre_of_mass(moving) - centre_of_mass(fixed)
        return (way * self.weights)[..., None, None].expand(-1, -1, *moving.shape[2:])


def centre_of_mass(images):
    axes = torch.meshgrid(*(torch.arange(float(n)) for n in images.shape[2:]), indexing="ij")
    return torch.stack([(images[:, 0] * axis).sum((1, 2)) / images[:, 0].sum((1, 2)) for axis in axes], dim=1)


def random_slices(count, rows, columns):
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.random((2, count, 1, rows, columns), dtype=np.float32))


class MovingBlobs:
    """Samples of a blob that moves straight on, up to 4 pixels; of stacks where `slices` is more than one."""

    def __init__(self, slices=1, *, hide_target=False, size=32):
        self.slices, self.hide_target, self.size = slices, hide_target, size

    def __len__(self):
        return 4

    def draw(self, index, rng):
        motion, t = torch.from_numpy(rng.uniform(-4, 4, 2)).float(), float(rng.uniform(0.3, 0.7))
        first, target, last = (self._blob(share * motion) for share in (0.0, t, 1.0))
        truth = torch.zeros(2, 3, self.slices, self.size, self.size)
        truth[0, 1:] = -t * motion.view(2, 1, 1, 1)
        truth[1, 1:] = (1 - t) * motion.view(2, 1, 1, 1)
        target = target * math.nan if self.hide_target else target
        return TrainingSample(first, last, target, t, (math.inf, 1.0, 1.0), truth)

    def _blob(self, centre):
        axes = torch.meshgrid(*[torch.arange(float(self.size)) - self.size / 2] * 2, indexing="ij")
        distance = sum((axis - c) ** 2 for axis, c in zip(axes, centre, strict=True))
        return torch.exp(-distance / 18).expand(1, self.slices, -1, -1).contiguous()


# --- what a network is shown, and what becomes of its answer


@pytest.mark.parametrize(("rows", "columns"), [(40, 48), (41, 71), (1, 5)])
def test_slices_are_continued_to_the_multiple_and_the_answer_is_cut_back_to_them(rows, columns):
    network, (moving, fixed) = Echo(), random_slices(2, rows, columns)
    answer = displacement(network, moving, fixed)
    assert torch.equal(answer, torch.cat([moving, fixed], dim=1))
    for seen, image in zip(network.seen[0], (moving, fixed), strict=True):
        below, right = (seen.shape[2] - rows - MARGIN, seen.shape[3] - columns - MARGIN)
        assert all(size % 8 == 0 for size in seen.shape[2:])
        assert all(MARGIN <= added < MARGIN + 8 for added in (below, right))
        widths = ((0, 0), (0, 0), (MARGIN, below), (MARGIN, right))
        np.testing.assert_array_equal(seen, np.pad(image, widths, mode="edge"))


def test_without_a_margin_slices_that_fit_are_shown_as_they_are():
    network, (moving, fixed) = Echo(), random_slices(1, 16, 24)
    displacement(network, moving, fixed, margin=0)
    assert torch.equal(network.seen[0][0], moving)


def pictures(slices=3):
    geometry = Geometry((slices, 12, 17), (1.5, 2.0, 8.0), (5.0, -7.0, 11.0), OBLIQUE)
    rng = np.random.default_rng(0)
    return [Volume(rng.random(geometry.shape, dtype=np.float32), geometry) for _ in range(2)]


@pytest.mark.parametrize("independent", [True, False])
def test_fields_are_in_lps_mm_with_the_spacing_and_the_direction_of_the_axes(independent):
    first, last = pictures()
    found = NetworkPeer("made_up", "", Echo())(first, last, independent=independent, progress=no_progress)
    for field, moving, fixed in ((found.first_to_last, first, last), (found.last_to_first, last, first)):
        expected = moving.array[..., None] * 2.0 * AXES[:, 1] + fixed.array[..., None] * 1.5 * AXES[:, 0]
        np.testing.assert_allclose(field, expected, atol=1e-5)
        np.testing.assert_allclose(field @ AXES[:, 2], 0.0, atol=1e-6)  # nothing moves along K
        assert field.dtype == np.float32


def test_many_slices_are_shown_a_few_at_once():
    network, (first, last) = Echo(), pictures(slices=35)
    found = NetworkPeer("made_up", "", network)(first, last, independent=True, progress=no_progress)
    assert [len(moving) for moving, _ in network.seen] == [16, 16, 16, 16, 3, 3]
    assert found.first_to_last.shape == (35, 12, 17, 3)


def test_arrays_that_are_turned_or_not_contiguous_can_be_shown():
    first, last = pictures()
    turned = [volume.with_array(volume.array[:, ::-1, ::-1]) for volume in (first, last)]
    peer = NetworkPeer("made_up", "", Echo())
    straight = peer(first, last, independent=True, progress=no_progress).first_to_last
    found = peer(*turned, independent=True, progress=no_progress).first_to_last
    np.testing.assert_allclose(found, straight[:, ::-1, ::-1], atol=1e-6)


def test_cancelling_between_slices_stops_the_work():
    def cancel(fraction, message):
        raise CancelledError

    network, (first, last) = Echo(), pictures()
    with pytest.raises(CancelledError):
        NetworkPeer("made_up", "", network)(first, last, independent=True, progress=cancel)
    assert not network.seen


# --- training


@pytest.fixture
def one_second_a_step(monkeypatch):
    """Makes every step take a second, so that the number of steps does not depend on the machine."""
    ticks = itertools.count()
    monkeypatch.setattr(train_network.time, "process_time", lambda: float(next(ticks)))


@pytest.mark.parametrize(("similarity", "precision"), [("mse", "32"), ("ncc", "32"), ("mse", "bf16")])
def test_training_finds_the_motion_and_its_direction(similarity, precision, one_second_a_step):
    network = Centroids()
    settings = replace(TRAINING, similarity=similarity, precision=precision)
    fitted = fit(network, MovingBlobs(), MovingBlobs(), settings, seconds=120)
    assert fitted.course[0] == (0.0, 0.0)  # nothing moves at first: the linear blend
    assert fitted.scores["gain"] > 4
    assert fitted.scores["epe_voxels"] < 0.1
    assert torch.allclose(fitted.state["weights"], torch.ones(2), atol=0.1)
    assert fitted.steps == fitted.seconds == 120
    assert [seconds for seconds, _ in fitted.course] == [10.0 * n for n in range(13)]


def test_the_frame_between_is_not_learnt_from(one_second_a_step):
    fitted = fit(Centroids(), MovingBlobs(hide_target=True), MovingBlobs(), TRAINING, seconds=60)
    assert torch.isfinite(fitted.state["weights"]).all()
    assert fitted.scores["gain"] > 4


def test_the_best_state_is_kept_and_not_the_last(one_second_a_step):
    network = Centroids(1.0, 1.0)
    fitted = fit(network, MovingBlobs(), MovingBlobs(), replace(TRAINING, learning_rate=5.0), seconds=12)
    gains = [gain for _, gain in fitted.course]
    assert gains[-1] < gains[0] == max(gains)
    assert fitted.state["weights"].tolist() == [1.0, 1.0]
    assert fitted.scores["gain"] == pytest.approx(gains[0], abs=1e-4)
    assert network.weights.tolist() != [1.0, 1.0]


def test_smoothness_is_weighed_as_its_authors_weigh_it():
    """Mean over both components and both axes of the squared differences."""
    ramp = torch.arange(8.0).expand(1, 2, 8, 8) * torch.tensor([1.0, 2.0]).view(1, 2, 1, 1)
    image = torch.zeros(1, 1, 8, 8)
    loss = train_network._loss(replace(TRAINING, smoothness=3.0))
    assert float(loss(image, image, ramp)) == pytest.approx(3.0 * (0 + 0 + 1 + 4) / 4)


def test_stacks_are_refused():
    with pytest.raises(InvalidInputError, match="one slice"):
        fit(Centroids(), MovingBlobs(slices=3), MovingBlobs(slices=3), TRAINING, seconds=0.1)


def test_an_unknown_similarity_is_refused():
    with pytest.raises(InvalidInputError, match="'nmi'; choose mse or ncc"):
        fit(Centroids(), MovingBlobs(), MovingBlobs(), replace(TRAINING, similarity="nmi"), seconds=0.1)


# --- settings and files


@dataclass(frozen=True)
class MadeUpSettings(PairTraining):
    start: tuple[float, ...]


YAML = """
made_up:
  start: [0.0, 0.0]
  similarity: mse
  smoothness: 0.0
  learning_rate: 0.05
  samples_per_step: 2
  precision: "32"
"""


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """Name of a made-up network that is built, trained and read as those of others are."""
    file = tmp_path / "networks.yaml"
    file.write_text(YAML)
    kind = NetworkKind("numpy", MadeUpSettings, lambda settings: Centroids(*settings.start))
    monkeypatch.setattr(networks, "FILE", file)
    monkeypatch.setitem(networks.NETWORKS, "made_up", kind)
    monkeypatch.setattr(train_network, "sample_sources", lambda data: (MovingBlobs(), MovingBlobs()))
    return "made_up"


def test_a_network_that_was_trained_is_found_by_its_name(made_up, tmp_path, one_second_a_step):
    path = train_network.train_network(made_up, output=tmp_path / "new" / "folder", seconds=120)
    assert path == tmp_path / "new" / "folder" / "made_up.safetensors"
    assert [file.name for file in path.parent.iterdir()] == ["made_up.safetensors"]
    peer = trained_peer(made_up, path.parent)
    assert peer.name == made_up
    assert "mse" in peer.settings
    assert torch.allclose(peer.network.weights, torch.ones(2), atol=0.1)
    assert not peer.network.training
    training = read_network(path, made_up).training
    assert training["seconds"] == training["steps"] == 120
    assert training["validation"]["gain"] > 4
    assert training["data"]["seed"] == 20
    assert "no patient" in training["trained_on"]


def test_a_training_that_is_stopped_leaves_the_best_so_far(made_up, tmp_path, one_second_a_step):
    def cancel(fraction, message):
        if fraction > stop:
            raise CancelledError

    stop = 0.05  # before the first of twelve validations
    with pytest.raises(CancelledError):
        train_network.train_network(made_up, output=tmp_path / "out", seconds=60, progress=cancel)
    assert list((tmp_path / "out").iterdir()) == []
    stop = 0.3
    with pytest.raises(CancelledError):
        train_network.train_network(made_up, output=tmp_path / "out", seconds=60, progress=cancel)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["made_up.safetensors"]
    training = read_network(tmp_path / "out" / "made_up.safetensors", made_up).training
    assert training["seconds"] == 15
    assert [seconds for seconds, _ in training["course"]] == [0, 5, 10, 15]


def test_a_folder_that_cannot_be_made_is_reported_before_training(made_up, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="cannot be made"):
        train_network.train_network(made_up, output=tmp_path / "file" / "out", seconds=1e6)


def test_without_its_file_a_network_says_what_trains_it(made_up, tmp_path, monkeypatch):
    with pytest.raises(InvalidInputError, match=r"train_peers\.py --name made_up -o"):
        trained_peer(made_up, tmp_path)
    monkeypatch.setattr(network_peer, "usual_folder", lambda: tmp_path / "usual")
    with pytest.raises(InvalidInputError, match="usual"):
        trained_peer(made_up)


@pytest.mark.parametrize(("name", "package"), [("voxelmorph", "voxelmorph"), ("monai_voxelmorph", "monai")])
def test_a_missing_package_is_reported_before_a_missing_file(name, package, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(InvalidInputError, match=f"{package} is not installed: pip install '?{package}"):
        trained_peer(name, tmp_path)


def test_an_unknown_network_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="choose one of voxelmorph, monai_voxelmorph"):
        trained_peer("transmorph", tmp_path)


@pytest.mark.parametrize("name", ["voxelmorph", "monai_voxelmorph"])
def test_the_frozen_settings_make_sense(name):
    settings = network_settings(name)
    assert isinstance(settings, networks.NETWORKS[name].settings)
    assert settings.similarity in ("mse", "ncc")
    assert settings.precision in ("32", "bf16")
    assert all(value > 0 for value in (settings.smoothness, settings.learning_rate, settings.samples_per_step))


def saved(folder, name, *, weights=(1.0, 1.0), **changes):
    settings = replace(MadeUpSettings(**vars(TRAINING), start=(0.0, 0.0)), **changes)
    path = network_path(name, folder)
    write_network(path, name, {"weights": torch.tensor(weights)}, settings, {"seconds": 1.0})
    return path


@pytest.mark.parametrize(
    "content", [b"", b"no tensors", pickle.dumps({"weights": 1}), b"\x08" + b"\0" * 7 + b'{"a": 1}']
)
def test_a_damaged_file_or_a_pickle_is_refused(made_up, tmp_path, content):
    network_path(made_up, tmp_path).write_bytes(content)
    with pytest.raises(InvalidInputError, match="damaged"):
        trained_peer(made_up, tmp_path)


def test_a_file_cut_off_is_refused(made_up, tmp_path):
    path = saved(tmp_path, made_up)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InvalidInputError, match="damaged"):
        trained_peer(made_up, tmp_path)


def test_the_file_of_another_network_is_refused(made_up, tmp_path, monkeypatch):
    monkeypatch.setitem(networks.NETWORKS, "other", networks.NETWORKS[made_up])
    saved(tmp_path, made_up).rename(network_path("other", tmp_path))
    with pytest.raises(InvalidInputError, match="holds the network 'made_up', not 'other'"):
        read_network(network_path("other", tmp_path), "other")


def test_weights_that_are_not_finite_or_do_not_fit_are_refused(made_up, tmp_path):
    saved(tmp_path, made_up, weights=(1.0, math.nan))
    with pytest.raises(InvalidInputError, match="not finite"):
        trained_peer(made_up, tmp_path)
    saved(tmp_path, made_up, weights=(1.0, 1.0, 1.0))
    with pytest.raises(InvalidInputError, match="does not fit"):
        trained_peer(made_up, tmp_path)


# --- the packages themselves


def real(name):
    pytest.importorskip(networks.NETWORKS[name].package)
    return fresh_network(name, network_settings(name))


def last_layer(network):
    for layer in reversed(list(network.modules())):
        if isinstance(layer, nn.Conv2d):
            return layer
    raise AssertionError("the network has no convolution")


def with_velocity(name, velocity):
    """The real network, but whatever it sees, its velocity is this one."""
    network = real(name)
    layer = last_layer(network) if name == "monai_voxelmorph" else network.network.flow_layer.conv0
    nn.init.zeros_(layer.weight)
    layer.bias.data = torch.tensor(velocity)
    return network.eval()


BOTH = pytest.mark.parametrize("name", ["voxelmorph", "monai_voxelmorph"])


def warped_by_the_package(network, moving, fixed):
    if hasattr(network.network, "flow_layer"):
        return network.network(moving, fixed, return_warped_source=True)[1]
    return network.network(moving, fixed)[0]


@BOTH
def test_the_answer_is_what_the_package_warps_the_moving_slice_with(name):
    network, (moving, fixed) = real(name).eval(), random_slices(1, 64, 96)
    torch.manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)  # far from still
    with torch.inference_mode():
        answer = network(moving, fixed)
        warped = warped_by_the_package(network, moving, fixed)
        assert answer.abs().max() > 1
        assert not torch.allclose(answer, network(fixed, moving), atol=0.1)
        torch.testing.assert_close(warp(moving, answer, padding="zeros"), warped, atol=1e-3, rtol=0)


@BOTH
def test_the_answer_is_in_pixels_along_j_and_i(name):
    network, (moving, fixed) = with_velocity(name, (3.0, -2.0)), random_slices(1, 64, 96)
    with torch.inference_mode():
        answer = network(moving, fixed)
        warped = warped_by_the_package(network, moving, fixed)
    inner = slice(16, -16)
    expected = torch.tensor([3.0, -2.0]).view(1, 2, 1, 1).expand(-1, -1, 32, 64)
    torch.testing.assert_close(answer[..., inner, inner], expected, atol=1e-3, rtol=0)
    shifted = moving.roll((-3, 2), dims=(2, 3))  # moving(p + (3, -2))
    torch.testing.assert_close(warped[..., inner, inner], shifted[..., inner, inner], atol=2e-3, rtol=0)


@BOTH
def test_the_margin_keeps_the_zeros_beyond_the_border_out_of_the_image(name):
    network, (moving, fixed) = with_velocity(name, (6.0, -6.0)), random_slices(1, 45, 70)
    with torch.inference_mode():
        answer = displacement(network, moving, fixed)
        spoilt = displacement(network, moving, fixed, margin=0)
    expected = torch.tensor([6.0, -6.0]).view(1, 2, 1, 1).expand_as(answer)
    torch.testing.assert_close(answer, expected, atol=1e-3, rtol=0)
    assert (spoilt - expected).abs().max() > 1


@BOTH
def test_a_fresh_network_gives_hardly_any_motion_and_equal_seeds_give_equal_ones(name):
    network, (moving, fixed) = real(name), random_slices(2, 33, 50)
    torch.rand(1)  # the state that building leaves, were it not put back, is another one
    before = torch.random.get_rng_state()
    again = fresh_network(name, network_settings(name))
    assert torch.equal(torch.random.get_rng_state(), before)
    with torch.inference_mode():
        answer = displacement(network.eval(), moving, fixed)
        assert torch.equal(displacement(again.eval(), moving, fixed), answer)
    assert answer.shape == (2, 2, 33, 50)
    assert answer.abs().max() < 0.5


@BOTH
def test_a_real_network_comes_back_from_its_file_as_it_was(name, tmp_path):
    network, (moving, fixed) = with_velocity(name, (1.0, 2.0)), random_slices(1, 40, 40)
    path = network_path(name, tmp_path)
    write_network(path, name, network.state_dict(), network_settings(name), {"seconds": 2.0})
    peer = trained_peer(name, tmp_path)
    with torch.inference_mode():
        assert torch.equal(displacement(peer.network, moving, fixed), displacement(network, moving, fixed))
    assert "trained for 2 s" in peer.settings
