"""Asking the network on its grid: tiles, batches of slices, many times, and memory that does not suffice."""

import itertools
import math

import pytest
import torch

from random_networks import perturbed
from temporal_interp.engines.pairs.model_grid import OVERLAP, Beside, StudentOnPair, tiles
from temporal_interp.networks import Context, NetworkSettings, Student


def ask(student, shape=(4, 40, 48), *, only=slice(None), independent=True, device="cpu", max_voxels=10**9):
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(shape, generator=generator)[only] for _ in range(2)]
    return StudentOnPair(
        student, *images, independent=independent, device=device, bfloat16=False, max_voxels=max_voxels
    )


@pytest.fixture(scope="module")
def student():
    """A network whose every weight matters, without the normalisation that would tell it the size of a tile."""
    torch.manual_seed(0)
    network = Student(NetworkSettings(widths=(4, 6), halved_integration=False)).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights += 0.05 * torch.randn(weights.shape)
    return network


@pytest.fixture(scope="module")
def looking():
    """Such a network that also looks at the frames around."""
    torch.manual_seed(0)
    return perturbed(Student(NetworkSettings(widths=(4, 6), context=True, halved_integration=False)))


@pytest.mark.parametrize("max_voxels", [40 * 48, 3 * 40 * 48, 10**9])
def test_slices_in_batches_of_any_size_give_the_same(student, max_voxels):
    times = [0.2, 0.6, 0.9]
    reference = ask(student).at(times)
    maps = ask(student, max_voxels=max_voxels).at(times)
    assert len(maps) == 3
    for one, other in zip(maps, reference, strict=True):
        assert one.displacements.shape == (2, 3, 4, 40, 48)
        assert one.weights.shape == (1, 4, 4, 40, 48)
        assert one.residual.shape == (1, 1, 4, 40, 48)
        assert torch.allclose(one.displacements, other.displacements, atol=1e-4)
        assert torch.allclose(one.weights, other.weights, atol=1e-4)
    assert not torch.allclose(reference[0].displacements, reference[1].displacements, atol=1e-3)


def test_every_slice_gets_its_own_answer(student):
    whole = ask(student).at([0.4])[0]
    alone = ask(student, only=slice(2, 3)).at([0.4])[0]
    assert torch.allclose(whole.displacements[:, :, 2:3], alone.displacements, atol=1e-4)
    assert not whole.displacements[:, 0].any()  # single slices have no motion along K


@pytest.mark.parametrize("shape", [(10, 100, 90), (1, 300, 40), (90, 90, 90), (5, 6, 7)])
@pytest.mark.parametrize("max_voxels", [30_000, 150_000])
def test_tiles_cover_the_volume_and_keep_to_the_limit(shape, max_voxels):
    covered = torch.zeros(shape)
    parts = tiles(shape, max_voxels)
    for part in parts:
        covered[part] += 1
        size = math.prod(covered[part].shape)
        assert size <= max_voxels or all(n <= 32 + 2 * OVERLAP + 1 for n in covered[part].shape)
    assert covered.min() == 1
    assert (len(parts) == 1) == (math.prod(shape) <= max_voxels)


def test_tiles_are_put_together_without_a_seam(known_student):
    student = known_student((2.0, 3.0), residual=0.2, sees_neighbours=True)
    asked = ask(student, (40, 70, 60), independent=False, max_voxels=60_000)
    assert len(student.encoded) > 1
    maps = asked.at([0.25])[0]
    assert torch.allclose(maps.displacements[0], torch.tensor([0.0, -0.5, -0.75]).view(3, 1, 1, 1), atol=1e-5)
    assert torch.allclose(maps.weights.sum(dim=1), torch.ones(()), atol=1e-5)
    assert torch.allclose(maps.residual, torch.tensor(0.2 * 0.75), atol=1e-5)


def test_less_at_once_where_the_memory_does_not_suffice_then_the_cpu(known_student):
    """The device "meta" has no memory at all; the student that stands in says so before it notices."""
    student = known_student((2.0, 3.0), fails=1)
    with pytest.warns(RuntimeWarning, match="CPU continues"):
        asked = ask(student, (8, 128, 128), device="meta")
    assert asked.device.type == "cpu"
    assert asked.max_voxels <= 32**3
    assert asked.at([0.5])[0].displacements.isfinite().all()


def test_other_errors_of_a_device_are_not_swallowed(known_student):
    class Broken(known_student):
        def encode(self, first, last):
            raise RuntimeError("an illegal instruction")

    with pytest.raises(RuntimeError, match="illegal"):
        ask(Broken(), device="meta")


