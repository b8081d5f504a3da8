"""MNIST: find it, download it, check it, read it, and say so when a stand-in is used.

`find` looks in the folder that the environment variable UNROLLED_DATA names, then in the user's
cache, then asks the mirrors (unless UNROLLED_OFFLINE is set), and at last falls back on
scikit-learn's handwritten digits. It never falls back in silence: a `Source` carries the sentence
that a page or a terminal shows. A named folder that is incomplete or damaged is an error.

The four files are in IDX format, gzipped or not, and count as MNIST only if the SHA-256 of their
decompressed bytes is the known one.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import platformdirs
import requests
from filelock import FileLock
from tqdm import tqdm

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
VALIDATION_SIZE = 5_000  # the last images of the training file
DIGITS_HELD_OUT = (200, 300)  # validation and test images of the stand-in's 1,797
TIMEOUT = (3, 10)  # seconds to connect, seconds of silence: having no network must show soon
ATTEMPTS = 5  # at one mirror, and only while each brings new bytes
CHUNK = 1 << 14  # bytes; a cut connection loses at most one chunk
GZIP_MAGIC = b"\x1f\x8b"
IDX_UNSIGNED_BYTE = 0x08


class Source(NamedTuple):
    """Which images will be read, and why.

    Attributes:
        kind: "real" for MNIST, "digits" for the embedded stand-in.
        folder: where the four files lie; None for the stand-in.
        verified: whether all four checksums are MNIST's.
        message: the sentence to show.
    """

    kind: Literal["real", "digits"]
    folder: Path | None
    verified: bool
    message: str


class Split(NamedTuple):
    """Images, uint8 [N, 28, 28], and their labels, uint8 [N]."""

    images: np.ndarray
    labels: np.ndarray


class Mnist(NamedTuple):
    """The three splits, and the source that they come from."""

    train: Split
    validation: Split
    test: Split
    source: Source


def find(folder: str | os.PathLike | None = None) -> Source:
    """Find MNIST, downloading it if need be, or settle for the stand-in and say why.

    Args:
        folder: the only folder to look in; by default UNROLLED_DATA, else cache, mirrors, stand-in.

    Returns:
        The source, ready for `load`.

    Raises:
        FileNotFoundError: if the named folder lacks one of the four files.
        ValueError: if a file in the named folder is damaged.
    """
    named = folder or os.environ.get("UNROLLED_DATA")
    if named:
        return _real(Path(named).expanduser())
    cache = Path(platformdirs.user_cache_dir("unrolled")) / "mnist"
    try:
        return _real(cache)
    except (OSError, ValueError) as error:
        if os.environ.get("UNROLLED_OFFLINE"):
            return _stand_in(f"UNROLLED_OFFLINE is set, and {error}")
    try:
        return _real(download(cache, MIRRORS))
    except OSError as error:
        return _stand_in(str(error))


def load(source: Source | None = None) -> Mnist:
    """Read the images and labels of a source.

    MNIST is split 55,000 / 5,000 / 10,000: the last 5,000 images of the training file are for
    validation. The stand-in is split 1,297 / 200 / 300, in its own order.

    Args:
        source: what `find` returned; found anew by default.

    Returns:
        The three splits.
    """
    source = source or find()
    if source.folder is None:
        return _load_digits(source)
    train_images, train_labels, test_images, test_labels = (
        read_idx(_locate(source.folder, name)) for name in SHA256
    )
    cut = len(train_images) - VALIDATION_SIZE
    return Mnist(
        Split(train_images[:cut], train_labels[:cut]),
        Split(train_images[cut:], train_labels[cut:]),
        Split(test_images, test_labels),
        source,
    )


def binarise(images: np.ndarray, threshold: float = 0.1) -> np.ndarray:
    """Set pixels brighter than the threshold to 1 and the others to 0.

    Args:
        images: uint8 [N, 28, 28], 255 being white.
        threshold: a share of white, from 0 to below 1.

    Returns:
        float32 [N, 28, 28]: as input of a recurrent network, 28 rows of 28, top to bottom.

    Raises:
        ValueError: if `images` is not uint8 or the threshold is out of range.

    Source:
        Assignment A5.2.
    """
    if images.dtype != np.uint8:
        raise ValueError(f"images: expected uint8 from 0 to 255, got {images.dtype}")
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold: expected 0 to below 1, got {threshold}")
    return (images > threshold * 255).astype(np.float32)


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """Read an IDX file of unsigned bytes, gzipped or not.

    The header is 0, 0, the element type (8: unsigned byte), the number of dimensions, and each
    dimension as a big-endian 32-bit integer; the elements follow in C order.

    Args:
        path: the file; its content, not its name, tells whether it is gzipped.

    Returns:
        uint8, of the header's shape.

    Raises:
        ValueError: if the file is truncated, over-long or of another format.

    Source:
        Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits, file formats.
    """
    return _parse(_decompressed(Path(path)), Path(path))


def download(
    folder: str | os.PathLike, mirrors: Sequence[str] = MIRRORS, progress: bool = True
) -> Path:
    """Download what a folder lacks of MNIST, going on where an earlier attempt stopped.

    Bytes arrive in a file ending in `.part`, which takes its name only once its checksum is right:
    a broken connection leaves the `.part` for the next attempt, a wrong checksum removes it.

    Args:
        folder: where to; made if missing. Files already there and intact are kept.
        mirrors: addresses under which the files lie, tried in turn.
        progress: whether to show a bar for each file.

    Returns:
        The folder.

    Raises:
        OSError: if the folder cannot be written to.
        ConnectionError: if no mirror has delivered an intact file.
    """
    folder, mirrors = Path(folder).expanduser(), list(mirrors)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):  # chapters run side by side
            for name in SHA256:
                if not _is_intact(folder, name):
                    good = _fetch(name, folder, mirrors, progress)
                    mirrors.sort(key=lambda mirror: mirror != good)  # stable: good comes first
    except ConnectionError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"MNIST cannot be written to {folder}: {reason}.") from error
    return folder


def _fetch(name: str, folder: Path, mirrors: Sequence[str], progress: bool) -> str:
    """Download one file and return the mirror that delivered it."""
    part = folder / f"{name}.gz.part"
    reasons = []
    for mirror in mirrors:
        for _ in range(ATTEMPTS):
            before = _size(part)
            try:
                _transfer(f"{mirror.rstrip('/')}/{name}.gz", part, progress)
                _verify(part, name)
            except requests.RequestException as error:
                reasons.append(_explain(error, mirror))
                if _size(part) <= before:
                    break
            except ValueError:
                reasons.append(f"{urlsplit(mirror).netloc} sent bytes with a wrong checksum")
                part.unlink()
                if not before:  # else the bytes kept from earlier may be to blame
                    break
            else:
                part.replace(folder / f"{name}.gz")
                return mirror
    told = "; ".join(dict.fromkeys(reasons))
    raise ConnectionError(f"{name}.gz could not be downloaded: {told}.")


def _transfer(url: str, part: Path, progress: bool) -> None:
    """Append to a file what it lacks of the one at an address."""
    have = _size(part)
    headers = {"Accept-Encoding": "identity"}  # the bytes as stored: ranges count those
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if have and response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is lacking; the checksum will tell
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            have = 0  # this server knows no ranges and sends the whole
        length = response.headers.get("Content-Length")
        bar = tqdm(
            desc=part.stem,
            initial=have,
            total=have + int(length) if length else None,
            unit="B",
            unit_scale=True,
            disable=not progress,
        )
        with bar, part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))


def _explain(error: requests.RequestException, mirror: str) -> str:
    host = urlsplit(mirror).netloc
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{host} answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer in time"
    if isinstance(error, requests.ConnectionError):
        return f"{host} could not be reached"
    return f"{host} broke off"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _real(folder: Path) -> Source:
    for name in SHA256:
        _verify(_locate(folder, name), name)
    return Source("real", folder, True, f"MNIST from {folder}, all four checksums right.")


def _is_intact(folder: Path, name: str) -> bool:
    try:
        _verify(_locate(folder, name), name)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _locate(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    if not folder.is_dir():
        raise FileNotFoundError(f"the MNIST folder {folder} does not exist.")
    raise FileNotFoundError(f"the MNIST folder {folder} lacks {name} (or {name}.gz).")


def _verify(path: Path, name: str) -> None:
    """Raise a ValueError unless the file holds the bytes that belong under the name."""
    content = _decompressed(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest == SHA256[name]:
        return
    _parse(content, path)  # says more where the format is already wrong
    for other, known in SHA256.items():
        if digest == known:
            raise ValueError(f"{path} is damaged: expected {name}, got the content of {other}.")
    raise ValueError(
        f"{path} is damaged: expected SHA-256 {SHA256[name]} for {name}, got {digest}."
    )


def _decompressed(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"{path} is damaged: expected an intact gzip file, got: {reason}."
        ) from None


def _parse(content: bytes, path: Path) -> np.ndarray:
    if len(content) < 4 or content[:3] != bytes([0, 0, IDX_UNSIGNED_BYTE]):
        raise ValueError(
            f"{path} is no IDX file of unsigned bytes: "
            f"expected it to begin with 00 00 08, got {content[:3].hex(' ') or 'nothing'}."
        )
    dimensions = content[3]
    start = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(content[i : i + 4]) for i in range(4, start, 4))
    expected = start + int(np.prod(shape, dtype=object))
    if len(content) != expected:
        raise ValueError(f"{path} is damaged: expected {expected} bytes, got {len(content)}.")
    # A copy, because PyTorch warns of read-only arrays.
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def _stand_in(reason: str) -> Source:
    message = (
        f"Not MNIST but scikit-learn's 1,797 handwritten digits, enlarged to 28×28: "
        f"{reason.removesuffix('.')}."
    )
    return Source("digits", None, False, message)


def _load_digits(source: Source) -> Mnist:
    from sklearn.datasets import load_digits  # a slow import that real MNIST does not need

    digits = load_digits()
    enlarged = digits.images.repeat(3, axis=1).repeat(3, axis=2)  # [N, 24, 24], from 0 to 16
    images = np.pad(enlarged * 255 / 16, ((0, 0), (2, 2), (2, 2))).round().astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    test = len(images) - DIGITS_HELD_OUT[1]
    validation = test - DIGITS_HELD_OUT[0]
    return Mnist(
        Split(images[:validation], labels[:validation]),
        Split(images[validation:test], labels[validation:test]),
        Split(images[test:], labels[test:]),
        source,
    )
