"""An independent reader of GGUF v2/v3 and of the tensor types Bitfleet loads; numpy only, shares no code with the engine or the exporter.

Sources: the GGUF specification (ggml, docs/gguf.md) and the block layouts of ggml's quants; I2_S as bitnet.cpp writes it on x86.
"""
import mmap
import struct
from dataclasses import dataclass

import numpy as np

F32, F16, Q4_0, Q8_0, Q6_K, BF16, TQ1_0, TQ2_0, I2_S = 0, 1, 2, 8, 14, 30, 34, 35, 36
TERNARY = {TQ1_0, TQ2_0, I2_S}
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True)
class Tensor:
    """One tensor; `dims` as in the file (fastest first), so a matrix is dims[1] rows of dims[0]."""
    name: str
    dims: tuple
    kind: int
    data: memoryview

    @property
    def elements(self):
        return int(np.prod(self.dims))


class Gguf:
    def __init__(self, path):
        with open(path, "rb") as f:
            self._view = memoryview(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))
        self._at = 0
        if self._view[:4] != b"GGUF":
            raise ValueError("not a GGUF file")
        self._at = 4
        version, n_tensors, n_meta = self._take("I"), self._take("Q"), self._take("Q")
        if version not in (2, 3):
            raise ValueError(f"GGUF version {version}")
        self.meta = {}
        for _ in range(n_meta):
            key = self._string()
            self.meta[key] = self._value(self._take("I"))
        infos = []
        for _ in range(n_tensors):
            name, rank = self._string(), self._take("I")
            infos.append((name, tuple(self._take("Q") for _ in range(rank)), self._take("I"), self._take("Q")))
        alignment = self.meta.get("general.alignment", 32)
        base = -(-self._at // alignment) * alignment
        self.tensors = {}
        for name, dims, kind, offset in infos:
            start = base + offset
            self.tensors[name] = Tensor(name, dims, kind, self._view[start:start + size_of(kind, int(np.prod(dims)))])

    def _take(self, code):
        (value,) = struct.unpack_from("<" + code, self._view, self._at)
        self._at += struct.calcsize("<" + code)
        return value

    def _string(self):
        n = self._take("Q")
        text = bytes(self._view[self._at:self._at + n]).decode("utf-8", "surrogateescape")
        self._at += n
        return text

    def _value(self, kind):
        if kind == 8:
            return self._string()
        if kind == 9:
            inner, n = self._take("I"), self._take("Q")
            return [self._value(inner) for _ in range(n)]
        return self._take(SCALARS[kind])


def size_of(kind, n):
    """Bytes of n elements."""
    blocks = {F32: (1, 4), F16: (1, 2), BF16: (1, 2), Q4_0: (32, 18), Q8_0: (32, 34), Q6_K: (256, 210), TQ1_0: (256, 54), TQ2_0: (256, 66)}
    if kind == I2_S:
        return n // 4 + 32
    per, size = blocks[kind]
    return n // per * size


def half(raw):
    return raw.view(np.float16).astype(np.float64)


def ternary(tensor):
    """(codes float64 [rows, cols] of -1, 0, 1; scales float64 broadcastable to it, one per tensor or per 256 weights)."""
    cols, rows = tensor.dims
    n = tensor.elements
    raw = np.frombuffer(tensor.data, np.uint8)
    if tensor.kind == I2_S:
        block = raw[:n // 4].reshape(-1, 32)
        code = np.stack([(block >> shift) & 3 for shift in (6, 4, 2, 0)], axis=1)
        if (code == 3).any():
            raise ValueError(f"{tensor.name}: code 3 in I2_S")
        scale = raw[n // 4:n // 4 + 4].view(np.float32).astype(np.float64)
        return code.reshape(rows, cols).astype(np.float64) - 1, np.broadcast_to(scale, (rows, 1))
    if tensor.kind == TQ2_0:
        block = raw.reshape(-1, 66)
        q = block[:, :64].reshape(-1, 2, 1, 32)
        code = (q >> np.array([0, 2, 4, 6], np.uint8).reshape(1, 1, 4, 1)) & 3
        scale = half(block[:, 64:66].copy())
    elif tensor.kind == TQ1_0:
        block = raw.reshape(-1, 54)

        def trits(part, count):  # base-3 digits, most significant first, held as a fraction of 256
            powers = np.array([1, 3, 9, 27, 81], np.uint16)[:count].reshape(1, count, 1)
            digit = (part[:, None, :].astype(np.uint16) * powers) & 0xFF
            return (digit * 3) >> 8

        code = np.concatenate([trits(block[:, :32], 5).reshape(-1, 160), trits(block[:, 32:48], 5).reshape(-1, 80), trits(block[:, 48:52], 4).reshape(-1, 16)], axis=1)
        scale = half(block[:, 52:54].copy())
    else:
        raise ValueError(f"{tensor.name}: type {tensor.kind} is not ternary")
    return code.reshape(rows, cols).astype(np.float64) - 1, scale.reshape(rows, cols // 256)


def dequantize(tensor):
    """float64 values in the shape rows x cols (or a vector)."""
    raw = np.frombuffer(tensor.data, np.uint8)
    shape = tensor.dims[::-1]
    if tensor.kind in TERNARY:
        codes, scale = ternary(tensor)
        return codes * np.repeat(scale, codes.shape[1] // scale.shape[1], axis=1)
    if tensor.kind == F32:
        return raw.view(np.float32).astype(np.float64).reshape(shape)
    if tensor.kind == F16:
        return half(raw).reshape(shape)
    if tensor.kind == BF16:
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32).astype(np.float64).reshape(shape)
    if tensor.kind == Q8_0:
        block = raw.reshape(-1, 34)
        return (half(block[:, :2].copy()) * block[:, 2:].view(np.int8)).reshape(shape)
    if tensor.kind == Q4_0:
        block = raw.reshape(-1, 18)
        q = np.concatenate([block[:, 2:] & 15, block[:, 2:] >> 4], axis=1).astype(np.float64) - 8
        return (half(block[:, :2].copy()) * q).reshape(shape)
    if tensor.kind == Q6_K:
        block = raw.reshape(-1, 210)
        low, high = block[:, :128].reshape(-1, 2, 2, 32), block[:, 128:192].reshape(-1, 2, 1, 32)
        nibbles = np.stack([low[:, :, 0] & 15, low[:, :, 1] & 15, low[:, :, 0] >> 4, low[:, :, 1] >> 4], axis=2)
        top = (high >> np.array([0, 2, 4, 6], np.uint8).reshape(1, 1, 4, 1)) & 3
        q = (nibbles | (top << 4)).astype(np.float64).reshape(-1, 256) - 32
        sub = np.repeat(block[:, 192:208].copy().view(np.int8).astype(np.float64), 16, axis=1)
        return (half(block[:, 208:210].copy()) * sub * q).reshape(shape)
    raise ValueError(f"{tensor.name}: type {tensor.kind}")