def test_a_cpu_with_too_little_memory_works_in_smaller_tiles(known_student):
    class Large(known_student):
        def encode(self, first, last):
            if first.numel() > 90 * 64 * 64:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
            return super().encode(first, last)

    shape = (90, 90, 90)
    model = ask(Large((2.0, 3.0), sees_neighbours=True), shape, independent=False)
    assert model.max_voxels < 90**3
    whole = ask(known_student((2.0, 3.0), sees_neighbours=True), shape, independent=False)
    for one, other in zip(model.at([0.5]), whole.at([0.5]), strict=True):
        torch.testing.assert_close(one.displacements, other.displacements)


def test_memory_that_does_not_suffice_on_the_cpu_is_an_error(known_student):
    class Huge(known_student):
        def encode(self, first, last):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="memory"):
        ask(Huge())


def test_as_many_times_are_decoded_at_once_as_fit(known_student, torch_threads):
    torch_threads(1)
    student = known_student()
    ask(student, (2, 40, 48), max_voxels=2 * 2 * 40 * 48).at([0.1, 0.2, 0.3])
    assert [len(set(times)) for times in student.decoded] == [2, 1]
    assert list(itertools.chain(*student.decoded)) == pytest.approx([0.1, 0.2, 0.1, 0.2, 0.3, 0.3])


def test_threads_share_slices_and_times(known_student, torch_threads):
    torch_threads(3)
    student = known_student((2.0, 3.0))
    shared = ask(student, (7, 40, 48))
    maps = shared.at([0.1, 0.2])
    assert sorted(shape[0] for shape in student.encoded) == [1, 3, 3]
    assert sorted(len(times) for times in student.decoded) == [2, 6, 6]  # both times of every slice
    ask(single := known_student((2.0, 3.0)), (1, 40, 48)).at([0.1, 0.2, 0.3, 0.4])
    assert sorted(len(times) for times in single.decoded) == [2, 2]
    torch_threads(1)
    for one, other in zip(maps, ask(known_student((2.0, 3.0)), (7, 40, 48)).at([0.1, 0.2]), strict=True):
        assert torch.equal(one.displacements, other.displacements)
        assert torch.equal(one.weights, other.weights)


class TestFramesAround:
    """Of a student that looks at them."""

    @staticmethod
    def ask(student, shape, beside, **options):
        generator = torch.Generator().manual_seed(0)
        first, last = (torch.rand(shape, generator=generator) for _ in range(2))
        options = {"independent": True, "device": "cpu", "bfloat16": False, "max_voxels": 10**9, **options}
        return StudentOnPair(student, first, last, beside, **options), first, last

    @pytest.mark.parametrize("shape", [(1, 40, 48), (3, 40, 48)])
    @pytest.mark.parametrize("missing", [0, 1, None])
    def test_it_is_shown_them_with_their_distances(self, looking, shape, missing):
        outer = [torch.rand(shape, generator=torch.Generator().manual_seed(n)) for n in (1, 2)]
        distances = [0.5, 2.0]
        if missing is not None:
            outer[missing], distances[missing] = None, 0.0
        asked, first, last = self.ask(looking, shape, Beside(tuple(outer), tuple(distances)))
        made = asked.at([0.4])[0]
        for k in range(shape[0]):
            there = [end if image is None else image for image, end in zip(outer, (first, last), strict=True)]
            context = Context(torch.stack([image[k][None, None] for image in there]), torch.tensor(distances))
            with torch.inference_mode():
                ends = (image[k][None, None, None] for image in (first, last))
                alone = looking(*ends, torch.tensor([0.4]), context)
            assert torch.allclose(made.weights[0, :, k], alone.weights[0], atol=1e-4)
            assert torch.allclose(made.residual[0, 0, k], alone.residual[0, 0], atol=1e-4)

    def test_tiles_of_a_volume_show_their_part_of_them(self, looking):
        shape = (40, 40, 100)
        first = torch.rand(shape, generator=torch.Generator().manual_seed(3))
        asked, first, _ = self.ask(looking, shape, Beside((None, None), (0.0, 0.0)), independent=False)
        assert asked.at([0.5])[0].weights.shape == (1, 4, *shape)
        beside = Beside((first, first), (1.0, 1.0))
        tiled, _, _ = self.ask(looking, shape, beside, independent=False, max_voxels=90_000)
        maps = tiled.at([0.5])[0]
        assert torch.isfinite(maps.displacements).all()
        assert torch.isfinite(maps.residual).all()
