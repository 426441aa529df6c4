"""Independent forward pass of the ternary families in float64: the figure the engine is measured against.

    python3 reference.py MODEL.gguf --tokens 1,2,3      best logits of every position
    python3 reference.py MODEL.gguf --tokens 1,2,3 --embed      their embedding

Architectures: bitnet-b1.58, bitnet-25 (squared ReLU, sub-norms, NeoX rotation), bitnet (SiLU, sub-norms, NeoX), llama (SiLU, no
sub-norms, adjacent pairs), qwen3 (SiLU, NeoX, a norm of each query and key head before it turns, and where the file has them a norm of
its own before every matrix: the BitNet embedding models). Every product with a ternary matrix quantizes its input to int8 per token, as bitnet.cpp does:
s = 127 / max(|x|max, 1e-5), a = round(x s) with halves to even (its nearest_int adds 1.5 * 2^23, which rounds so), clamped to
[-128, 127]; y = (sum of code * a) / s * scale. All other arithmetic is exact to float64; nothing is stored in less, except that
with kv_half keys (after rotation) and values pass through float16, as in the engine's and bitnet.cpp's caches. A `<name>.scale`
tensor beside a matrix multiplies its product.
"""
import argparse
import sys

import numpy as np

from gguf import TERNARY, Gguf, dequantize, ternary


MEAN, CLS, LAST = 1, 2, 3  # <arch>.pooling_type


class TernaryMatrix:
    def __init__(self, tensor, dtype):
        codes, scale = ternary(tensor)
        self.per_tensor = bool((scale == scale.flat[0]).all())
        self.scale = scale.flat[0] if self.per_tensor else scale.astype(dtype)
        self.codes = np.ascontiguousarray(codes.astype(dtype).T)  # [cols, rows]

    def __call__(self, x):
        s = 127 / np.maximum(np.abs(x).max(-1, keepdims=True), 1e-5)
        a = np.clip(np.rint(x * s), -128, 127)
        if self.per_tensor:
            return (a @ self.codes) / s * self.scale
        groups = self.scale.shape[1]
        width = self.codes.shape[0] // groups
        return sum((a[:, g * width:(g + 1) * width] @ self.codes[g * width:(g + 1) * width]) * self.scale[:, g] for g in range(groups)) / s


class DenseMatrix:
    def __init__(self, tensor, dtype):
        self.values = np.ascontiguousarray(dequantize(tensor).astype(dtype).T)

    def __call__(self, x):
        return x @ self.values


def silu(x):
    return x / (1 + np.exp(-x))


def squared_relu(x):
    return np.square(np.maximum(x, 0))


