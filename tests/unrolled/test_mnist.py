"""MNIST's files whole and damaged, and its download from a server that misbehaves on request."""

import gzip
import hashlib
import os
import socket
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from unrolled import mnist

REAL_FOLDER = os.environ.get("UNROLLED_DATA")
IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = mnist.SHA256


def idx_bytes(array):
    """The format written out by hand: the tests' own encoder."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture(autouse=True)
def cut_off(monkeypatch, tmp_path):
    """Keep each test away from the user's data, cache and network; return the cache's folder."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for name in ("UNROLLED_DATA", "UNROLLED_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "MIRRORS", (f"http://127.0.0.1:{port}/closed",))
    monkeypatch.setattr(mnist.platformdirs, "user_cache_dir", lambda name: tmp_path / "c" / name)
    return tmp_path / "c" / "unrolled" / "mnist"


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    return {
        IMAGES: rng.integers(0, 256, (12, 28, 28), dtype=np.uint8),
        LABELS: rng.integers(0, 10, 12, dtype=np.uint8),
        TEST_IMAGES: rng.integers(0, 256, (5, 28, 28), dtype=np.uint8),
        TEST_LABELS: rng.integers(0, 10, 5, dtype=np.uint8),
    }


@pytest.fixture
def contents(arrays, monkeypatch):
    """A small MNIST as raw bytes, its checksums in place of the real ones."""
    contents = {name: idx_bytes(array) for name, array in arrays.items()}
    digests = {name: hashlib.sha256(raw).hexdigest() for name, raw in contents.items()}
    monkeypatch.setattr(mnist, "SHA256", digests)
    monkeypatch.setattr(mnist, "VALIDATION_SIZE", 3)
    monkeypatch.setattr(mnist, "CHUNK", 256)
    return contents


def write(folder, contents, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in contents.items():
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(raw) if suffix else raw)
    return folder


def refusal(function, *arguments, error=ValueError, naming):
    """The sentence of an error: one line, one full stop at its end, the file's name in it."""
    with pytest.raises(error) as caught:
        function(*arguments)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert naming in sentence
    return sentence


# Reading


@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6)),
    st.sampled_from(["", ".gz"]),
    st.booleans(),
)
def test_idx_round_trip_whatever_the_name_says(array, suffix, gzipped):
    raw = idx_bytes(array)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{suffix}"
        path.write_bytes(gzip.compress(raw) if gzipped else raw)
        read = mnist.read_idx(path)
    assert read.dtype == np.uint8
    assert read.flags.writeable
    np.testing.assert_array_equal(read, array)
    assert read.shape == array.shape


@given(st.data(), st.booleans())
def test_a_truncated_file_is_named(data, gzipped):
    raw = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    content = gzip.compress(raw) if gzipped else raw
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut-images"
        path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
        refusal(mnist.read_idx, path, naming=str(path))


def test_a_truncated_file_tells_both_sizes(tmp_path):
    path = tmp_path / "short"
    path.write_bytes(idx_bytes(np.zeros((2, 3), np.uint8))[:-1])
    sentence = refusal(mnist.read_idx, path, naming="short")
    assert "expected 18 bytes, got 17" in sentence


