"""Writes the golden logits of models with LoRA adapters: figures of the float64 reference, which merges them.

    python3 golden_adapters.py --engine BIN

The engine only makes models and adapters, as for golden.py. Limits and format: the golden folder's README.
"""
import argparse
import os
import random
import subprocess
import tempfile

import numpy as np

from golden import dump, make_random, row_rms, sha256
from reference import Reference

STEADY = 1e-5
CASES = {
    "b158": ("--arch bitnet-b1.58 --layers 2 --embd 256 --heads 4 --kv-heads 2 --ff 512 --vocab 320 --seed 51", "--rank 8 --seed 1", 1.0),
    "b158-weak-negative": ("--arch bitnet-b1.58 --layers 2 --embd 256 --heads 4 --kv-heads 2 --ff 512 --vocab 320 --seed 51", "--rank 8 --alpha 0 --seed 2", -0.5),
    "llama-f16-odd-rank": ("--arch llama --layers 2 --embd 256 --heads 4 --kv-heads 1 --ff 768 --vocab 368 --type f16 --head-type q6_k --seed 52", "--rank 20 --alpha 7 --type f16 --seed 3", 1.0),
    "bitnet-some-targets": ("--arch bitnet --layers 2 --embd 256 --heads 4 --kv-heads 4 --ff 640 --vocab 360 --scale-tensors 1 --seed 53", "--rank 32 --type q8_0 --targets attn_q,ffn_down --seed 4", 2.0),
}


def disturbed(path, adapter, strength, seed):
    other, rng = Reference(path, kv_half=True, adapter=adapter, strength=strength), np.random.default_rng(seed)
    noisy = lambda x: x * (1 + 4e-7 * rng.standard_normal(x.shape))
    other.embedding = noisy(other.embedding)
    other.layers = [{name: noisy(x) if isinstance(x, np.ndarray) else x for name, x in layer.items()} for layer in other.layers]
    return other


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--engine", required=True)
    engine = ap.parse_args().engine
    cases = []
    for name, (arguments, adapter_arguments, strength) in CASES.items():
        arguments, adapter_arguments = arguments.split(), adapter_arguments.split()
        with tempfile.TemporaryDirectory() as folder:
            path, adapter = os.path.join(folder, "model.gguf"), os.path.join(folder, "adapter.gguf")
            make_random(engine, arguments, path)
            subprocess.run([engine, "random-adapter", "--model", path, "--out", adapter, *adapter_arguments], check=True)
            rng, vocab = random.Random(name), int(arguments[arguments.index("--vocab") + 1])
            model, others = Reference(path, kv_half=True, adapter=adapter, strength=strength), [disturbed(path, adapter, strength, seed) for seed in range(6)]
            best = None
            for _ in range(16):  # of some token sequences the one with the most rows that no tie disturbs
                drawn = [rng.randrange(vocab) for _ in range(6)]
                figures = model.forward(drawn)
                steady = np.max([row_rms(other.forward(drawn) - figures, figures) for other in others], axis=0) < STEADY
                if best is None or steady.sum() > best[2].sum():
                    best = drawn, figures, steady
            tokens, logits, steady = best
            rows = [{"position": int(p), "logits": [float(f"{v:.9g}") for v in logits[p]]} for p in np.flatnonzero(steady)[-3:]]
            assert rows, f"{name}: no steady row"
            cases.append({"name": name, "arguments": arguments, "sha256": sha256(path), "adapter": adapter_arguments, "adapter_sha256": sha256(adapter),
                          "strength": strength, "n_vocab": vocab, "tokens": tokens, "rows": rows})
    dump(("adapters", "index.json"), {"format": 1, "cases": cases})


if __name__ == "__main__":
    main()
