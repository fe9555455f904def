import contextlib
import errno
import gzip
import hashlib
import io
import os
import pickle
import socket
import struct
import subprocess
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from course_utils import augment, data, downloads

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image


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


def test_what_is_present_is_known_without_a_download(folder, no_network):
    assert data.present("mnist-5k")
    assert data.present("mnist", root=folder)
    assert not data.present("fashion-mnist", root=folder)
    with pytest.raises(ValueError, match="There is no data set 'mnits'"):
        data.present("mnits")


def test_classes_are_kept_by_name_or_number_and_numbered_anew():
    whole = data.load()
    for classes in ([7, 1], ["7", "1"]):
        two = data.load(classes=classes)
        assert two.classes == ("7", "1")
        assert torch.equal(two.x_test[two.y_test == 0], whole.x_test[whole.y_test == 7])
        assert torch.equal(two.x_train[two.y_train == 1], whole.x_train[whole.y_train == 1])
        assert two.y_train.bincount().tolist() == [400, 400]


def test_a_fraction_and_a_validation_part_keep_each_class_s_share():
    some = data.load(fraction=0.5, validation=0.2, seed=4)
    assert some.y_train.bincount().tolist() == [160] * 10
    assert some.y_val.bincount().tolist() == [40] * 10
    assert some.y_test.bincount().tolist() == [100] * 10
    assert repr(some) == "mnist-5k: 1,600 training, 400 validation and 1,000 test pictures (1, 28, 28), 10 classes"
    projection = torch.rand(784, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    train, val, test, whole = (
        set((x.flatten(1).double() @ projection).tolist())
        for x in (some.x_train, some.x_val, some.x_test, data.load(seed=4).x_train)
    )
    assert len(train) == 1600
    assert not train & val
    assert not (train | val) & test
    assert train | val < whole


def test_the_validation_part_is_scikit_learns_own_split():
    from sklearn.model_selection import train_test_split

    whole, some = data.load(), data.load(validation=0.25)
    train, val = train_test_split(
        np.arange(4000), train_size=1000, test_size=3000, stratify=whole.y_train, random_state=0
    )[::-1]
    assert torch.equal(some.y_val, whole.y_train[val])
    assert torch.equal(some.x_train, whole.x_train[train])


def test_held_out_is_validation_if_there_is_any():
    name, x, _ = data.load(validation=0.2).held_out
    assert (name, len(x)) == ("val", 800)
    name, x, _ = data.load().held_out
    assert (name, len(x)) == ("test", 1000)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fraction": 0}, "fraction must be a number above 0, up to 1, got 0"),
        ({"fraction": 1.5}, "fraction must be a number above 0, up to 1, got 1.5"),
        ({"fraction": 0.001}, "fraction must leave a picture of each class on both sides, got 0.001 of 4,000"),
        ({"validation": 1}, "validation must be a number from 0 to 1, 1 excluded, got 1"),
        ({"validation": 0.9999}, "validation must leave a picture of each class on both sides"),
        ({"classes": [3]}, r"classes must be two classes or more, each once, such as \[0, 1\], got \[3\]"),
        ({"classes": [3, 3]}, "classes must be two classes or more, each once"),
        ({"classes": 5}, "classes must be two classes or more, each once"),
        ({"classes": ["3", 3]}, "classes must be two classes or more, each once"),
        ({"classes": [0, True]}, "classes: mnist-5k has no True"),
        ({"classes": "01"}, "classes must be two classes or more, each once"),
        ({"classes": [0, 10]}, "classes: mnist-5k has no 10; known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
    ],
)
def test_bad_subsets_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        data.load(**wrong)


# Downloads: a server of our own, which has a small MNIST, and can be as unkind as the real ones.


def small_mnist():
    """The four files of a data set of 3 + 2 pictures, packed: name -> bytes."""
    files = {}
    for part, n in (("train", 3), ("t10k", 2)):
        for kind, array in (("images-idx3", np.full((n, 28, 28), 255)), ("labels-idx1", np.arange(n))):
            header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            files[f"{part}-{kind}-ubyte.gz"] = gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)
    return files


