"""A training on the disk: all that it takes to go on to the same numbers."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from course_utils.drafts import replacing

import numpy as np
import torch
from torch import nn

State = dict[str, Any]


def write(path: Path, state: State) -> None:
    """Put the state in place of the file, whole or not at all. Raises OSError, which names ``path``, if that fails."""
    try:
        with replacing(path) as draft:
            torch.save(state, draft)
    except (OSError, RuntimeError) as error:  # torch raises the latter for a full disk and a missing folder
        raise OSError(f"checkpoint: cannot write {path} ({error}). Name a file in another folder.") from error


def read(path: Path, device: torch.device) -> State:
    """The state that ``write`` wrote; no code is loaded. Raises ValueError for a damaged file."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        return {name: state[name] for name in ("settings", "model", "optimizer", "history", "random")}
    except (
        RuntimeError,
        EOFError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        pickle.UnpicklingError,
    ) as error:
        reason = (str(error) or type(error).__name__).partition("\n")[0].partition(".")[0]
        raise ValueError(f"checkpoint: {path} is no whole checkpoint ({reason}). Delete it to begin again.") from error


def of(
    model: nn.Module, optimizer: torch.optim.Optimizer, settings: State, history: State, device: torch.device
) -> State:
    """The state of a training at the end of a step. ``settings`` are those that make it what it is."""
    random = [torch.get_rng_state()]
    if device.type == "cuda":
        random.append(torch.cuda.get_rng_state(device))
    return {
        "settings": settings,
        "model": model.state_dict(),
        "optimizer": _plain(optimizer.state_dict()),
        "history": history,
        "random": random,
    }


def restore(
    path: Path,
    state: State,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: State,
    device: torch.device,
) -> State:
    """Bring model, optimizer and random numbers to where they were, and return the history.

    Raises ValueError, before anything has changed, for a checkpoint of another training.
    """
    for name, value in settings.items():
        if (old := state["settings"].get(name)) != value:
            raise ValueError(
                f"checkpoint: {path} is of a training with {name} {old!r}, not {value!r}. "
                "Name another file, or delete it to begin again."
            )
    optimizer.load_state_dict(state["optimizer"])  # first: it may refuse
    model.load_state_dict(state["model"])
    torch.set_rng_state(state["random"][0].cpu())
    if device.type == "cuda" and len(state["random"]) > 1:
        torch.cuda.set_rng_state(state["random"][1].cpu(), device)
    return state["history"]


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's: to read them again would need code."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value
