"""The residual networks: shapes, seeds, what they are equal to, and pretrained weights."""

from pathlib import Path

from course_utils import models, weights

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("make", "shape", "count"),
    [
        (models.resnet8, (3, 32, 32), 78_042),
        (lambda: models.resnet8(channels=1), (1, 28, 28), 77_754),
        (lambda: models.resnet8(width=8, classes=3), (3, 32, 32), 19_723),
        (models.resnet18, (3, 32, 32), 11_173_962),
        (lambda: models.resnet18(small_images=False), (3, 32, 32), 11_181_642),
        (lambda: models.resnet18(classes=100), (3, 32, 32), 11_173_962 + 90 * 513),
    ],
)
def test_shapes_and_parameters(make, shape, count):
    model = make()
    assert parameters(model) == count
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    assert model(torch.rand(2, *shape)).shape == (2, last.out_features)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert all(c.bias is None for c in convolutions)  # batch normalisation follows, and has one


def test_resnet18_is_torchvision_s():
    """The same function of the same weights, but for the scale of the pictures."""
    ours = models.resnet18(small_images=False, seed=3).eval()
    theirs = torchvision.models.resnet18(num_classes=10).eval()
    theirs.load_state_dict(ours[1].state_dict())
    x = torch.rand(2, 3, 32, 32)
    mean, std = (torch.tensor(v)[:, None, None] for v in models.COLOUR)
    torch.testing.assert_close(ours(x), theirs((x - mean) / std))


def test_small_images_keep_their_size_until_the_first_stride():
    sizes = []
    for model in (models.resnet18(), models.resnet18(small_images=False)):
        model[1].layer1.register_forward_hook(lambda m, x, y: sizes.append(tuple(y.shape[2:])))
        model(torch.rand(2, 3, 32, 32))
    assert sizes == [(32, 32), (8, 8)]


def test_a_residual_block_adds_what_comes_in():
    block = models.Residual(4, 4, 1)
    x = torch.rand(2, 4, 6, 6)
    nn.init.zeros_(block.f[-1].weight)  # then f is 0
    assert torch.equal(block(x), x)
    smaller = models.Residual(4, 8, 2)
    nn.init.zeros_(smaller.f[-1].weight)
    assert torch.equal(smaller(x), F.relu(smaller.shortcut(x)))


@pytest.mark.parametrize("make", [models.resnet8, models.resnet18])
def test_seeds(make):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = (nn.utils.parameters_to_vector(make(seed=s).parameters()) for s in (1, 1, 2))
    assert torch.rand(1) == expected
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: models.resnet8(channels=2), ValueError, "channels must be 1 or 3, got 2"),
        (lambda: models.resnet8(width=0), ValueError, "width must be"),
        (lambda: models.resnet18(classes=1), ValueError, "classes must be"),
        (lambda: models.resnet18(pretrained="yes"), TypeError, "pretrained must be"),
        (lambda: models.resnet18(small_images=1), TypeError, "small_images must be"),
        (lambda: models.resnet18(seed=-1), ValueError, "seed must be"),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """A file such as torchvision's, of other numbers."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    known = torchvision.models.resnet18().state_dict()
    torch.save(known, folder / "resnet18-f37072fd.pth")
    return folder, known


@pytest.mark.parametrize("small_images", [False, True])
def test_pretrained_weights_are_taken_wherever_they_fit(imagenet, no_network, small_images):
    folder, known = imagenet
    model = models.resnet18(pretrained=True, small_images=small_images, root=str(folder))
    new = {"fc.weight", "fc.bias"} | ({"conv1.weight"} if small_images else set())
    for name, value in model[1].state_dict().items():
        assert (name in new) != torch.equal(value, known[name])
    torch.testing.assert_close(model[0].mean.flatten(), torch.tensor(models.IMAGENET[0]))
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_pretrained_weights_that_cannot_be_had_are_told(tmp_path, no_network, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    with pytest.raises(OSError, match=r"pretrained: resnet18-f37072fd.pth is not in .* download.pytorch.org could not"):
        models.resnet18(pretrained=True, root=str(tmp_path))


@pytest.mark.parametrize("place", ["root", "hub"])
@pytest.mark.parametrize("damage", ["empty", "text", "cut off", "others"])
def test_damaged_weights_are_named_wherever_they_are(imagenet, tmp_path, no_network, monkeypatch, place, damage):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = {"root": tmp_path / "mine", "hub": tmp_path / "hub" / "checkpoints"}[place]
    folder.mkdir(parents=True)
    file = folder / "resnet18-f37072fd.pth"
    whole = (imagenet[0] / file.name).read_bytes()
    file.write_bytes({"empty": b"", "text": b"not weights", "cut off": whole[:100_000], "others": b""}[damage])
    if damage == "others":
        torch.save(nn.Linear(2, 2).state_dict(), file)
    with pytest.raises(OSError, match=r"pretrained: .*resnet18-f37072fd.pth is damaged .*Delete it, or get it again"):
        models.resnet18(pretrained=True, root=str(tmp_path / "mine"))
    assert file.exists()


def test_pretrained_weights_are_found_where_torch_keeps_them(imagenet, tmp_path, no_network, monkeypatch):
    folder, known = imagenet
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    kept = Path(tmp_path, "hub", "checkpoints")
    kept.mkdir(parents=True)
    (kept / "resnet18-f37072fd.pth").write_bytes((folder / "resnet18-f37072fd.pth").read_bytes())
    found = weights.resnet18(tmp_path)
    assert torch.equal(found["conv1.weight"], known["conv1.weight"])