class Reference:
    """One model; `dtype` float64 is the reference, float32 only a faster variant for long evaluations."""

    def __init__(self, path, dtype=np.float64, kv_half=False, adapter=None, strength=1.0):
        self.adapter, self.strength = None if adapter is None else Gguf(adapter), strength
        file = path if isinstance(path, Gguf) else Gguf(path)
        self.file, self.dtype, self.kv_half = file, dtype, kv_half
        self.arch = file.meta["general.architecture"]
        if self.arch not in ("bitnet-b1.58", "bitnet-25", "bitnet", "llama", "qwen3"):
            raise ValueError(f"architecture {self.arch}")
        key = lambda name, default=None: file.meta.get(f"{self.arch}.{name}", default)
        self.n_layer, self.n_head = key("block_count"), key("attention.head_count")
        self.n_head_kv = key("attention.head_count_kv", self.n_head)
        self.n_embd, self.eps = key("embedding_length"), key("attention.layer_norm_rms_epsilon")
        self.head_dim = key("attention.key_length", self.n_embd // self.n_head)
        self.n_rot = key("rope.dimension_count", self.head_dim)
        base, half = float(key("rope.freq_base", 10000.0)), self.n_rot // 2
        self.frequency = base ** (-2.0 * np.arange(half) / self.n_rot) / float(key("rope.scaling.factor", 1.0) or 1.0)
        if "rope_freqs.weight" in file.tensors:
            self.frequency = self.frequency / dequantize(file.tensors["rope_freqs.weight"])
        self.neox = self.arch != "llama"
        self.activation = squared_relu if self.arch in ("bitnet-b1.58", "bitnet-25") else silu
        self.causal, self.pooling = bool(key("attention.causal", True)), key("pooling_type", 0)
        self.embedding = dequantize(file.tensors["token_embd.weight"]).astype(dtype)
        self.output_norm = dequantize(file.tensors["output_norm.weight"]).astype(dtype)
        self.head = self._matrix("output.weight") if "output.weight" in file.tensors else (lambda x: x @ self.embedding.T)
        self.layers = [self._layer(i) for i in range(self.n_layer)]
        self.n_vocab = self.embedding.shape[0]

    def _matrix(self, name):
        plain = self._plain_matrix(name)
        if self.adapter is None or name + ".lora_a" not in self.adapter.tensors:
            return plain
        # Merged, as nobody runs it: W x + (s alpha / rank) B A x.
        a, b = (dequantize(self.adapter.tensors[f"{name}.lora_{part}"]).astype(self.dtype) for part in "ab")
        alpha = self.adapter.meta.get("adapter.lora.alpha", 0.0)
        delta = (b @ a).T * (self.strength * alpha / a.shape[0] if alpha else self.strength)
        return lambda x: plain(x) + x @ delta

    def _plain_matrix(self, name):
        tensor, extra = self.file.tensors[name], self.file.tensors.get(name.removesuffix("weight") + "scale")
        matrix = (TernaryMatrix if tensor.kind in TERNARY else DenseMatrix)(tensor, self.dtype)
        if extra is None:
            return matrix
        factor = self.dtype(dequantize(extra).reshape(-1)[0])
        return lambda x: matrix(x) * factor

    def _layer(self, i):
        layer = {}
        for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            layer[name] = self._matrix(f"blk.{i}.{name}.weight")
            norm_in = self.file.tensors.get(f"blk.{i}.{name}_norm_in.weight")
            layer[name + "_norm_in"] = None if norm_in is None else dequantize(norm_in).astype(self.dtype)
        for name in ("attn_norm", "attn_q_norm", "attn_k_norm", "attn_sub_norm", "ffn_norm", "ffn_sub_norm"):
            tensor = self.file.tensors.get(f"blk.{i}.{name}.weight")
            layer[name] = None if tensor is None else dequantize(tensor).astype(self.dtype)
        return layer

    def norm(self, x, gain):
        return x if gain is None else x / np.sqrt(np.square(x).mean(-1, keepdims=True) + self.eps) * gain

    def linear(self, layer, name, x):
        return layer[name](self.norm(x, layer[name + "_norm_in"]))

    def rotate(self, x, positions):  # x [n, heads, head_dim]
        angle = positions[:, None] * self.frequency[None]
        c, s = np.cos(angle)[:, None].astype(self.dtype), np.sin(angle)[:, None].astype(self.dtype)
        y, half = x.copy(), self.n_rot // 2
        a, b = (x[..., :half], x[..., half:self.n_rot]) if self.neox else (x[..., 0:self.n_rot:2], x[..., 1:self.n_rot:2])
        if self.neox:
            y[..., :half], y[..., half:self.n_rot] = a * c - b * s, b * c + a * s
        else:
            y[..., 0:self.n_rot:2], y[..., 1:self.n_rot:2] = a * c - b * s, b * c + a * s
        return y

    def forward(self, tokens, cache=None, only_last=False):
        """Logits [n, n_vocab] of the tokens that follow what `cache` holds."""
        return self.head(self.hidden(tokens, cache, only_last))

    def hidden(self, tokens, cache=None, only_last=False):
        """Hidden states after the last norm, [n, n_embd], of the tokens that follow what `cache` (a list, extended in place) holds."""
        cache = [] if cache is None else cache
        if not cache:
            cache.extend([None, None] for _ in range(self.n_layer))
        past = 0 if cache[0][0] is None else cache[0][0].shape[0]
        n, group = len(tokens), self.n_head // self.n_head_kv
        positions = np.arange(past, past + n, dtype=np.float64)
        mask = np.where((np.arange(past + n)[None] > positions[:, None]) & self.causal, -np.inf, 0.0)
        x = self.embedding[np.asarray(tokens)]
        for layer, kv in zip(self.layers, cache):
            h = self.norm(x, layer["attn_norm"])
            q = self.rotate(self.norm(self.linear(layer, "attn_q", h).reshape(n, self.n_head, self.head_dim), layer["attn_q_norm"]), positions)
            k = self.rotate(self.norm(self.linear(layer, "attn_k", h).reshape(n, self.n_head_kv, self.head_dim), layer["attn_k_norm"]), positions)
            v = self.linear(layer, "attn_v", h).reshape(n, self.n_head_kv, self.head_dim)
            if self.kv_half:
                k, v = k.astype(np.float16).astype(self.dtype), v.astype(np.float16).astype(self.dtype)
            kv[0], kv[1] = (k, v) if kv[0] is None else (np.concatenate([kv[0], k]), np.concatenate([kv[1], v]))
            o = np.empty((n, self.n_head, self.head_dim), self.dtype)
            for head in range(self.n_head):
                score = q[:, head] @ kv[0][:, head // group].T / np.sqrt(self.head_dim) + mask
                p = np.exp(score - score.max(-1, keepdims=True))
                o[:, head] = (p / p.sum(-1, keepdims=True)) @ kv[1][:, head // group]
            x = x + self.linear(layer, "attn_output", self.norm(o.reshape(n, -1), layer["attn_sub_norm"]))
            h = self.norm(x, layer["ffn_norm"])
            f = self.activation(self.linear(layer, "ffn_gate", h)) * self.linear(layer, "ffn_up", h)
            x = x + self.linear(layer, "ffn_down", self.norm(f, layer["ffn_sub_norm"]))
        x = x[-1:] if only_last else x
        return self.norm(x, self.output_norm)

    def embed(self, tokens):
        """The pooled hidden states, of length 1."""
        states = self.hidden(tokens)
        pooled = {MEAN: states.mean(0), CLS: states[0], LAST: states[-1]}[self.pooling]
        return pooled / np.sqrt(np.square(pooled).sum())

    def greedy(self, tokens, limit, stop):
        """Greedy continuation; returns the new tokens and the smallest gap between the two best logits on the way."""
        cache, out, gap = [], [], np.inf
        logits = self.forward(tokens, cache, only_last=True)[-1]
        while len(out) < limit:
            best = np.argpartition(logits, -2)[-2:]
            gap = min(gap, float(abs(logits[best[0]] - logits[best[1]])))
            token = int(logits.argmax())
            if token in stop:
                break
            out.append(token)
            logits = self.forward([token], cache)[-1]
        return out, gap


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("model")
    ap.add_argument("--tokens", required=True, help="comma-separated ids")
    ap.add_argument("--embed", action="store_true")
    ap.add_argument("--kv-half", action="store_true", help="keys and values through float16")
    args = ap.parse_args()
    model = Reference(args.model, kv_half=args.kv_half)
    if args.embed:
        print(" ".join(f"{v:.7f}" for v in model.embed([int(t) for t in args.tokens.split(",")])))
        return
    for position, row in enumerate(model.forward([int(t) for t in args.tokens.split(",")])):
        best = np.argsort(-row)[:5]
        print(position, " ".join(f"{i}:{row[i]:.6f}" for i in best))


if __name__ == "__main__":
    sys.exit(main())
