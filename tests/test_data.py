import struct
import time

from course_utils import data

import numpy as np
import pytest
import torch


def test_mnist_5k_is_stratified_and_scaled():
    digits = data.load("mnist-5k")
    assert digits.x_train.shape == (4000, 1, 28, 28)
    assert digits.x_test.shape == (1000, 1, 28, 28)
    assert digits.y_train.bincount().tolist() == [400] * 10
    assert digits.y_test.bincount().tolist() == [100] * 10
    assert digits.x_train.dtype == torch.float32
    assert (digits.x_train.min(), digits.x_train.max()) == (0, 1)
    assert digits.y_train.dtype == torch.int64
    assert repr(digits) == "mnist-5k: 4,000 training and 1,000 test pictures (1, 28, 28), 10 classes"


def test_no_picture_is_lost_or_in_both_parts():
    digits = data.load()
    together = torch.cat([digits.x_train, digits.x_test]).flatten(1)
    other = data.load(seed=1)
    # Each picture becomes one number, its random projection; sorted, they are the same for every split.
    projection = torch.rand(784, generator=torch.Generator().manual_seed(0))
    a, b = ((t @ projection).sort().values for t in (together, torch.cat([other.x_train, other.x_test]).flatten(1)))
    assert torch.allclose(a, b)
    assert len(together) == 5000


def test_labels_belong_to_their_pictures():
    """A zero is dark in its middle, a one is bright there."""
    digits = data.load()
    middle = digits.x_train[:, 0, 12:16, 12:16].mean((1, 2))
    assert middle[digits.y_train == 0].mean() < 0.2 < 0.5 < middle[digits.y_train == 1].mean()


def test_the_split_follows_the_seed():
    assert torch.equal(data.load(seed=3).x_test, data.load(seed=3).x_test)
    assert not torch.equal(data.load(seed=3).x_test, data.load(seed=4).x_test)


def test_training_pictures_are_not_sorted_by_label():
    assert len(data.load().y_train[:50].unique()) > 5


def test_embedded_digits_load_fast_and_without_network(no_network):
    seconds = []
    for _ in range(5):
        started = time.process_time()
        data.load("mnist-5k")
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    ("name", "nearest"), [("mnist5k", "mnist-5k"), ("mnits", "mnist"), ("fashion_mnist", "fashion-mnist")]
)
def test_an_unknown_name_gets_the_nearest(name, nearest):
    with pytest.raises(ValueError, match=f"no data set '{name}'; did you mean '{nearest}'"):
        data.load(name)


def test_bad_seed():
    with pytest.raises(TypeError, match="seed must be a whole number, 0 or more, got 'x'"):
        data.load(seed="x")


def write_idx(path, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture
def folder(tmp_path):
    """A folder in torchvision's layout, with 3 training pictures and 2 for testing."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, n in (("train", 3), ("t10k", 2)):
        write_idx(raw / f"{part}-images-idx3-ubyte", np.full((n, 28, 28), 255))
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(n))
    return tmp_path


def test_mnist_is_read_from_a_folder(folder, no_network):
    mnist = data.load("mnist", root=folder)
    assert mnist.x_train.shape == (3, 1, 28, 28)
    assert mnist.x_train.unique().tolist() == [1.0]
    assert mnist.y_train.tolist() == [0, 1, 2]
    assert mnist.y_test.tolist() == [0, 1]


def test_the_environment_variable_names_the_folder(folder, no_network, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(folder))
    assert len(data.load("mnist").y_train) == 3


def test_no_network_says_so_and_offers_the_embedded_digits(tmp_path, no_network):
    with pytest.raises(OSError, match=r"mnist is not whole in .*Connect to the network.*load \"mnist-5k\""):
        data.load("mnist", root=tmp_path)


def test_a_folder_that_cannot_be_written_is_named_before_any_download(tmp_path, no_network):
    occupied = tmp_path / "file"
    occupied.write_text("", encoding="utf-8")
    with pytest.raises(OSError, match=r"root: cannot write to the folder .*file"):
        data.load("mnist", root=occupied)


@pytest.mark.parametrize("content", [b"", b"\0" * 10, b"\0" * 5000, b"<html>no such file</html>" * 9, "cut", "labels"])
def test_damaged_files_are_named(folder, no_network, content):
    images = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    labels = folder / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    if content == "labels":
        write_idx(labels, np.arange(2))  # for 3 pictures
    else:
        images.write_bytes(images.read_bytes()[:1000] if content == "cut" else content)
    with pytest.raises(OSError, match=r"mnist is not whole in .*damaged files in .*raw, delete them first"):
        data.load("mnist", root=folder)
