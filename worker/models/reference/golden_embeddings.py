"""Writes the golden embeddings: figures of the float64 reference for tiny random models.

    python3 golden_embeddings.py --engine BIN

The engine only makes the models, as for golden.py. Limits and format: the golden folder's README.
"""
import argparse
import os
import random
import tempfile

import numpy as np

from golden import dump, make_random, sha256
from reference import Reference

STEADY = 1e-5
MODELS = {
    "qwen3-bitnet-last": "--arch qwen3 --layers 3 --embd 128 --heads 4 --kv-heads 2 --head-dim 64 --ff 384 --vocab 300 --projection-norms 1 --pooling last --add-end-token 1 --seed 31",
    "qwen3-mean": "--arch qwen3 --layers 2 --embd 256 --heads 4 --kv-heads 4 --ff 384 --vocab 300 --pooling mean --seed 32",
    "qwen3-both-ways-cls": "--arch qwen3 --layers 2 --embd 256 --heads 4 --kv-heads 1 --head-dim 64 --ff 512 --vocab 300 --pooling cls --causal 0 --projection-norms 1 --type tq2_0 --block-scales 1 --seed 33",
    "qwen3-odd-heads-f16": "--arch qwen3 --layers 2 --embd 128 --heads 4 --kv-heads 2 --head-dim 24 --ff 256 --vocab 300 --type f16 --pooling last --seed 34",
    "b158-mean": "--arch bitnet-b1.58 --layers 2 --embd 256 --heads 4 --kv-heads 2 --ff 512 --vocab 320 --pooling mean --seed 35",
    "llama-both-ways-mean": "--arch llama --layers 2 --embd 128 --heads 4 --kv-heads 1 --ff 256 --vocab 368 --type f16 --pooling mean --causal 0 --seed 36",
}
LENGTHS = (1, 2, 5, 9, 70)


class Steadiness:
    """How far disturbances well above float32's own error move the embedding; a rounding tie moves it far.

    Every gain of every norm is disturbed, not the token embedding alone as in golden.py: where a norm stands before each quantized
    product, what comes in is rounded away at the first of them.
    """

    def __init__(self, path):
        self.others = [Reference(path, np.float32, kv_half=True)]
        for seed in range(8):
            other, rng = Reference(path, kv_half=True), np.random.default_rng(seed)
            disturbed = lambda x: x * (1 + 4e-7 * rng.standard_normal(x.shape))
            other.embedding = disturbed(other.embedding)
            other.layers = [{name: disturbed(x) if isinstance(x, np.ndarray) else x for name, x in layer.items()} for layer in other.layers]
            self.others.append(other)

    def of(self, tokens, embedding):
        return max(float(np.abs(other.embed(tokens) - embedding).max()) for other in self.others)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--engine", required=True)
    engine = ap.parse_args().engine
    models = []
    for name, arguments in MODELS.items():
        arguments = arguments.split()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.gguf")
            make_random(engine, arguments, path)
            rng, vocab = random.Random(name), int(arguments[arguments.index("--vocab") + 1]) - 10  # the last tokens are control tokens
            model, steadiness, texts = Reference(path, kv_half=True), Steadiness(path), []
            for length in LENGTHS:
                drawn = [[rng.randrange(vocab) for _ in range(length)] for _ in range(8)]
                moved, tokens = min(((steadiness.of(t, model.embed(t)), t) for t in drawn), key=lambda pair: pair[0])
                texts.append({"tokens": tokens, "steady": int(moved < STEADY), "values": [float(f"{v:.9g}") for v in model.embed(tokens)]})
            models.append({"name": name, "arguments": arguments, "sha256": sha256(path), "texts": texts})
    dump(("embeddings", "index.json"), {"format": 1, "models": models})


if __name__ == "__main__":
    main()
