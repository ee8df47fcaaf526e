# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST for the peers, from the very files Tocsin reads; and made-up rows of the census shape."""
import gzip
import pathlib

import numpy as np

FOLDER = pathlib.Path("/usr/share/datasets/fashion-mnist")


def _idx(name):
    raw = gzip.decompress((FOLDER / name).read_bytes())
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * k : 8 + 4 * k], "big") for k in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(part):
    """Images [n, 1, 28, 28] float32 in [0, 1] and labels [n] int64 of "train" or "t10k"."""
    images = _idx(f"{part}-images-idx3-ubyte.gz").astype(np.float32) / np.float32(255)
    return images[:, None], _idx(f"{part}-labels-idx1-ubyte.gz").astype(np.int64)


def census(rows):
    """Rows [rows, 104] of the shape of the census data (values do not matter for speed) and labels [rows]."""
    draw = np.random.default_rng(1)
    return draw.random((rows, 104), dtype=np.float32), draw.integers(0, 2, rows)
