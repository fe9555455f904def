"""Random changes of a whole batch of pictures (N, channels, height, width), none of them picture by picture.

They draw from torch's own random numbers, which ``training.fit`` seeds: ``fit(..., augment=random_flip)``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def random_flip(x: Tensor) -> Tensor:
    """Each picture mirrored left to right, or not, with equal chances."""
    mirrored = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    return torch.where(mirrored, x.flip(-1), x)


def random_crop(x: Tensor, padding: int = 4) -> Tensor:
    """Each picture moved by up to ``padding`` pixels, down or up and right or left; what comes in is black."""
    n, _, height, width = x.shape
    top, left = torch.randint(2 * padding + 1, (2, n, 1), device=x.device)
    rows, columns = top + torch.arange(height, device=x.device), left + torch.arange(width, device=x.device)
    # One index array for each of pictures, rows and columns; the channels come last meanwhile.
    padded = F.pad(x, (padding,) * 4).movedim(1, -1)
    return padded[torch.arange(n, device=x.device)[:, None, None], rows[:, :, None], columns[:, None]].movedim(-1, 1)
