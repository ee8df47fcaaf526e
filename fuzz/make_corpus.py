#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets below fuzz/corpus: small files, good ones and one for each fault. Standard library only.

usage: fuzz/make_corpus.py            (from anywhere; existing seeds of the same names are replaced)
"""
import pathlib
import struct
import zlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def idx(dimensions, values, kind=8):
    return bytes([0, 0, kind, len(dimensions)]) + struct.pack(f">{len(dimensions)}I", *dimensions) + bytes(values)


def gz(data, flags=0, fields=b"", level=9, crc=None, length=None):
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    head = bytes([0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255]) + fields
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF)
    tail = struct.pack("<II", zlib.crc32(data) if crc is None else crc, len(data) if length is None else length)
    return head + body + tail


LABELS = idx([3], [0, 1, 2])
IMAGES = idx([2, 2, 3], range(12))
PLAIN = bytes(range(64)) * 3
WHOLE = gz(PLAIN)

GZIP = {
    "empty-file": b"",
    "nothing-inside": gz(b""),
    "text": WHOLE,
    "stored": gz(PLAIN, level=0),
    "zeros": gz(bytes(5000)),
    "name": gz(PLAIN, 8, b"a name\0"),
    "comment": gz(PLAIN, 16, b"a comment\0"),
    "extra": gz(PLAIN, 4, struct.pack("<H", 3) + b"abc"),
    "all-fields": gz(PLAIN, 31, struct.pack("<H", 2) + b"xy" + b"n\0" + b"c\0"),
    "extra-past-the-end": gz(PLAIN, 4, struct.pack("<H", 60000)),
    "name-past-the-end": WHOLE[:3] + b"\x08" + WHOLE[4:10] + b"nameless",
    "reserved-flags": WHOLE[:3] + b"\xe0" + WHOLE[4:],
    "other-method": WHOLE[:2] + b"\x07" + WHOLE[3:],
    "cut-in-the-header": WHOLE[:7],
    "cut-in-the-stream": WHOLE[:30],
    "cut-in-the-trailer": WHOLE[:-5],
    "invalid-block": WHOLE[:10] + b"\x07" + WHOLE[11:],
    "wrong-crc": gz(PLAIN, crc=1),
    "wrong-length": gz(PLAIN, length=7),
    "second-member": WHOLE + WHOLE,
    "trailing-byte": WHOLE + b"x",
    "beyond-the-limit": gz(bytes(1 << 19)),
}
IDX = {
    "labels": b"\0" + LABELS,
    "images": b"\1" + IMAGES,
    "images-of-four-dimensions": b"\1" + idx([2, 1, 2, 3], range(12)),
    "labels-packed": b"\0" + gz(LABELS),
    "images-packed": b"\1" + gz(IMAGES),
    "images-as-labels": b"\0" + IMAGES,
    "labels-as-images": b"\1" + gz(LABELS),
    "text": b"\0" + b"5,0,12,255\n",
    "floats": b"\1" + idx([1, 1, 1], bytes(4), kind=0x0D),
    "no-samples": b"\0" + idx([0], b""),
    "overflow": b"\1" + idx([0xFFFFFFFF] * 3, bytes(8)),
    "wraps-to-zero": b"\1" + idx([65536] * 4, bytes(8)),
    "lie": b"\1" + idx([65535, 1, 65535], bytes(84)),
    "lie-packed": b"\1" + gz(idx([65535, 1, 3], bytes(84))),
    "short": b"\1" + IMAGES[:-1],
    "long": b"\1" + IMAGES + b"\0",
    "long-packed": b"\1" + gz(IMAGES + bytes(100)),
    "cut-in-a-dimension": b"\1" + gz(IMAGES[:14]),
}


def st(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(name, dtype="F32", shape="[2]", offsets="[0,8]"):
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}'


A, EIGHT = "{" + tensor("0.weight") + "}", struct.pack("<2f", 1.0, -2.0)
SAFETENSORS = {
    "one-tensor": st(A, EIGHT),
    "padded": st(A + "   ", EIGHT),
    "two-tensors-and-metadata": st('{"__metadata__":{"format":"pt"},' + tensor("a", "F32", "[1,2]") + ","
                                   + tensor("b", "F64", "[2]", "[8,24]") + "}", EIGHT + struct.pack("<2d", 3.0, float("nan"))),
    "backwards": st("{" + tensor("b", shape="[1]", offsets="[8,12]") + "," + tensor("a") + "}", EIGHT + bytes(4)),
    "no-tensors": st("{}"),
    "empty-tensor": st("{" + tensor("a", shape="[2,0]", offsets="[0,0]") + "}"),
    "scalar": st("{" + tensor("a", shape="[]", offsets="[0,4]") + "}", bytes(4)),
    "escapes": st("{" + tensor("\\u0061\\n\u20ac") + "}", EIGHT),
    "long-header": st(A, EIGHT, length=1000),
    "huge-header": st(A, EIGHT, length=(1 << 64) - 1),
    "no-brace": st(" " + A, EIGHT),
    "not-utf8": st(b'{"\xff":1}'),
    "not-json": st('{"a"'),
    "padded-with-nul": st(A + "\0", EIGHT),
    "padded-with-lines": st(A + "\n", EIGHT),
    "unknown-field": st('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":0}}'),
    "missing-field": st('{"a":{"dtype":"F32","shape":[0]}}'),
    "repeated-name": st("{" + tensor("a") + "," + tensor("a") + "}", EIGHT),
    "repeated-field": st('{"a":{"dtype":"F32","dtype":"F64","shape":[0],"data_offsets":[0,0]}}'),
    "unknown-dtype": st("{" + tensor("a", "BF16", "[4]") + "}", EIGHT),
    "negative-shape": st("{" + tensor("a", shape="[-2]") + "}", EIGHT),
    "real-shape": st("{" + tensor("a", shape="[2.0]") + "}", EIGHT),
    "overflowing-shape": st("{" + tensor("a", shape="[2,18446744073709551614]") + "}", EIGHT),
    "overflowing-bytes": st("{" + tensor("a", shape="[2,9223372036854775807]") + "}", EIGHT),
    "end-before-begin": st("{" + tensor("a", offsets="[8,0]") + "}", EIGHT),
    "hole": st("{" + tensor("a", offsets="[4,12]") + "}", EIGHT + bytes(4)),
    "overlap": st("{" + tensor("a") + "," + tensor("b", offsets="[4,12]") + "}", EIGHT + bytes(4)),
    "tail": st(A, EIGHT + b"tail"),
    "cut": st(A, EIGHT[:6]),
    "wrong-size": st("{" + tensor("a", shape="[3]") + "}", EIGHT),
    "metadata-of-numbers": st('{"__metadata__":{"a":1}}'),
    "nesting": st('{"a":{"shape":' + "[" * 100),
}




def table(choice, train, test=None):
    train = train if isinstance(train, bytes) else train.encode()
    test = train if test is None else test if isinstance(test, bytes) else test.encode()
    return bytes([choice]) + train + b"\f" + test


def npy(header, data=b"", version=b"\1\0", length=None):
    header = header.encode() + b"\n"
    size = len(header) if length is None else length
    return b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", size) + header + data


def array(descr="'<f4'", shape="(2,)", order="False", rest=", "):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}{rest}}}"


NPY = {
    "floats": npy(array(), EIGHT),
    "doubles": npy(array("'<f8'", "()"), struct.pack("<d", float("nan"))),
    "bytes": npy(array("'|u1'", "(2, 2, 2)"), EIGHT),
    "integers": npy(array("'<i4'", "(1, 2)"), EIGHT),
    "long-integers": npy(array("'<i8'", "(1,)"), EIGHT),
    "second-format": npy(array() + " " * 20, EIGHT, b"\2\0"),
    "third-format": npy(array(), EIGHT, b"\3\0"),
    "other-order": npy('{"shape":(0,3),"descr":"<f4","fortran_order":False}'),
    "empty-file": b"",
    "zip": b"PK\3\4" + bytes(30),
    "unknown-version": npy(array(), EIGHT, b"\4\0"),
    "long-header": npy(array(), EIGHT, length=200),
    "huge-header": npy(array(), EIGHT, b"\2\0", 0xFFFFFFFF),
    "list": npy("[]"),
    "not-closed": npy(array()[:-1], EIGHT),
    "open-quote": npy("{'descr: 1}"),
    "escape": npy("{'de\\x73cr': 1}"),
    "unknown-key": npy("{'dtype': '<f4'}"),
    "missing-key": npy("{'descr': '<f4', 'shape': ()}", EIGHT),
    "repeated-key": npy("{'shape': (), 'shape': ()}"),
    "objects": npy(array("'|O'"), EIGHT),
    "big-endian": npy(array("'>f4'"), EIGHT),
    "structured": npy(array("[('a', '<f4')]"), EIGHT),
    "fortran": npy(array(order="True"), EIGHT),
    "number-as-shape": npy(array(shape="(2)"), EIGHT),
    "negative-extent": npy(array(shape="(-2,)"), EIGHT),
    "huge-extent": npy(array(shape="(18446744073709551616,)"), EIGHT),
    "overflowing-shape": npy(array(shape="(4294967296, 4294967296)"), EIGHT),
    "overflowing-bytes": npy(array(shape="(4611686018427387904,)"), EIGHT),
    "nine-dimensions": npy(array(shape="(1,1,1,1,1,1,1,1,1)"), EIGHT),
    "lie": npy(array(shape="(65536, 65536)"), EIGHT),
    "short": npy(array(), EIGHT[:7]),
    "long": npy(array(), EIGHT + b"x"),
}


# The bits of the first byte: header, trim, semicolons, dots dropped, twice for what becomes of a missing value, a line skipped.
ROWS = "1,x,-,low\n2.5,y,,high\n-3e2,x,0,low\n"
CSV = {
    "rows": table(0, ROWS),
    "header": table(1, "d,b,a,c\nlow,x,1,-\nhigh,y,2,-\n"),
    "trimmed": table(2, " 1 ,\tx, -, low\n2, y ,,high \n \n"),
    "semicolons": table(4, "1;x,y;-;low\n2;z;;high\n"),
    "dots": table(8, "1,x,-,low.\n2,y,-,high\n", "1,x,-,low\n"),
    "zeros": table(16, "1,?,-,low\n?,y,,high\n,x,-,low\n"),
    "dropped": table(32, "1,?,-,low\n2,y,,high\n3,x,-,low\n"),
    "skipped": table(64, ROWS, "|1x3\n" + ROWS),
    "quotes": table(0, '"1","x,""y""",-,low\n2,"",-,high\n'),
    "quoted-blanks": table(18, ' "1" , " x " ,-,low\n2,y,-,high\n'),
    "mark-and-crlf": table(0, b"\xef\xbb\xbf1,x,-,low\r\n2,y,-,high\r\n\r\n"),
    "no-last-line-end": table(0, "1,x,-,low\n2,y,-,high"),
    "packed": table(0, gz(ROWS.encode())),
    "nothing": table(0, ""),
    "ragged": table(0, "1,x,-,low\n2,y,-\n"),
    "open-quote": table(0, '1,"x,-,low\n'),
    "text-after-quote": table(0, '1,"x"y,-,low\n'),
    "break-in-quotes": table(0, '1,"x\ny",-,low\n'),
    "nul": table(0, b"1,x,\0,low\n"),
    "utf16": table(0, "1,x,-,low\n".encode("utf-16")),
    "latin1": table(0, b"1,caf\xe9,-,low\n"),
    "bare-cr": table(0, "1,x,-,low\r2,y,-,high\r"),
    "empty-line": table(0, "1,x,-,low\n\n2,y,-,high\n"),
    "header-twice": table(1, "a,b,a,d\n"),
    "header-without": table(1, "a,b,c\n1,x,-\n"),
    "no-number": table(0, "1_0,x,-,low\n"),
    "not-finite": table(0, "nan(7),x,-,low\n"),
    "out-of-range": table(0, "1e400,x,-,low\n"),
    "far-away": table(0, "0,x,-,low\n1e-38,x,-,high\n", "3e38,x,-,low\n"),
    "new-label": table(0, ROWS, "1,x,-,middle\n"),
    "new-category": table(0, ROWS, "1,z,-,low\n"),
    "one-label": table(0, "1,x,-,low\n2,y,-,low\n"),
    "missing": table(0, "1,?,-,low\n"),
    "all-dropped": table(32, "?,x,-,low\n"),
}

