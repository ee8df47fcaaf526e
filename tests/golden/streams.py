#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes streams.json: draws of Tocsin's random streams by an independent implementation (standard library only).

Usage: python3 tests/golden/streams.py > tests/golden/streams.json
"""
import hashlib
import json
import math
import statistics
import struct

MASK = 0xFFFFFFFF


def philox(counter, key):
    """Ten rounds of Philox4x32 (Salmon et al., SC 2011)."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & MASK, (p0 >> 32) ^ c[3] ^ k1, p0 & MASK]
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c


class Stream:
    def __init__(self, digest, words=()):
        self.digest, self.words = digest, tuple(words)

    @staticmethod
    def root(seed):
        return Stream(hashlib.sha256(b"tocsin stream 1" + struct.pack("<Q", seed)).digest())

    def _preimage(self, kind):
        packed = b"".join(struct.pack("<Q", w) for w in self.words)
        return self.digest + kind + bytes([len(self.words)]) + packed

    def at(self, step):
        if isinstance(step, str):
            return Stream(hashlib.sha256(self._preimage(b"n") + step.encode()).digest())
        if len(self.words) < 3 and step < MASK:
            return Stream(self.digest, self.words + (step + 1,))
        return Stream(hashlib.sha256(self._preimage(b"i") + struct.pack("<Q", step)).digest())

    def block(self, k):
        words = list(self.words) + [0] * (3 - len(self.words))
        return philox(words + [k], struct.unpack("<II", self.digest[:8]))

    def pair(self, k):
        words = self.block(k // 2)
        return words[2 * (k % 2)] << 32 | words[2 * (k % 2) + 1]

    def uniform(self, k):
        return (self.pair(k) >> 11) * 2.0**-53

    def normal(self, k):
        return statistics.NormalDist().inv_cdf(((self.pair(k) >> 12) + 0.5) * 2.0**-52)


def below(stream, bound, position):
    """A number below `bound` and the next position (Lemire's rejection)."""
    while True:
        product = stream.pair(position) * bound
        position += 1
        if product % 2**64 >= 2**64 % bound:
            return product >> 64, position


def permutation(stream, n):
    values, position = list(range(n)), 0
    for i in range(n, 1, -1):
        j, position = below(stream, i, position)
        values[i - 1], values[j] = values[j], values[i - 1]
    return values


def choice(stream, n, k):
    values, position = list(range(n)), 0
    for i in range(n, n - k, -1):
        j, position = below(stream, i, position)
        values[i - 1], values[j] = values[j], values[i - 1]
    return sorted(values[n - k:])


PATHS = [
    [],
    ["shuffle"],
    ["shuffle", 0],
    ["shuffle", 0, 0],
    ["shuffle", 3, 17, 2],
    ["shuffle", 3, 17, 2, 5],
    ["shuffle", 2**32 - 2],
    ["shuffle", 2**32 - 1],
    ["shuffle", 2**40, 1],
    ["attack", 4, "noise", 1],
]

result = []
for path in PATHS:
    stream = Stream.root(7)
    for step in path:
        stream = stream.at(step)
    big = 3 * 2**62  # a quarter of all draws is rejected
    draws, position = [], 0
    for _ in range(8):
        value, position = below(stream, big, position)
        draws.append(str(value))
    result.append({
        "path": [str(step) if isinstance(step, int) else "'" + step for step in path],
        "block": stream.block(1),
        "uniform": [stream.uniform(k).hex() for k in range(4)],
        "normal": [stream.normal(k) for k in range(4)],
        "below": draws,
        "permutation": permutation(stream, 12),
        "choice": choice(stream, 1000, 6),
    })
assert all(math.isfinite(x) for entry in result for x in entry["normal"])
print(json.dumps(result, indent=1))
