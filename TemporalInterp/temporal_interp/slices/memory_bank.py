"""The memory bank of the slice network: patterns that recur across slices (section 3.1.1, Eqs. 1 to 6, 13, 14)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

MARGIN = 1.0
"""alpha of Eq. 14."""


class Recalled(NamedTuple):
    """Features as the memory recalls them.

    Attributes:
        features: combined from the memory's items, of the shape of the input (Eq. 1).
        compactness: mean distance of the features from their nearest items (Eq. 13).
        separateness: mean of how much closer than `MARGIN` the second nearest items come (Eq. 14).
    """

    features: torch.Tensor
    compactness: torch.Tensor
    separateness: torch.Tensor


class MemoryBank(nn.Module):
    """Items of length 1, which are not parameters: in training they follow the features (Eqs. 3 to 6).

    The losses are means over the points, not sums (ours), so that their weight does not depend on the image's size.

    Args:
        items: number of items (m).
        channels: length of an item (d).
    """

    items: torch.Tensor

    def __init__(self, items: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("items", functional.normalize(torch.randn(items, channels), dim=1))

    def forward(self, features: torch.Tensor) -> Recalled:
        """Return the recalled features of (N, C, rows, columns); in training the items are updated too."""
        shape = features.shape
        points = features.flatten(2).transpose(1, 2).reshape(-1, shape[1])
        items = self.items.clone()  # as of this call: learning changes them in place
        similarity = points @ items.T
        recalled = similarity.softmax(1) @ items
        nearest = similarity.topk(min(2, len(items)), 1).indices
        distances = [(points - items[index]).norm(dim=1) for index in nearest.unbind(1)]
        compactness = distances[0].mean()
        separateness = functional.relu(distances[0] - distances[-1] + MARGIN).mean()
        if self.training:
            self._learn(points.detach(), similarity.detach(), nearest[:, 0])
        back = recalled.view(shape[0], -1, shape[1]).transpose(1, 2).reshape(shape)
        return Recalled(back, compactness, separateness)

    def _learn(self, points: torch.Tensor, similarity: torch.Tensor, nearest: torch.Tensor) -> None:
        """Add to every item the points that are nearest to it, weighted by their similarity (Eqs. 3 to 6)."""
        for number in nearest.unique():
            own = nearest == number
            # the softmax over the item's points divided by its largest value: only the difference is left
            share = (similarity[own, number] - similarity[own, number].max()).exp()
            self.items[number] += share @ points[own]
        self.items.copy_(functional.normalize(self.items, dim=1))
