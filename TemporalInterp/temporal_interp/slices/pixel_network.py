"""PInt: a coronal or sagittal image with r times as many rows (section 3.1.2).

The network is HAN (Niu et al., ECCV 2020, "Single Image Super-Resolution via a Holistic Attention Network"), stretched
along one axis.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from temporal_interp.networks.convolution import near_zero
from temporal_interp.slices.attention import ResidualGroup
from temporal_interp.slices.guide import beside_linear, close_gate, corrected, guide_channels
from temporal_interp.slices.settings import PixelNetworkSettings


class LayerAttention(nn.Module):
    """Weighs the outputs of the groups by their similarity (HAN, section 3.2)."""

    def __init__(self, layers: int, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(1))
        self.mix = nn.Conv2d(layers * channels, channels, 3, padding=1)

    def forward(self, layers: list[torch.Tensor]) -> torch.Tensor:
        """Return one image of features, (N, C, rows, columns), from those of all groups."""
        stacked = torch.stack(layers, 1)
        rows = stacked.flatten(2)
        # the mean product and not the sum, as HAN has: the sum grows with the image, and softmax turns into a maximum
        similarity = (rows @ rows.transpose(1, 2) / rows.shape[2]).softmax(2)
        weighed = stacked + self.gain * (similarity @ rows).view_as(stacked)
        return self.mix(weighed.flatten(1, 2))


class ChannelSpatialAttention(nn.Module):
    """Weighs every feature by its neighbours in the image and in the next channels (HAN, section 3.3)."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.zeros(1))
        self.convolution = nn.Conv3d(1, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (N, C, rows, columns), plus x times the weights."""
        weights = torch.sigmoid(self.convolution(x[:, None])[:, 0])
        return x + self.gain * weights * x


class PixelNetwork(nn.Module):
    """Adds r - 1 rows between every two of an image.

    Ours: the output is added to the linearly stretched image, so that a fresh network is linear interpolation; and both
    attentions of HAN can be left out. A guided network also sees what motion makes of the image, and corrects that.

    Args:
        factor: r.
        settings: of the network.
        guided: whether there is a guide, see `guide`.
    """

    def __init__(self, factor: int, settings: PixelNetworkSettings, *, guided: bool = False) -> None:
        super().__init__()
        width = settings.width
        self.factor, self.settings, self.guided = factor, settings, guided
        self.head = nn.Conv2d(1 + (guided and guide_channels(factor)), width, 3, padding=1)
        self.groups = nn.ModuleList(ResidualGroup(width, settings.blocks) for _ in range(settings.groups))
        self.last = nn.Conv2d(width, width, 3, padding=1)
        self.layer_attention = LayerAttention(settings.groups, width) if settings.holistic else None
        self.channel_attention = ChannelSpatialAttention() if settings.holistic else None
        self.join = nn.Conv2d(2 * width, width, 3, padding=1) if settings.holistic else None
        self.stretch = nn.Conv2d(width, width * factor, 3, padding=1)
        self.tail = nn.Conv2d(width, 1 + guided, 3, padding=1)
        near_zero(self.tail)
        if guided:
            close_gate(self.tail, 1)

    def forward(self, image: torch.Tensor, guide: torch.Tensor | None = None) -> torch.Tensor:
        """Return an image of (rows - 1) r + 1 rows from one of (N, 1, rows, columns).

        Row n r of the result lies where row n of the image does. The r - 1 rows beyond the last are dropped (paper).

        Args:
            image: the rows that there are.
            guide: of a guided network, (N, 2, (rows - 1) r + 1, columns), see `guide`.
        """
        rows = (image.shape[2] - 1) * self.factor + 1
        linear = functional.interpolate(image, size=(rows, image.shape[3]), mode="bilinear", align_corners=True)
        seen = image if guide is None else torch.cat([image, beside_linear(guide, linear, self.factor)], 1)
        head = self.head(seen)
        features, layers = head, []
        for group in self.groups:
            features = group(features)
            layers.append(features)
        features = self.last(features)
        if self.join is not None and self.layer_attention is not None and self.channel_attention is not None:
            across_layers = self.layer_attention(layers)
            features = self.join(torch.cat([self.channel_attention(features), across_layers], 1))
        detail = self.tail(rows_from_channels(self.stretch(features + head), self.factor))
        made = linear + detail[:, :1, :rows]
        return made if guide is None else corrected(guide[:, :1], made, detail[:, 1:, :rows])


def rows_from_channels(features: torch.Tensor, factor: int) -> torch.Tensor:
    """Return (N, C, factor x rows, columns) from (N, factor x C, rows, columns): pixel shuffle along one axis."""
    count, channels, rows, columns = features.shape
    split = features.view(count, channels // factor, factor, rows, columns)
    return split.transpose(2, 3).reshape(count, channels // factor, rows * factor, columns)