def test_an_over_long_file_is_refused(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(idx_bytes(np.zeros((2, 3), np.uint8)) + b"\0")
    assert "expected 18 bytes, got 19" in refusal(mnist.read_idx, path, naming="long")


def test_a_header_of_absurd_size_is_refused(tmp_path):
    path = tmp_path / "huge"
    path.write_bytes(bytes([0, 0, 8, 3]) + b"\xff" * 12)  # the product overflows 64 bits
    assert f"expected {16 + (2**32 - 1) ** 3} bytes" in refusal(mnist.read_idx, path, naming="huge")


@pytest.mark.parametrize(
    ("content", "came"),
    [
        (b"<html>not found</html>", "3c 68 74"),
        (bytes([0, 0, 13, 1]) + bytes(8), "00 00 0d"),  # float elements
        (bytes([8, 1, 0, 0]) + bytes(8), "08 01 00"),  # the other byte order
        (b"", "nothing"),
    ],
)
def test_a_wrong_magic_number_is_shown(tmp_path, content, came):
    path = tmp_path / "strange"
    path.write_bytes(content)
    assert refusal(mnist.read_idx, path, naming="strange").endswith(f"00 00 08, got {came}.")


def test_damaged_gzip_is_refused(tmp_path):
    path = tmp_path / "torn.gz"
    path.write_bytes(mnist.GZIP_MAGIC + b"no gzip at all")
    assert "expected an intact gzip file" in refusal(mnist.read_idx, path, naming="torn.gz")


# A folder


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_a_whole_folder_is_found_and_split(tmp_path, monkeypatch, contents, arrays, suffix):
    folder = write(tmp_path / "data", contents, suffix)
    monkeypatch.setenv("UNROLLED_DATA", str(folder))
    source = mnist.find()
    assert source[:3] == ("real", folder, True)
    assert str(folder) in source.message
    data = mnist.load()
    assert data.source == source
    np.testing.assert_array_equal(data.train.images, arrays[IMAGES][:9])
    np.testing.assert_array_equal(data.train.labels, arrays[LABELS][:9])
    np.testing.assert_array_equal(data.validation.images, arrays[IMAGES][9:])
    np.testing.assert_array_equal(data.validation.labels, arrays[LABELS][9:])
    np.testing.assert_array_equal(data.test.images, arrays[TEST_IMAGES])
    np.testing.assert_array_equal(data.test.labels, arrays[TEST_LABELS])


def test_an_argument_goes_before_the_variable(tmp_path, monkeypatch, contents):
    folder = write(tmp_path / "data", contents)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "elsewhere"))
    assert mnist.find(folder).folder == folder


@pytest.mark.parametrize("missing", mnist.SHA256)
def test_a_named_folder_that_lacks_a_file_is_an_error(tmp_path, monkeypatch, contents, missing):
    folder = write(tmp_path / "data", contents)
    (folder / f"{missing}.gz").rename(folder / "renamed.gz")
    monkeypatch.setenv("UNROLLED_DATA", str(folder))
    assert str(folder) in refusal(mnist.find, error=FileNotFoundError, naming=missing)


def test_a_named_folder_that_does_not_exist_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "nowhere"))
    refusal(mnist.find, error=FileNotFoundError, naming="nowhere")


def test_exchanged_names_are_seen_through(tmp_path, contents):
    folder = write(tmp_path / "data", contents)
    images, labels = folder / f"{IMAGES}.gz", folder / f"{TEST_IMAGES}.gz"
    images.rename(folder / "between")
    labels.rename(images)
    (folder / "between").rename(labels)
    sentence = refusal(mnist.find, folder, naming=str(images))
    assert f"expected {IMAGES}, got the content of {TEST_IMAGES}" in sentence


def test_a_truncated_file_in_a_folder_tells_both_sizes(tmp_path, contents):
    folder = write(tmp_path / "data", contents, suffix="")
    (folder / LABELS).write_bytes(contents[LABELS][:-3])
    assert "expected 20 bytes, got 17" in refusal(mnist.find, folder, naming=str(folder / LABELS))


@pytest.mark.parametrize("byte", [0, 2, 3, 7, 8, 16, 900, -1])
@pytest.mark.parametrize("damaged", [IMAGES, TEST_LABELS])
def test_one_flipped_bit_is_an_error(tmp_path, contents, damaged, byte):
    folder = write(tmp_path / "data", contents, suffix="")
    raw = bytearray(contents[damaged])
    raw[min(byte, len(raw) - 1)] ^= 0x10
    (folder / damaged).write_bytes(raw)
    refusal(mnist.find, folder, naming=str(folder / damaged))


@given(st.data())
def test_a_bit_flipped_in_gzip_never_alters_what_is_read(data):
    array = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    content = bytearray(gzip.compress(idx_bytes(array)))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flipped.gz"
        path.write_bytes(content)
        try:
            read = mnist.read_idx(path)
        except ValueError:
            refusal(mnist.read_idx, path, naming=str(path))
        else:  # gzip's header holds bits that the content does not depend on
            np.testing.assert_array_equal(read, array)


# Binarising


def test_binarise_compares_the_share_of_white():
    images = np.array([[[0, 25, 26, 255]]], dtype=np.uint8)
    rows = mnist.binarise(images)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[[0, 0, 1, 1]]]
    assert mnist.binarise(images, threshold=0).tolist() == [[[0, 1, 1, 1]]]
    # 51/255 is 0.2, and not above it.
    assert mnist.binarise(np.array([50, 51, 52], np.uint8), 0.2).tolist() == [0, 0, 1]


