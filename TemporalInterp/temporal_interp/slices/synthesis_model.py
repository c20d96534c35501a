"""The three views of slice synthesis in one module: SInt-A, PInt-C and PInt-S."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from temporal_interp.slices.pixel_network import PixelNetwork
from temporal_interp.slices.settings import PixelNetworkSettings, SliceNetworkSettings
from temporal_interp.slices.slice_network import SliceNetwork


class SliceSynthesis(nn.Module):
    """Both networks for one factor.

    Every view takes volumes (N, K, J, I) with intensities from 0 to 1, and makes them (N, (K - 1) r + 1, J, I). Those
    of guided networks also take a guide, (N, 2, (K - 1) r + 1, J, I), and correct it; see `guide`.

    Args:
        factor: r, how many times closer the slices become.
        slice_network: settings of SInt-A.
        pixel_network: settings of PInt, which both other views share.
        guided: whether they correct what motion makes. Then `share`, from 0 to 1, says how much of their correction
            counts.
    """

    share: torch.Tensor

    def __init__(
        self,
        factor: int,
        slice_network: SliceNetworkSettings,
        pixel_network: PixelNetworkSettings,
        *,
        guided: bool = False,
    ) -> None:
        super().__init__()
        self.factor, self.guided = factor, guided
        self.slice_network = SliceNetwork(factor, slice_network, guided=guided)
        self.pixel_network = PixelNetwork(factor, pixel_network, guided=guided)
        if guided:
            self.register_buffer("share", torch.ones(()))
        convert_conv2d_weight_memory_format(self, torch.channels_last)

    def axial(self, volumes: torch.Tensor, guide: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return O_a, which keeps the slices of the volumes, and the loss of the memory bank.

        The loss is compactness plus separateness.
        """
        count, slices, *plane = volumes.shape
        first, second = (part.reshape(-1, 1, *plane) for part in (volumes[:, :-1], volumes[:, 1:]))
        if guide is not None:
            steps = guide[:, :, :-1].reshape(count, 2, slices - 1, self.factor, *plane)[:, :, :, 1:]
            guide = steps.transpose(1, 2).reshape(-1, 2, self.factor - 1, *plane)
        between = self.slice_network(_channels_last(first), _channels_last(second), guide)
        steps = torch.cat([first, between.slices], 1).reshape(count, (slices - 1) * self.factor, *plane)
        return torch.cat([steps, volumes[:, -1:]], 1), between.compactness + between.separateness

    def coronal(self, volumes: torch.Tensor, guide: torch.Tensor | None = None) -> torch.Tensor:
        """Return O_c, made of images of one row of the slices each, (K, I)."""
        turned = None if guide is None else guide.permute(0, 3, 1, 2, 4)
        return self._pixelwise(volumes.transpose(1, 2), turned).transpose(1, 2)

    def sagittal(self, volumes: torch.Tensor, guide: torch.Tensor | None = None) -> torch.Tensor:
        """Return O_s, made of images of one column of the slices each, (K, J)."""
        turned = None if guide is None else guide.permute(0, 4, 1, 2, 3)
        return self._pixelwise(volumes.permute(0, 3, 1, 2), turned).permute(0, 2, 3, 1)

    def _pixelwise(self, images: torch.Tensor, guide: torch.Tensor | None) -> torch.Tensor:
        """Return images (N, images, K, X) with more rows; their guide is (N, images, 2, (K - 1) r + 1, X)."""
        count, number, rows, columns = images.shape
        given = None if guide is None else guide.reshape(-1, 2, guide.shape[3], columns)
        fine = self.pixel_network(_channels_last(images.reshape(-1, 1, rows, columns)), given)
        return fine.view(count, number, -1, columns)


def _channels_last(images: torch.Tensor) -> torch.Tensor:
    return images.contiguous(memory_format=torch.channels_last)
