"""Writes the golden figures: reference logits of the demo model and of tiny random models, tokenizer ids and greedy answers.

    python3 golden.py --engine BIN

The engine only makes the random models (a function of the stored arguments, whose file hash is stored too); every figure comes from
the float64 reference and from the Python tokenizer. The format is described in the golden folder's README.
"""
import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import numpy as np

from reference import Reference

HERE = os.path.dirname(os.path.abspath(__file__))
WORKER = os.path.normpath(os.path.join(HERE, "..", ".."))
GOLDEN = os.path.join(WORKER, "src", "test", "resources", "golden")
DEMO = "dev/bitfleet/models/bitfleet-demo.gguf"
sys.path.insert(0, os.path.join(HERE, "..", "demo"))

CHATS = [
    ["Hello"], ["Hello, how are you?"], ["Who are you?"], ["What is BitNet?"], ["What is the capital of France?"], ["Count to 5"], ["Tell me a joke"],
    ["What is artificial intelligence?"], ["Write a short poem about AI."], ["What are the days of the week?"], ["What is 2 + 3?"], ["Thank you!"],
    ["My name is Zoe.", "What is my name?"], ["What is the capital of France?", "What did I just ask you?"],
    ["My favorite color is blue.", "Tell me a joke", "What is my favorite color?"], ["What is the weather like?"],
]
COMPLETIONS = ["The capital of France is", "Once upon a time", "The quick brown fox", "BitNet is"]
# Texts that tell pre-tokenizers apart: contractions, digit groups, runs of white space, scripts, marks, emoji, broken words.
TEXTS = [
    "", " ", "  ", "\n", "Hello, world!", "Hello  world", "   leading", "trailing   ", "I'll we've DON'T it's 'tis", "1234567 12 3.14 1,000", "a\n\nb\r\nc \n d", "tab\there",
    "naïve café Brasília São", "Привет, мир", "你好,世界", "こんにちは", "مرحبا", "👋🏽 hi 👨‍👩‍👧", "x=1;y+=2//c", "CamelCase snake_case", "e\u0301 combining", "a\u00a0nbsp\u2003em",
    "٣٤٥ ½ Ⅷ", "!!!???...", " !\n", "'S 's ſ 'ſ", "\u200bzero", "line1\n   line2\n\n   line3", "User: Hi", "Assistant: ", "Łódź ĳ ŉ ǅ", "\x00\x01 control", "-1, 0 or +1",
]
STEADY = 1e-4
RANDOM_MODELS = {
    "b158-gqa": "--arch bitnet-b1.58 --layers 2 --embd 256 --heads 4 --kv-heads 2 --ff 512 --vocab 320 --type i2_s --embedding-type f16 --seed 11",
    "b158-mha-wide": "--arch bitnet-b1.58 --layers 3 --embd 384 --heads 3 --kv-heads 3 --ff 1024 --vocab 300 --type i2_s --embedding-type f16 --seed 12",
    "bitnet-25-deep": "--arch bitnet-25 --layers 6 --embd 128 --heads 2 --kv-heads 1 --ff 384 --vocab 290 --type i2_s --embedding-type bf16 --seed 17",
    "bitnet-silu-scales": "--arch bitnet --layers 2 --embd 256 --heads 4 --kv-heads 4 --ff 640 --vocab 360 --type i2_s --embedding-type f16 --scale-tensors 1 --seed 13",
    "llama-ternary": "--arch llama --layers 2 --embd 256 --heads 4 --kv-heads 1 --ff 768 --vocab 368 --type i2_s --embedding-type f16 --head-type q6_k --rope-factors 1 --seed 14",
    "b158-tq2-q8": "--arch bitnet-b1.58 --layers 2 --embd 256 --heads 2 --kv-heads 1 --ff 512 --vocab 300 --type tq2_0 --block-scales 1 --embedding-type q8_0 --seed 15",
    "b158-tq1-q4": "--arch bitnet-b1.58 --layers 2 --embd 256 --heads 4 --kv-heads 2 --ff 512 --vocab 300 --type tq1_0 --embedding-type f32 --head-type q4_0 --seed 16",
}


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def make_random(engine, arguments, path):
    subprocess.run([engine, "random-model", "--out", path, *arguments], check=True, stdout=subprocess.DEVNULL)


