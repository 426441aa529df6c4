"""Writes a checkpoint as GGUF v3: ternary matrices as I2_S, the tied embedding as F16, norms as F32.

    python3 export.py BUILD_DIR/checkpoint.pt bitfleet-demo.gguf

Layout of I2_S (x86 builds of bitnet.cpp): blocks of 128 weights in 32 bytes, byte p of a block holding weights p, 32+p, 64+p and
96+p in bits 7-6, 5-4, 3-2 and 1-0, as code 0, 1, 2 for -1, 0, +1; after elements/4 bytes one float32 scale, padded to 32 bytes.
"""
import argparse
import struct

import numpy as np
import torch

import tokenizer
from model import EPS, Shape, ternary

ARCH = "bitnet-b1.58"
ALIGNMENT = 32
F32, F16, I2_S = 0, 1, 36
FILE_TYPE_I2_S = 40
NORMAL, CONTROL = 1, 3
# The template that microsoft/bitnet-b1.58-2B-4T publishes in its tokenizer_config.json.
CHAT_TEMPLATE = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = message['role'] | capitalize + ': '+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}")


def u32(v):
    return struct.pack("<II", 4, v)


def f32(v):
    return struct.pack("<If", 6, v)


def boolean(v):
    return struct.pack("<I?", 7, v)


def raw_string(v):
    data = v.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def string(v):
    return struct.pack("<I", 8) + raw_string(v)


def string_array(values):
    return struct.pack("<IIQ", 9, 8, len(values)) + b"".join(map(raw_string, values))


def i32_array(values):
    return struct.pack("<IIQ", 9, 5, len(values)) + struct.pack(f"<{len(values)}i", *values)


def pack_i2_s(codes, scale):
    """codes [rows, cols] of -1, 0, 1, cols a multiple of 128."""
    rows, cols = codes.shape
    if cols % 128:
        raise ValueError(f"I2_S needs rows of a multiple of 128 weights, not {cols}")
    c = (codes + 1).astype(np.uint8).reshape(-1, 4, 32)
    packed = (c[:, 0] << 6) | (c[:, 1] << 4) | (c[:, 2] << 2) | c[:, 3]
    return packed.tobytes() + struct.pack("<f", scale) + bytes(28)


def metadata(shape, tok, name):
    a = ARCH + "."
    return {
        "general.architecture": string(ARCH), "general.name": string(name), "general.license": string("Apache-2.0"),
        "general.description": string("A very small trained ternary chat model for demonstration and tests; see MODEL_CARD.md."),
        "general.languages": string_array(["en"]), "general.file_type": u32(FILE_TYPE_I2_S), "general.quantization_version": u32(2),
        "general.alignment": u32(ALIGNMENT),
        a + "vocab_size": u32(shape.n_vocab), a + "context_length": u32(shape.n_ctx), a + "embedding_length": u32(shape.n_embd),
        a + "block_count": u32(shape.n_layer), a + "feed_forward_length": u32(shape.n_ff), a + "attention.head_count": u32(shape.n_head),
        a + "attention.head_count_kv": u32(shape.n_head_kv), a + "attention.layer_norm_rms_epsilon": f32(EPS),
        a + "rope.freq_base": f32(shape.rope_base), a + "rope.dimension_count": u32(shape.head_dim),
        "tokenizer.ggml.model": string("gpt2"), "tokenizer.ggml.pre": string("llama-bpe"),
        "tokenizer.ggml.tokens": string_array(tok.tokens),
        "tokenizer.ggml.token_type": i32_array([CONTROL if t in tokenizer.SPECIALS else NORMAL for t in tok.tokens]),
        "tokenizer.ggml.merges": string_array([" ".join(m) for m in tok.merges]),
        "tokenizer.ggml.bos_token_id": u32(tok.bos), "tokenizer.ggml.eos_token_id": u32(tok.eos), "tokenizer.ggml.eot_token_id": u32(tok.eot),
        "tokenizer.ggml.padding_token_id": u32(tok.eos), "tokenizer.ggml.add_bos_token": boolean(True), "tokenizer.chat_template": string(CHAT_TEMPLATE),
    }


def tensors(state):
    """(name, dims in GGUF order, type, bytes) for each tensor, in graph order."""
    for key, value in state.items():
        name, array = key + ".weight", value.detach().float()
        if key == "token_embd":
            yield name, array.shape[::-1], F16, array.numpy().astype(np.float16).tobytes()
        elif array.ndim == 1:
            yield name, array.shape, F32, array.numpy().astype(np.float32).tobytes()
        else:
            codes, scale = ternary(array)
            yield name, array.shape[::-1], I2_S, pack_i2_s(codes.numpy().astype(np.int8), float(scale))


def write(path, shape, tok, state, name):
    meta, items = metadata(shape, tok, name), list(tensors(state))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(items), len(meta)) + b"".join(raw_string(k) + v for k, v in meta.items())
    offset, table = 0, []
    for tensor, dims, kind, data in items:
        table.append(raw_string(tensor) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset))
        offset += -(-len(data) // ALIGNMENT) * ALIGNMENT
    head += b"".join(table)
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % ALIGNMENT))
        for *_, data in items:
            f.write(data + bytes(-len(data) % ALIGNMENT))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("checkpoint")
    ap.add_argument("gguf")
    ap.add_argument("--name", default="bitfleet-demo")
    args = ap.parse_args()
    data = torch.load(args.checkpoint, map_location="cpu")
    write(args.gguf, Shape(**data["shape"]), tokenizer.Tokenizer(data["tokens"], data["merges"]), data["model"], args.name)


if __name__ == "__main__":
    main()
