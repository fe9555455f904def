"""Right answers to the exercises of lecture 9, each written in another way than the course's own."""

import itertools

import numpy as np
import torch


def with_a_loop(distance, part):
    for t in range(len(distance)):
        if all(d <= part * distance[0] for d in distance[t:]):
            return t
    return -1


def from_the_end(distance, part):
    t = len(distance)
    while t > 0 and distance[t - 1] <= part * distance[0]:
        t -= 1
    return t if t < len(distance) else -1


def numpy(distance, part):
    inside = distance.numpy() / distance[0].item() <= part
    stays = np.logical_and.accumulate(inside[::-1])[::-1]
    return np.int64(stays.argmax()) if stays.any() else -1


def with_cummax(distance, part):
    worst = distance.flip(0).cummax(dim=0).values.flip(0)
    found = (worst <= part * distance[0]).nonzero()
    return found[0, 0] if len(found) else torch.tensor(-1)


def with_itertools(distance, part):
    inside = list(itertools.takewhile(lambda d: d <= part * distance[0], reversed(distance.tolist())))
    return float(len(distance) - len(inside)) if inside else -1.0


def by_ratios(distance, part):
    inside = (distance / distance[0] <= part).tolist()
    return next((t for t in range(len(inside)) if all(inside[t:])), -1)


RIGHT = {"arrival": [by_ratios, with_a_loop, from_the_end, numpy, with_cummax, with_itertools]}