def small_cifar():
    """CIFAR-10 as its makers pack it, with one picture a batch, and the checksums that torchvision looks for."""
    dataset = torchvision.datasets.CIFAR10
    buffer, sums = io.BytesIO(), {}
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        names = [name for name, _ in dataset.train_list + dataset.test_list]
        entries = {name: {"data": np.full((1, 3072), i, np.uint8), "labels": [i]} for i, name in enumerate(names)}
        entries["batches.meta"] = {"label_names": list("abcdefghij")}
        for name, entry in entries.items():
            content = pickle.dumps(entry)
            sums[name] = hashlib.md5(content).hexdigest()
            info = tarfile.TarInfo(f"{dataset.base_folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue(), sums


class Host:
    """Serves ``files``, {name: bytes}; ``mood`` is a status to answer with, or "cut", "wrong", "silent" or "kind"."""

    def __init__(self, files):
        self.files, self.mood, self.asked = files, "kind", []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                host.asked.append(self.path)
                if isinstance(host.mood, int):
                    self.send_error(host.mood)
                    return
                if host.mood == "silent":
                    host.released.wait(20)
                    return
                content = host.files[self.path.rpartition("/")[2]]
                if host.mood == "wrong":
                    content = b"<html>Please log in</html>"
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if body:
                    self.wfile.write(content[: len(content) // 2] if host.mood == "cut" else content)

            def log_message(self, *args):
                pass

        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def host(monkeypatch):
    files = small_mnist()
    host = Host(files)
    sums = [(name, hashlib.md5(content).hexdigest()) for name, content in files.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [host.url])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", sums)
    yield host
    host.close()


def left(folder):
    """Whatever is in the folder."""
    return sorted(path.name for path in folder.rglob("*"))


def test_mnist_is_downloaded_once(host, tmp_path, no_progress):
    for _ in range(2):
        assert data.load("mnist", root=tmp_path / "new").y_train.tolist() == [0, 1, 2]
    assert len(host.asked) == 2 * 4  # a HEAD and a GET for each file
    assert left(tmp_path) == sorted(["new", "MNIST", "raw", *(name.removesuffix(".gz") for name in host.files)])


@pytest.fixture
def no_progress(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


FAULTS = {
    403: r"answered 403 \(Forbidden\)",
    500: r"answered 500 \(Internal Server Error\)",
    "cut": r"sent something else, or not all of it \(the checksum is wrong\)",
    "wrong": r"sent something else, or not all of it \(the checksum is wrong\)",
    "silent": "did not answer for 0.2 seconds",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("existing", [True, False])
def test_a_host_that_refuses_is_told_in_a_sentence_and_leaves_nothing(
    host, tmp_path, monkeypatch, fault, existing, no_progress
):
    root = tmp_path if existing else tmp_path / "a" / "b"
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    host.mood = fault
    with pytest.raises(
        OSError, match=rf"mnist is not whole in .* could not be downloaded: 127.0.0.1:\d+ {FAULTS[fault]}"
    ):
        data.load("mnist", root=root)
    assert left(tmp_path) == []
    assert socket.getdefaulttimeout() is None
    host.mood = "kind"
    host.released.set()
    assert len(data.load("mnist", root=root).y_train) == 3  # the second try


def test_the_sentence_offers_the_embedded_digits(host, tmp_path):
    host.mood = 403
    with pytest.raises(OSError, match=r'Try again later or in another network, .* or load "mnist-5k", which'):
        data.load("mnist", root=tmp_path)


def test_an_old_half_download_is_swept(host, tmp_path, no_progress):
    """What a program that was killed has left; that of one that may still be running stays."""
    old, new = (tmp_path / f".download-{age}" for age in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (0, 0))
    data.load("mnist", root=tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_fashion_mnist_has_a_folder_of_its_own(folder, no_network):
    (folder / "MNIST").rename(folder / "FashionMNIST")
    assert data.load("fashion-mnist", root=folder).classes[0] == "T-shirt/top"


def test_the_next_mirror_is_asked(host, tmp_path, monkeypatch, no_progress):
    refuses = Host(host.files)
    refuses.mood = 403
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [refuses.url, host.url])
    assert len(data.load("mnist", root=tmp_path).y_train) == 3
    assert refuses.asked
    refuses.close()


def test_a_file_that_comes_late_leaves_none_of_the_earlier_ones(host, tmp_path, no_progress):
    """The last of four files fails."""
    del host.files["t10k-labels-idx1-ubyte.gz"]
    with pytest.raises(OSError, match="broke the connection off"):
        data.load("mnist", root=tmp_path)
    assert len(host.asked) > 6
    assert left(tmp_path) == []


def test_no_network_says_so(tmp_path, no_network):
    with pytest.raises(OSError, match=r"mnist is not whole in .*could not be reached \(no network in this test\)"):
        data.load("mnist", root=tmp_path)
    assert left(tmp_path) == []


def test_a_closed_door_says_so(host, tmp_path):
    host.close()
    with pytest.raises(OSError, match=r"could not be reached \(Connection refused\)"):
        data.load("mnist", root=tmp_path)
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named_before_any_download(tmp_path, host):
    occupied = tmp_path / "file"
    occupied.write_text("", encoding="utf-8")
    for root in (occupied, occupied / "below"):
        with pytest.raises(OSError, match=r"root: cannot write to the folder .*file.* \(.*\)\. Use another, or load"):
            data.load("mnist", root=root)
    assert not host.asked


@contextlib.contextmanager
def mounted(folder, options):
    """A file system of its own at the folder; the test is skipped where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        done = False
    if not done:
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_folder(tmp_path, host):
    sentence = r"root: cannot write to the folder .* \(Read-only file system\)"
    with mounted(tmp_path, "ro"), pytest.raises(OSError, match=sentence):
        data.load("mnist", root=tmp_path)
    assert not host.asked


def test_a_full_disk(tmp_path, host, no_progress):
    host.files["train-images-idx3-ubyte.gz"] += os.urandom(500_000)
    with mounted(tmp_path, "size=200k"):
        with pytest.raises(OSError, match=r"the disk is full\. It takes about 66 MB: make room, name another folder"):
            data.load("mnist", root=tmp_path)
        assert left(tmp_path) == []


def test_a_full_disk_as_the_system_tells_it(tmp_path, host, monkeypatch):
    """The same without a file system of its own."""

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", full)
    with pytest.raises(OSError, match="the disk is full"):
        data.load("mnist", root=tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"\0" * 10, b"\0" * 5000, b"<html>no such file</html>" * 9, "cut", "labels"])
def test_damaged_files_are_told_and_healed_by_a_download(folder, host, content, no_progress):
    images = folder / "MNIST" / "raw" / "train-images-idx3-ubyte"
    labels = folder / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    if content == "labels":
        write_idx(labels, np.arange(2))  # for 3 pictures
    else:
        images.write_bytes(images.read_bytes()[:1000] if content == "cut" else content)
    host.mood = 403
    before = {path: path.read_bytes() for path in (images, labels)}
    with pytest.raises(OSError, match=r"mnist is not whole in .*put its files there yourself"):
        data.load("mnist", root=folder)
    assert {path: path.read_bytes() for path in before} == before
    host.mood = "kind"
    assert data.load("mnist", root=folder).y_train.tolist() == [0, 1, 2]


# CIFAR-10: its makers' archive, and pictures.


def test_cifar10_is_downloaded_and_read(tmp_path, monkeypatch, no_progress):
    archive, sums = small_cifar()
    host = Host({"cifar.tar.gz": archive})
    dataset = torchvision.datasets.CIFAR10
    monkeypatch.setattr(dataset, "url", host.url + "cifar.tar.gz")
    monkeypatch.setattr(dataset, "tgz_md5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(dataset, "meta", dataset.meta | {"md5": sums["batches.meta"]})
    for part in ("train_list", "test_list"):
        monkeypatch.setattr(dataset, part, [[name, sums[name]] for name, _ in getattr(dataset, part)])
    for _ in range(2):
        cifar = data.load("cifar10", root=tmp_path)
        assert cifar.x_train.shape == (5, 3, 32, 32)
        assert (255 * cifar.x_train[:, 0, 0, 0]).round().tolist() == [0, 1, 2, 3, 4]
        assert (cifar.y_train.tolist(), cifar.y_test.tolist()) == ([0, 1, 2, 3, 4], [5])
        assert cifar.classes == tuple("abcdefghij")
    assert len(host.asked) == 2
    host.close()


COLOURS = {"cat": (255, 0, 0), "dog": (0, 255, 51)}


def pictures(folder, size=32):
    """2 training and 1 test picture of each class, as PNG."""
    for part, n in (("train", 2), ("test", 1)):
        for label, colour in COLOURS.items():
            (folder / part / label).mkdir(parents=True)
            for i in range(n):
                Image.new("RGB", (size, size), colour).save(folder / part / label / f"{i}.png")


def packed(folder, target):
    files = [path for path in folder.rglob("*") if path.is_file()]
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w") as archive:
            for path in files:
                archive.write(path, f"top/{path.relative_to(folder)}")
    elif target.suffix == ".npz":
        content = [path.read_bytes() for path in files]
        np.savez(
            target,
            jpeg=np.frombuffer(b"".join(content), np.uint8),
            offset=np.cumsum([0, *map(len, content)]),
            label=np.array([sorted(COLOURS).index(path.parent.name) for path in files], np.uint8),
            train=np.array([path.parent.parent.name == "train" for path in files]),
            classes=np.array(sorted(COLOURS)),
        )
    else:
        with tarfile.open(target, "w:gz") as archive:
            archive.add(folder, "top")


@pytest.mark.parametrize("form", ["folder", "root", ".zip", ".tar.gz", ".npz", "file.zip"])
def test_cifar10_from_pictures(tmp_path, no_network, form):
    root = tmp_path / "root"
    target = root / "CIFAR10" / f"all{form}"
    target.parent.mkdir(parents=True)
    if form == "folder":
        pictures(root / "CIFAR10")
    elif form == "root":
        pictures(root)
    else:
        pictures(tmp_path / "made")
        if form == "file.zip":
            target = root = tmp_path / "file.zip"
        packed(tmp_path / "made", target)
    assert data.present("cifar10", root=root)
    cifar = data.load("cifar10", root=root)
    assert cifar.classes == ("cat", "dog")
    assert (cifar.x_train.shape, cifar.x_test.shape) == ((4, 3, 32, 32), (2, 3, 32, 32))
    for x, y in ((cifar.x_train, cifar.y_train), (cifar.x_test, cifar.y_test)):
        for label, colour in enumerate(COLOURS.values()):
            assert (y == label).any()
            assert torch.allclose(255 * x[y == label], torch.tensor(colour, dtype=torch.float32).reshape(3, 1, 1))


def test_what_a_mac_adds_to_an_archive_is_no_picture(tmp_path, no_network):
    pictures(tmp_path / "made")
    for name in ("._0.png", "__MACOSX/train/cat/0.png"):
        extra = tmp_path / "made" / "train" / "cat" / name
        extra.parent.mkdir(parents=True, exist_ok=True)
        extra.write_bytes(b"no picture")
    (tmp_path / "CIFAR10").mkdir()
    packed(tmp_path / "made", tmp_path / "CIFAR10" / "all.zip")
    assert len(data.load("cifar10", root=tmp_path).y_train) == 4


@pytest.mark.parametrize("fault", ["cut.zip", "cut.tar.gz", "cut.npz", "picture", "size", "part"])
def test_damaged_pictures_are_named(tmp_path, no_network, fault):
    place = tmp_path / "CIFAR10"
    pictures(place, size=28 if fault == "size" else 32)
    expected = {"picture": r"train/cat/0.png in .* is damaged", "size": r"\.png in .* must be 32x32, got 28x28"}
    if fault == "picture":
        (place / "train" / "cat" / "0.png").write_bytes(b"\x89PNG")
    if fault == "part":
        for path in (place / "test").rglob("*.png"):
            path.unlink()
        expected["part"] = "has no pictures such as test/cat/1.png"
    if fault.startswith("cut"):
        place.rename(tmp_path / "made")
        place.mkdir()
        packed(tmp_path / "made", place / fault)
        content = (place / fault).read_bytes()
        (place / fault).write_bytes(content[: len(content) // 2])
    with pytest.raises(OSError, match=rf"cifar10: .*{expected.get(fault, 'is damaged')}.*"):
        data.load("cifar10", root=tmp_path)


# Augmentation


def test_flip_mirrors_about_half_of_the_pictures_and_changes_nothing_else():
    torch.manual_seed(0)
    x = torch.rand(1000, 3, 4, 5)
    y = augment.random_flip(x)
    same, mirrored = (torch.isclose(y, other).flatten(1).all(1) for other in (x, x.flip(-1)))
    assert (same ^ mirrored).all()
    assert 430 < mirrored.sum() < 570


def test_crop_moves_each_picture_on_its_own_and_fills_with_black():
    torch.manual_seed(0)
    x = 1 + torch.rand(500, 2, 6, 7)
    y = augment.random_crop(x, padding=2)
    padded = torch.nn.functional.pad(x, (2,) * 4)
    moves = []
    for picture, around in zip(y, padded, strict=True):
        fits = [(i, j) for i in range(5) for j in range(5) if torch.equal(picture, around[:, i : i + 6, j : j + 7])]
        assert len(fits) == 1
        moves += fits
    assert len(set(moves)) == 25
