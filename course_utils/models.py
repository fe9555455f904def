"""The networks of the course."""

import contextlib
import itertools
from collections.abc import Iterator

from course_utils import checks, weights

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
INITS = {"xavier": nn.init.xavier_normal_, "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu")}


class Skip(nn.Module):
    """A block with a way around it: ``x + block(x)``."""

    def __init__(self, *block: nn.Module):
        super().__init__()
        self.block = nn.Sequential(*block)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.block(x)


def mlp(
    *widths: int,
    activation: str = "relu",
    init: str | float = "default",
    batch_norm: bool = False,
    residual: bool = False,
    seed: int = 0,
) -> nn.Sequential:
    """A multilayer perceptron of the given widths: ``mlp(784, 100, 10)`` has one hidden layer of 100 units.

    Takes pictures or vectors (N, ...) of ``widths[0]`` numbers each, gives scores (N, widths[-1]). The ``activation``,
    "relu", "sigmoid" or "tanh", follows every layer but the last; with ``batch_norm``, a batch normalisation stands
    before it. With ``residual``, a hidden layer that is as wide as the one before it is added to that one.

    ``init`` is how the weights are drawn: "default", as torch does, uniformly up to 1/√fan_in, the biases too;
    "xavier" (Glorot and Bengio 2010), normal with variance 2 / (fan_in + fan_out); "he" (He et al. 2015), normal with
    variance 2 / fan_in; a number g: normal with variance g² / fan_in. All but the default set the biases to 0.
    All come from ``seed``, whatever else has drawn random numbers: two optimizers that are to be compared start from
    the same point.

    Raises TypeError or ValueError for fewer than two widths, one that is not a positive whole number, or an option that
    there is not.
    """
    if len(widths) < 2:
        raise ValueError(f"widths must be two numbers or more, as in mlp(784, 100, 10), got {widths}.")
    widths = tuple(checks.whole("each width", w) for w in widths)
    if activation not in ACTIVATIONS:
        raise ValueError(f"There is no activation {activation!r}; {checks.suggestion(activation, ACTIVATIONS)}")
    if isinstance(init, str) and init != "default" and init not in INITS:
        known = checks.suggestion(init, ["default", *INITS])
        raise ValueError(f"There is no init {init!r}; {known} Or give the gain, a positive number.")
    gain = None if isinstance(init, str) else checks.number("init", init, checks.POSITIVE)
    batch_norm, residual = checks.flag("batch_norm", batch_norm), checks.flag("residual", residual)
    with _seeded(seed):
        linear = [nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
        for layer in linear if init != "default" else ():
            nn.init.zeros_(layer.bias)
            if gain is None:
                INITS[init](layer.weight)
            else:
                nn.init.normal_(layer.weight, std=gain / layer.in_features**0.5)
    layers = []
    for layer in linear[:-1]:
        norm = [nn.BatchNorm1d(layer.out_features)] if batch_norm else []
        hidden = [layer, *norm, ACTIVATIONS[activation]()]
        around = residual and bool(layers) and layer.in_features == layer.out_features
        layers += [Skip(*hidden)] if around else hidden
    return nn.Sequential(nn.Flatten(), *layers, linear[-1])


def mlp_small(seed: int = 0) -> nn.Sequential:
    """784-100-10: 79,510 parameters, trained in seconds on a laptop."""
    return mlp(784, 100, 10, seed=seed)


def mlp_large(seed: int = 0) -> nn.Sequential:
    """784-500-256-10: 523,326 parameters."""
    return mlp(784, 500, 256, 10, seed=seed)


def mlp_deep(
    seed: int = 0,
    activation: str = "sigmoid",
    init: str | float = "default",
    batch_norm: bool = False,
    residual: bool = False,
) -> nn.Sequential:
    """784-128-128-128-128-128-10: five hidden layers, 167,818 parameters, of sigmoids unless ``activation`` says
    otherwise: a network that was published and did not learn. The arguments are those of ``mlp``."""
    options = {"activation": activation, "init": init, "batch_norm": batch_norm, "residual": residual}
    return mlp(784, *[128] * 5, 10, **options, seed=seed)


class Normalise(nn.Module):
    """Pictures (N, channels, H, W), values from 0 to 1, less ``mean`` and divided by ``std``, one of each a channel.

    In the network, so that augmentation sees plain pictures, whose black is 0, and so that pretrained weights bring
    their own.
    """

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std)[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


# Mean and standard deviation of each channel of the training pictures: of MNIST, CIFAR-10 and ImageNet.
GREY = (0.1307,), (0.3081,)
COLOUR = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Residual(nn.Module):
    """Two convolutions of 3x3, each with batch normalisation, and around them a shortcut: relu(x + f(x)).

    He and others, *Deep residual learning for image recognition* (CVPR 2016), figure 2; where the size changes, the
    shortcut is a convolution of 1x1 (their option B).
    """

    def __init__(self, channels: int, out: int, stride: int):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
        )
        change = nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
        self.shortcut = nn.Identity() if (channels, stride) == (out, 1) else nn.Sequential(*change)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.f(x) + self.shortcut(x))


