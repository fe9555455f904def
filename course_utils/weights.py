"""Weights that were trained elsewhere."""

from __future__ import annotations

import os
import pickle
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from course_utils import downloads

import torch
from torch import Tensor


def resnet18(root: str | os.PathLike | None = None) -> dict[str, Tensor]:
    """torchvision's ResNet-18 as trained on ImageNet: its parameters and statistics, by name.

    From the file of torchvision's name, resnet18-f37072fd.pth, in ``root`` (see ``downloads.folder``), else where
    torch's hub keeps its downloads, else downloaded to there, with its checksum. Raises OSError, in one sentence that
    says what to do, if that fails or the file is damaged.
    """
    from torchvision.models import ResNet18_Weights

    weights = ResNet18_Weights.IMAGENET1K_V1
    name = Path(urlsplit(weights.url).path).name
    folders = downloads.folder(root), Path(torch.hub.get_dir(), "checkpoints")
    for file in (folder / name for folder in folders):
        if file.exists():
            return _read(file)
    try:
        with downloads.impatience():
            return weights.get_state_dict(progress=False, check_hash=True, map_location="cpu")
    except (OSError, RuntimeError, HTTPException) as error:
        full = getattr(error, "errno", None) in downloads.REFUSED_BY_DISK
        reason = error.strerror if full else f"{urlsplit(weights.url).netloc} {downloads.told(error)}"
        raise OSError(
            f"pretrained: {name} is not in {folders[0]} and could not be downloaded: {reason}. Try again later or in "
            "another network, put the file there yourself, or use pretrained=False."
        ) from error


def _read(file: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
        if not {"conv1.weight", "layer4.1.bn2.running_var", "fc.bias"} <= found.keys():
            raise ValueError("it holds other weights")
        return found
    except (*downloads.BROKEN, AttributeError, pickle.UnpicklingError) as error:
        reason = str(error) if isinstance(error, ValueError) else type(error).__name__
        raise OSError(f"pretrained: {file} is damaged ({reason}). Delete it, or get it again.") from error