EXPERIMENT = """name = "fuzz"
seed = 7
[data]
dataset = "blobs"
validation = 100
[partition]
kind = "iid"
clients = 10
[model]
name = "softmax"
[training]
epochs = 1
batch = 50
optimizer = "adam"
learning_rate = 1e-3
schedule = [[2, 1e-4]]
[federation]
rounds = 6
participation = 0.5
[server]
momentum = 0.5
[threat]
malicious = [9]
knowledge = "own"
[attack]
name = "explicit_boosting"
boost = "auto"
targets = { test_indices = [4], wanted = [1] }
[defense]
rule = { name = "krum", neighbors = "n-f-1" }
"""


def edited(old, new):
    assert old in EXPERIMENT, old
    return EXPERIMENT.replace(old, new).encode()


CONFIG = {
    "every-table": EXPERIMENT.encode(),
    "bare": b'data.dataset = "blobs"\nmodel.name = "softmax"\n',
    "variants": EXPERIMENT.encode() + b'[[variant]]\nname = "clean"\nset = { attack.name = "none" }\n[[variant]]\nname = "attacked"\n',
    "expectations": EXPERIMENT.encode() + b'[small]\nfederation.rounds = 2\n[[expect]]\nclaim = "it learns"\nfield = "test_accuracy"\nstatistic = "last"\nis = ">="\nvalue = 0.5\n',
    "layers": edited('name = "softmax"', 'layers = [{ type = "conv2d", filters = 4, kernel = 3 }, { type = "relu" }, { type = "flatten" }, { type = "dense", units = 10 }]'),
    "drawn": edited("malicious = [9]", "count = 2").replace(b"test_indices = [4], wanted = [1]", b"count = 3"),
    "dirichlet": edited('kind = "iid"', 'kind = "dirichlet_by_class"\nalpha = 0.3'),
    "idx": edited('dataset = "blobs"', 'kind = "idx"\ntrain_images = "a"\ntrain_labels = "b"\ntest_images = "c"\ntest_labels = "d"'),
    "csv": edited('dataset = "blobs"', 'kind = "csv"\ntrain = "a.csv"\ntest = "b.csv"\ncolumns = [{ name = "x", kind = "number" }, { name = "y", kind = "label", classes = ["u", "v"] }]'),
    "quadratic": edited('dataset = "blobs"', 'dataset = "quadratic"').replace(b"softmax", b"linear"),
    "empty": b"",
    "unknown-key": edited("clients", "cleints"),
    "unknown-name": edited("krum", "crum"),
    "wrong-type": edited("seed = 7", 'seed = "seven"'),
    "out-of-range": edited("participation = 0.5", "participation = 1.5"),
    "twice": edited("seed = 7", "seed = 7\nseed = 8"),
    "many-clients": edited("clients = 10", "clients = 4294967295").replace(b"malicious = [9]", b"fraction = 0.1"),
    "date": edited("seed = 7", "seed = 1979-05-27"),
    "not-utf8": b'name = "\xff\xfe"\n',
    "deep": b"a" + b".a" * 40 + b" = 1\n",
    "brackets": b"x = " + b"[" * 20 + b"]" * 20,
    "open-string": b'name = "',
    "escapes": b'name = "\\u001b[2J"\n"\\u202e" = 1\n',
}
SET_OPTION = {
    "number": b"federation.rounds=3",
    "word": b"defense.rule=krum",
    "table": b'defense.rule={ name = "multi_krum", f = 1 }',
    "list": b"threat.malicious=[1, 2]",
    "text": b'name="x y"',
    "spaces": b" training . batch =  5 ",
    "quoted-key": b'"defense"."rule"=median',
    "several": b"training.optimizer=adam\ntraining.learning_rate=1e-3\nseed=9\nattack.boost=3",
    "twice": b"seed=1\nseed=2",
    "new-table": b"server.momentum=0.5",
    "not-a-table": b"seed.x=1",
    "unknown": b"defence.rule=krum",
    "variant": b"variant.name=a",
    "no-equals": b"seed",
    "no-key": b"=1",
    "no-value": b"seed=",
    "two-keys": b"a=1,b=2",
    "comment": b"seed=1 # one",
    "bad-text": b'name="\xff',
    "date": b"name=1979-05-27",
    "escape": b"name=\x1b[2J",
    "deep": b".".join([b"a"] * 40) + b"=1",
}


def main():
    corpora = {"config": CONFIG, "csv": CSV, "gzip": GZIP, "idx": IDX, "npy": NPY, "safetensors": SAFETENSORS, "set_option": SET_OPTION}
    for name, seeds in corpora.items():
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds.items():
            (folder / seed).write_bytes(data)


if __name__ == "__main__":
    main()