def resnet8(channels: int = 3, classes: int = 10, width: int = 16, seed: int = 0) -> nn.Sequential:
    """The residual network of He and others for small pictures (2016, section 4.2), with n = 1: 8 layers.

    Takes pictures (N, ``channels``, H, W) with values from 0 to 1, gives scores (N, ``classes``). Filters: ``width``,
    twice and four times as many; 78,042 parameters as it stands. The first weights are those of ``seed``.

    Raises TypeError or ValueError for another number of channels than 1 (grey) or 3 (colours) and for bad numbers.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, got {channels!r}.")
    width, classes = checks.whole("width", width), checks.whole("classes", classes, least=2)
    with _seeded(seed):
        network = nn.Sequential(
            Normalise(*(GREY if channels == 1 else COLOUR)),
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            Residual(width, width, 1),
            Residual(width, 2 * width, 2),
            Residual(2 * width, 4 * width, 2),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4 * width, classes),
        )
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return network


def resnet18(
    pretrained: bool = False, small_images: bool = True, classes: int = 10, seed: int = 0, root: str | None = None
) -> nn.Sequential:
    """torchvision's ResNet-18 for colour pictures (N, 3, H, W) with values from 0 to 1: 11 million parameters.

    It was made for pictures of 224x224, which its first two layers make 56x56. With ``small_images`` these do not
    shrink the picture (a convolution of 3x3 with stride 1, no pooling): 32x32 stay 32x32, for 15 times the work.

    ``pretrained`` weights are ImageNet's, but for the last layer, which has ``classes`` outputs, and for the first of
    ``small_images``: these begin as ``seed`` says, as all layers do otherwise. They are read from ``root``
    (``downloads.folder``), or from where torch keeps its downloads, or are downloaded to there (45 MB).

    Raises TypeError or ValueError for bad arguments, and OSError, in a sentence that says what to do, if the weights
    could not be had.
    """
    import torchvision  # takes a second

    checks.flag("pretrained", pretrained)
    checks.flag("small_images", small_images)
    classes = checks.whole("classes", classes, least=2)
    known = weights.resnet18(root) if pretrained else {}
    with _seeded(seed):
        network = torchvision.models.resnet18(num_classes=classes)
        if small_images:
            network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
            network.maxpool = nn.Identity()
    if pretrained:
        new = {"fc.weight", "fc.bias"} | ({"conv1.weight"} if small_images else set())
        network.load_state_dict({**network.state_dict(), **{k: v for k, v in known.items() if k not in new}})
    return nn.Sequential(Normalise(*(IMAGENET if pretrained else COLOUR)), network)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Weights that are drawn meanwhile are those of ``seed``; the caller's random numbers are as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(checks.whole("seed", seed, least=0))  # the CPU's, and no GPU's
        yield
