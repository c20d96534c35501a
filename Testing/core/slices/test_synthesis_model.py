"""The three views of slice synthesis: where each one's voxels come from and go to."""

import numpy as np
import pytest
import torch

from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings
from temporal_interp.slices.synthesis_model import SliceSynthesis

FACTORS = (2, 3, 4)
SHAPE = (2, 4, 6, 5)


def made(factor=2, *, trained=True, memory_items=2) -> SliceSynthesis:
    torch.manual_seed(0)
    slice_settings = SliceNetworkSettings(features=1, block_side=2, blocks=1, memory_items=memory_items)
    model = SliceSynthesis(factor, slice_settings, PixelNetworkSettings(width=4, groups=1, blocks=1, holistic=True))
    if trained:
        for weights in model.parameters():
            weights.data += 0.2 * torch.randn_like(weights)
    return model.eval()


def volumes(*shape: int) -> torch.Tensor:
    return torch.rand(*(shape or SHAPE), generator=torch.Generator().manual_seed(1))


def every_view(model: SliceSynthesis, given: torch.Tensor) -> list[torch.Tensor]:
    return [model.axial(given)[0], model.coronal(given), model.sagittal(given)]


def linear(array: torch.Tensor, factor: int) -> np.ndarray:
    slices = array.shape[1]
    places = np.arange((slices - 1) * factor + 1) / factor
    return np.apply_along_axis(lambda line: np.interp(places, np.arange(slices), line), 1, array.numpy())


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("shape", [SHAPE, (1, 2, 7, 3), (1, 5, 1, 4), (1, 3, 4, 1), (1, 2, 1, 1)])
def test_fresh_model_is_linear_interpolation_in_every_view(factor, shape):
    given = volumes(*shape)
    for fine in every_view(made(factor, trained=False), given):
        assert fine.shape == (shape[0], (shape[1] - 1) * factor + 1, *shape[2:])
        np.testing.assert_allclose(fine.detach().numpy(), linear(given, factor), rtol=0, atol=3e-7)


@pytest.mark.parametrize("factor", FACTORS)
def test_views_of_a_trained_model_differ(factor):
    axial, coronal, sagittal = every_view(made(factor), volumes())
    for one, other in [(axial, coronal), (axial, sagittal), (coronal, sagittal)]:
        assert (one - other).abs().max() > 1e-3


@pytest.mark.parametrize("factor", FACTORS)
def test_acquired_slices_pass_through_the_axial_view_bit_for_bit(factor):
    given = volumes()
    for model in (made(factor), made(factor).train()):
        axial, _ = model.axial(given)
        assert torch.equal(axial[:, ::factor], given)


@pytest.mark.parametrize("factor", FACTORS)
def test_axial_slices_lie_between_the_two_they_are_made_of(factor):
    model, given = made(factor, memory_items=0), volumes()
    axial, _ = model.axial(given)
    for n in range(SHAPE[0]):
        for k in range(SHAPE[1] - 1):
            between = model.slice_network(given[n, k][None, None], given[n, k + 1][None, None]).slices[0]
            torch.testing.assert_close(axial[n, k * factor + 1 : (k + 1) * factor], between)


@pytest.mark.parametrize("factor", FACTORS)
def test_coronal_view_is_of_images_of_one_row_each(factor):
    model, given = made(factor), volumes()
    coronal = model.coronal(given)
    for n in range(SHAPE[0]):
        for j in range(SHAPE[2]):
            torch.testing.assert_close(coronal[n, :, j], model.pixel_network(given[n, :, j][None, None])[0, 0])


@pytest.mark.parametrize("factor", FACTORS)
def test_sagittal_view_is_of_images_of_one_column_each(factor):
    model, given = made(factor), volumes()
    sagittal = model.sagittal(given)
    for n in range(SHAPE[0]):
        for i in range(SHAPE[3]):
            torch.testing.assert_close(sagittal[n, ..., i], model.pixel_network(given[n, ..., i][None, None])[0, 0])


@pytest.mark.parametrize("factor", FACTORS)
def test_coronal_view_is_the_sagittal_one_of_the_transpose(factor):
    model, given = made(factor), volumes()
    torch.testing.assert_close(model.coronal(given), model.sagittal(given.mT).mT)


def test_memory_loss_is_compactness_and_separateness():
    model, given = made(), volumes(1, 2, 6, 5)
    between = model.slice_network(given[:, :1], given[:, 1:])
    torch.testing.assert_close(model.axial(given)[1], between.compactness + between.separateness)
    assert between.compactness > 0
    assert made(memory_items=0).axial(given)[1] == 0


@pytest.mark.parametrize("factor", FACTORS)
def test_order_of_voxels_in_memory_plays_no_part(factor):
    model, given = made(factor), volumes()
    turned = given.permute(3, 1, 0, 2).contiguous().permute(2, 1, 3, 0)
    assert not turned.is_contiguous()
    for one, other in zip(every_view(model, given), every_view(model, turned), strict=True):
        torch.testing.assert_close(one, other)
    assert torch.equal(given, volumes())


@pytest.mark.parametrize("factor", FACTORS)
def test_gradients_of_all_views_reach_both_networks(factor):
    model = made(factor).train()
    memory_loss = model.axial(volumes())[1]
    (sum(view.square().mean() for view in every_view(model, volumes())) + memory_loss).backward()
    assert [name for name, weights in model.named_parameters() if not weights.grad.abs().sum() > 0] == []


def test_slices_can_be_put_between_slices_again():
    model, given = made(trained=False), volumes(1, 3, 4, 5)
    again = model.axial(model.axial(given)[0])[0]
    assert again.shape == (1, 9, 4, 5)
    np.testing.assert_allclose(again.detach().numpy(), linear(given, 4), rtol=0, atol=3e-7)