def test_binarise_refuses_scaled_images_and_strange_thresholds():
    with pytest.raises(ValueError, match=r"^images: expected uint8 .*got float32$"):
        mnist.binarise(np.zeros((1, 28, 28), np.float32))
    with pytest.raises(ValueError, match=r"^threshold: .*got 25$"):
        mnist.binarise(np.zeros((1, 28, 28), np.uint8), threshold=25)


# Downloading


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files`; the other attributes say how it misbehaves."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, name = self.server, self.path.rsplit("/", 1)[-1]
        asked = self.headers.get("Range") if server.knows_ranges else None
        server.requests.append((name, asked))
        server.paths.append(self.path)
        server.encodings.add(self.headers.get("Accept-Encoding"))
        body = server.files.get(name)
        if body is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start >= len(body):
            self.send_error(416)
            return
        rest = body[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if server.cuts.get(name, 0) > 0:
            server.cuts[name] -= 1
            rest = rest[: len(rest) // 2]
            self.close_connection = True
        self.wfile.write(rest)

    def log_message(self, format, *arguments):
        """Keep the test's output clean."""


@pytest.fixture
def serve():
    """Start servers on demand and stop them afterwards."""
    servers = []

    def start(files, knows_ranges=True, cuts=()):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.files, server.knows_ranges, server.cuts = dict(files), knows_ranges, dict(cuts)
        server.requests, server.paths, server.encodings = [], [], set()
        server.url = f"http://127.0.0.1:{server.server_port}/mnist/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def gzipped(contents):
    return {f"{name}.gz": gzip.compress(raw) for name, raw in contents.items()}


def listing(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_download_fetches_each_file_once(tmp_path, serve, gzipped, capsys):
    server = serve(gzipped)
    folder = mnist.download(tmp_path / "new" / "mnist", [server.url])
    assert folder == tmp_path / "new" / "mnist"
    assert listing(folder) == sorted(gzipped)
    assert all((folder / name).read_bytes() == body for name, body in gzipped.items())
    assert server.requests == [(name, None) for name in gzipped]
    assert server.paths == [f"/mnist/{name}" for name in gzipped]
    assert server.encodings == {"identity"}
    bars = capsys.readouterr().err
    assert all(f"{name}: 100%" in bars for name in gzipped)
    mnist.download(folder, [server.url])
    assert len(server.requests) == 4


def test_download_is_quiet_on_request(tmp_path, serve, gzipped, capsys):
    mnist.download(tmp_path, [serve(gzipped).url], progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_broken_connection_is_resumed(tmp_path, serve, gzipped):
    name = f"{IMAGES}.gz"
    server = serve(gzipped, cuts={name: 2})
    mnist.download(tmp_path, [server.url], progress=False)
    assert listing(tmp_path) == sorted(gzipped)
    assert (tmp_path / name).read_bytes() == gzipped[name]
    starts = [asked for asked_name, asked in server.requests if asked_name == name]
    assert starts[0] is None
    first, second = (int(asked.strip("bytes=-")) for asked in starts[1:])
    half = len(gzipped[name]) // 2
    assert half - mnist.CHUNK <= first <= half < second < len(gzipped[name])


def test_what_an_earlier_call_left_is_resumed(tmp_path, serve, gzipped, capsys):
    name = f"{IMAGES}.gz"
    (tmp_path / f"{name}.part").write_bytes(gzipped[name][:1000])
    server = serve(gzipped)
    mnist.download(tmp_path, [server.url])
    assert server.requests[0] == (name, "bytes=1000-")
    assert f"{name}: 100%" in capsys.readouterr().err  # the bar counts the bytes already here
    assert (tmp_path / name).read_bytes() == gzipped[name]


def test_a_cut_that_no_mirror_mends_keeps_its_bytes_for_the_next_call(tmp_path, serve, gzipped):
    name = f"{IMAGES}.gz"
    broken = serve(gzipped, cuts={name: 99})
    sentence = refusal(
        lambda: mnist.download(tmp_path, [broken.url], progress=False),
        error=ConnectionError,
        naming=name,
    )
    assert sentence.count(f"127.0.0.1:{broken.server_port} broke off") == 1
    assert 1 < len(broken.requests) <= mnist.ATTEMPTS
    assert listing(tmp_path) == [f"{name}.part"]
    kept = (tmp_path / f"{name}.part").stat().st_size
    assert kept > 0
    whole = serve(gzipped)
    mnist.download(tmp_path, [whole.url], progress=False)
    assert whole.requests[0] == (name, f"bytes={kept}-")
    assert listing(tmp_path) == sorted(gzipped)


def test_a_complete_part_needs_no_more_bytes(tmp_path, serve, gzipped):
    name = f"{IMAGES}.gz"
    (tmp_path / f"{name}.part").write_bytes(gzipped[name])
    server = serve(gzipped)
    mnist.download(tmp_path, [server.url], progress=False)
    assert [asked for asked_name, asked in server.requests if asked_name == name] == [
        f"bytes={len(gzipped[name])}-"
    ]
    assert (tmp_path / name).read_bytes() == gzipped[name]


def test_a_server_without_ranges_sends_the_whole_again(tmp_path, serve, gzipped):
    name = f"{IMAGES}.gz"
    (tmp_path / f"{name}.part").write_bytes(b"x" * 1000)
    server = serve(gzipped, knows_ranges=False)
    mnist.download(tmp_path, [server.url], progress=False)
    assert server.requests == [(each, None) for each in gzipped]
    assert (tmp_path / name).read_bytes() == gzipped[name]


def test_a_spoilt_part_is_thrown_away(tmp_path, serve, gzipped):
    name = f"{IMAGES}.gz"
    (tmp_path / f"{name}.part").write_bytes(b"x" * 1000)
    server = serve(gzipped)
    mnist.download(tmp_path, [server.url], progress=False)
    assert [asked for asked_name, asked in server.requests if asked_name == name] == [
        "bytes=1000-",
        None,
    ]
    assert (tmp_path / name).read_bytes() == gzipped[name]


@pytest.mark.parametrize(
    "wrong", [b"<html>", gzip.compress(b"other"), b""], ids=["a page", "other bytes", "nothing"]
)
def test_a_wrong_checksum_leaves_nothing_behind(tmp_path, serve, gzipped, wrong):
    name = f"{LABELS}.gz"
    server = serve(gzipped | {name: wrong})
    sentence = refusal(
        lambda: mnist.download(tmp_path, [server.url], progress=False),
        error=ConnectionError,
        naming=name,
    )
    assert f"127.0.0.1:{server.server_port}" in sentence
    assert listing(tmp_path) == [f"{IMAGES}.gz"]


def test_mirrors_are_tried_in_turn(tmp_path, serve, gzipped):
    empty, wrong = serve({}), serve(dict.fromkeys(gzipped, gzip.compress(b"other")))
    right, never = serve(gzipped), serve(gzipped)
    mirrors = [*mnist.MIRRORS, empty.url, wrong.url, right.url.rstrip("/"), never.url]
    mnist.download(tmp_path, mirrors, progress=False)
    assert listing(tmp_path) == sorted(gzipped)
    assert len(empty.requests) == len(wrong.requests) == 1  # a mirror that delivers goes first
    assert len(right.requests) == 4
    assert never.requests == []


def test_every_mirror_is_told_of_once(tmp_path, serve, gzipped):
    empty = serve({})
    sentence = refusal(
        lambda: mnist.download(tmp_path, [empty.url, *mnist.MIRRORS], progress=False),
        error=ConnectionError,
        naming=f"{IMAGES}.gz",
    )
    assert f"127.0.0.1:{empty.server_port} answered 404; 127.0.0.1:" in sentence
    assert sentence.endswith("could not be reached.")


def test_a_damaged_file_is_replaced(tmp_path, serve, contents, gzipped):
    folder = write(tmp_path / "data", contents)
    (folder / f"{LABELS}.gz").write_bytes(gzipped[f"{LABELS}.gz"][:-9])
    server = serve(gzipped)
    mnist.download(folder, [server.url], progress=False)
    assert [name for name, _ in server.requests] == [f"{LABELS}.gz"]
    assert mnist.find(folder).verified


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, serve, gzipped):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "mnist"
    server = serve(gzipped)
    sentence = refusal(
        lambda: mnist.download(folder, [server.url]), error=OSError, naming=str(folder)
    )
    assert "cannot be written to" in sentence
    assert server.requests == []


def test_no_permission_to_write_is_one_sentence(tmp_path, monkeypatch, serve, gzipped):
    def refuse(self, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    sentence = refusal(
        lambda: mnist.download(tmp_path, [serve(gzipped).url]), error=OSError, naming=str(tmp_path)
    )
    assert sentence == f"MNIST cannot be written to {tmp_path}: Permission denied."


# The order of the search


def test_the_cache_is_used_before_any_mirror(cut_off, contents):
    write(cut_off, contents)
    assert mnist.find()[:3] == ("real", cut_off, True)


def test_an_empty_cache_is_filled_from_the_mirrors(cut_off, monkeypatch, serve, gzipped):
    monkeypatch.setattr(mnist, "MIRRORS", (serve(gzipped).url,))
    assert mnist.find()[:3] == ("real", cut_off, True)
    assert listing(cut_off) == sorted(gzipped)


def test_a_damaged_cache_is_mended(cut_off, monkeypatch, serve, contents, gzipped):
    write(cut_off, contents)
    (cut_off / f"{IMAGES}.gz").write_bytes(b"")
    monkeypatch.setattr(mnist, "MIRRORS", (serve(gzipped).url,))
    assert mnist.find().kind == "real"


def test_without_a_network_digits_stand_in_and_say_so():
    source = mnist.find()
    assert source[:3] == ("digits", None, False)
    assert source.message.startswith("Not MNIST but scikit-learn's 1,797 handwritten digits")
    assert source.message.endswith("could not be reached.")


def test_without_permission_digits_stand_in_and_say_so(cut_off):
    cut_off.parents[1].touch()  # a file where a folder should be
    source = mnist.find()
    assert source.kind == "digits"
    assert f"cannot be written to {cut_off}" in source.message


def test_offline_no_mirror_is_asked(cut_off, monkeypatch, serve, gzipped):
    server = serve(gzipped)
    monkeypatch.setattr(mnist, "MIRRORS", (server.url,))
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    source = mnist.find()
    assert source.kind == "digits"
    assert "UNROLLED_OFFLINE is set" in source.message
    assert server.requests == []
    assert not cut_off.exists()


def test_offline_the_cache_still_counts(cut_off, monkeypatch, contents):
    write(cut_off, contents)
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    assert mnist.find().kind == "real"


def test_a_named_folder_never_falls_back(cut_off, tmp_path, monkeypatch, contents):
    write(cut_off, contents)
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        mnist.find()


def test_the_stand_in_is_enlarged_and_split(monkeypatch):
    from sklearn.datasets import load_digits

    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    data = mnist.load()
    assert data.source.kind == "digits"
    assert [len(split.labels) for split in data[:3]] == [1297, 200, 300]
    for split in data[:3]:
        assert split.images.shape == (len(split.labels), 28, 28)
        assert split.images.dtype == split.labels.dtype == np.uint8
        assert set(split.labels) == set(range(10))
    images = np.concatenate([split.images for split in data[:3]])
    labels = np.concatenate([split.labels for split in data[:3]])
    digits = load_digits()
    np.testing.assert_array_equal(labels, digits.target)
    np.testing.assert_allclose(images[:, 3:27:3, 3:27:3] / 255, digits.images / 16, atol=0.002)
    assert images.max() == 255
    assert not images[:, :2].any()
    assert not images[:, :, -2:].any()


@pytest.mark.skipif(not REAL_FOLDER, reason="UNROLLED_DATA names no folder with the real MNIST")
def test_the_real_files():
    data = mnist.load(mnist.find(REAL_FOLDER))
    assert data.source.verified
    assert [len(split.labels) for split in data[:3]] == [55_000, 5_000, 10_000]
    assert all(split.images.shape == (len(split.labels), 28, 28) for split in data[:3])
    assert data.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.validation.labels[-1] == 8
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert (data.test.labels == 1).sum() == 1135
    # Rows 0 to 2 are blank in nearly every image: the first axis runs from top to bottom.
    assert (data.test.images[:, :3].max(axis=(1, 2)) == 0).mean() > 0.94