def spread(tokens, full):
    """Positions whose logits are kept: all of them for small vocabularies, else the first, the last and a few between."""
    n = len(tokens)
    return list(range(n)) if full else sorted({0, 1, n // 3, 2 * n // 3, n - 2, n - 1} & set(range(n)))


def row_rms(delta, rows):
    """Per row: rms of the difference over the standard deviation of the row's logits."""
    return np.sqrt(np.square(delta).mean(1)) / rows.std(1)


class Steadiness:
    """Which rows of logits do not hang on a rounding tie.

    An activation whose scaled value lies next to a half rounds one way in float64 and may round the other way in float32; from there on
    every later position differs by about one int8 step. A row is steady when the reference in float32 and with its embedding
    disturbed by one part in a million, well above float32's own error, gives the same logits.
    """

    def __init__(self, path):
        self.others = [Reference(path, np.float32, kv_half=True)]
        for seed in range(5):
            other = Reference(path, kv_half=True)
            other.embedding = other.embedding * (1 + 1e-6 * np.random.default_rng(seed).standard_normal(other.embedding.shape))
            self.others.append(other)

    def of(self, tokens, logits):
        return np.max([row_rms(other.forward(tokens) - logits, logits) for other in self.others], axis=0)


def steadiest(path, n_vocab, rng, length, candidates=12):
    """Of some random token sequences the one with the most steady rows: there the tight limit bites."""
    model, steadiness = Reference(path, kv_half=True), Steadiness(path)
    drawn = [[rng.randrange(n_vocab) for _ in range(length)] for _ in range(candidates)]
    return max(drawn, key=lambda tokens: int((steadiness.of(tokens, model.forward(tokens)) < STEADY).sum()))


def write_model(entry, path, sequences, full):
    """Adds the sequences' logits to the entry and writes the file of logits."""
    model, exact, steadiness = Reference(path, kv_half=True), Reference(path), Steadiness(path)
    kept, offset, worst, cache = [], 0, 0.0, 0.0
    for name, tokens in sequences:
        logits = model.forward(tokens)
        moved = steadiness.of(tokens, logits)
        worst, cache = max(worst, moved.max()), max(cache, row_rms(exact.forward(tokens) - logits, logits).max())
        positions = spread(tokens, full)
        rows = logits[positions]
        order = np.sort(rows, axis=1)
        entry["sequences"].append({"name": name, "tokens": tokens, "positions": positions, "offset": offset, "steady": [int(m < STEADY) for m in moved[positions]],
                                   "argmax": [int(i) for i in rows.argmax(1)], "gap": [round(float(g), 5) for g in order[:, -1] - order[:, -2]]})
        kept.append(rows.astype("<f4").tobytes())
        offset += rows.size
    entry["n_vocab"] = model.n_vocab
    entry["moved_by_rounding"] = float(f"{worst:.2g}")
    entry["moved_by_f16_cache"] = float(f"{cache:.2g}")
    with open(os.path.join(GOLDEN, "logits", entry["file"]), "wb") as f:
        f.write(b"".join(kept))


def chat_prompt(turns, answers):
    text = "".join(f"User: {u}<|eot_id|>Assistant: {a}<|eot_id|>" for u, a in zip(turns, answers))
    return text + f"User: {turns[len(answers)]}<|eot_id|>Assistant: "


def write_demo(path, entry):
    """Demo model: logits, tokenizer ids and greedy answers."""
    from tokenizer import Tokenizer
    model = Reference(path, kv_half=True)
    meta = model.file.meta
    tok = Tokenizer(meta["tokenizer.ggml.tokens"], [tuple(m.split(" ")) for m in meta["tokenizer.ggml.merges"]])
    steadiness = Steadiness(path)
    stop, chats, completions, sequences, steady = {tok.eot, tok.eos}, [], [], [], []
    for turns in CHATS:
        answers, gap = [], np.inf
        for _ in turns:
            prompt = chat_prompt(turns, answers)
            tokens = [tok.bos] + tok.encode(prompt)
            out, g = model.greedy(tokens, 128, stop)
            answers.append(tok.decode(out).strip())
            gap = min(gap, g)
        chats.append({"user": turns, "assistant": answers, "prompt": prompt, "prompt_tokens": tokens, "answer_tokens": out, "min_gap": round(gap, 4)})
        if turns[-1] in ("What is the capital of France?", "What is my name?", "Count to 5"):
            sequences.append((turns[-1], tokens + out))
        elif (steadiness.of(tokens + out, model.forward(tokens + out)) < STEADY).all():
            steady.append((turns[-1], tokens + out))
    for prompt in COMPLETIONS:
        tokens = [tok.bos] + tok.encode(prompt)
        out, g = model.greedy(tokens, 64, stop)
        completions.append({"prompt": prompt, "prompt_tokens": tokens, "text": tok.decode(out), "tokens": out, "min_gap": round(g, 4)})
    sequences += sorted(steady, key=lambda s: -len(s[1]))[:2]  # the longest that no tie disturbs, so that the tight limit bites
    rng = random.Random(5)
    sequences.append(("random tokens", [tok.bos] + [rng.randrange(len(tok.tokens) - 5) for _ in range(64)]))
    sequences += [(f"five random tokens, {i}", steadiest(path, len(tok.tokens) - 5, rng, 5)) for i in range(4)]
    write_model(entry, path, sequences, full=False)
    texts = [{"text": t, "ids": tok.encode(t, specials=False)} for t in TEXTS] + [{"text": t, "specials": True, "ids": tok.encode(t)} for t in ("<|begin_of_text|>User: Hi<|eot_id|>Assistant: ", "a<|eot_id|><|eot_id|> b")]
    dump(("demo", "answers.json"), {"model_sha256": entry["sha256"], "chats": chats, "completions": completions})
    dump(("tokenizer", "demo.json"), {"model_sha256": entry["sha256"], "texts": texts})


def dump(where, value):
    path = os.path.join(GOLDEN, *where)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        text = json.dumps(value, ensure_ascii=True, indent=1)
        f.write(re.sub(r"\[[-0-9.,\se]*\]", lambda m: re.sub(r"\s+", "", m.group()), text) + "\n")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--engine", help="without it the entries of random models are kept as they are")
    args = ap.parse_args()
    os.makedirs(os.path.join(GOLDEN, "logits"), exist_ok=True)
    index_path = os.path.join(GOLDEN, "logits", "index.json")
    demo_path = os.path.join(WORKER, "src", "main", "resources", DEMO)
    demo = {"name": "demo", "resource": DEMO, "sha256": sha256(demo_path), "file": "demo.f32", "sequences": []}
    write_demo(demo_path, demo)
    models = [demo]
    if args.engine is None and os.path.exists(index_path):
        with open(index_path) as f:
            models += [m for m in json.load(f)["models"] if "arguments" in m]
    for name, arguments in RANDOM_MODELS.items() if args.engine else []:
        arguments = arguments.split()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.gguf")
            make_random(args.engine, arguments, path)
            rng = random.Random(name)
            entry = {"name": name, "arguments": arguments, "sha256": sha256(path), "file": name + ".f32", "sequences": []}
            vocab = int(arguments[arguments.index("--vocab") + 1])
            write_model(entry, path, [("random tokens", [rng.randrange(vocab) for _ in range(24)]), ("repeated", [7] * 5)]
                        + [(f"five random tokens, {i}", steadiest(path, vocab, rng, 5)) for i in range(4)], full=True)
            models.append(entry)
    dump(("logits", "index.json"), {"format": 1, "models": models})


if __name__ == "__main__":
    main()
