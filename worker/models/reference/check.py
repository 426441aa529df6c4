"""Compares an engine's logits with the golden reference figures, without any build system.

    python3 check.py --engine BIN [--kernels scalar,avx2] [--threads 1,2] [--kv-quant int8] [--recompute]

Exit 0 when every position of every model is inside the tolerance of golden/logits/README.md, 1 otherwise, 2 when a model cannot be
made or read. `--recompute` runs the float64 reference again over all positions and does not trust the stored figures.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from golden import GOLDEN, STEADY, WORKER, Steadiness, make_random, row_rms, sha256
from reference import Reference

MAX_ROW = 0.1           # any row
MAX_STEADY_ROW = 2e-5   # rows that hang on no rounding tie
CLEAR_GAP = 0.25        # in standard deviations: where the best token must be the same


def engine_logits(engine, path, tokens, kernel, threads, n_vocab, kv_quant="none"):
    command = [engine, "logits", "--model", path, "--tokens", ",".join(map(str, tokens)), "--threads", str(threads), "--kv-quant", kv_quant]
    out = subprocess.run(command + (["--kernel", kernel] if kernel else []), check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(out, "<f4").reshape(len(tokens), n_vocab)


def compare(got, want):
    """Max abs difference; per row rms difference over standard deviation; number of rows whose best token is wrong though the gap is clear."""
    best, chosen = want.max(1), want[np.arange(len(want)), got.argmax(1)]
    return np.abs(got - want).max(), row_rms(got - want, want), int((best - chosen > CLEAR_GAP * want.std(1)).sum())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--engine", required=True)
    ap.add_argument("--kernels", default="", help="comma-separated; empty lets the engine choose")
    ap.add_argument("--threads", default="1,2")
    ap.add_argument("--recompute", action="store_true")
    ap.add_argument("--kv-quant", default="none", help="int8: held against the same figures, of an f16 cache, by the limit of rows that are not steady")
    args = ap.parse_args()
    with open(os.path.join(GOLDEN, "logits", "index.json")) as f:
        models = json.load(f)["models"]
    failed = False
    print(f"{'model':20}{'sequence':32}{'kernel':12}{'thr':>4}{'rows':>5}{'steady':>7}{'max abs':>10}{'rms/std':>10}{'steady':>10}{'same best':>11}")
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            if "resource" in model:
                path = os.path.join(WORKER, "src", "main", "resources", model["resource"])
            else:
                path = os.path.join(folder, "model.gguf")
                make_random(args.engine, model["arguments"], path)
            if sha256(path) != model["sha256"]:
                print(f"{model['name']}: this is not the file the figures were made from (sha256 differs)")
                return 2
            stored = np.fromfile(os.path.join(GOLDEN, "logits", model["file"]), "<f4").astype(np.float64)
            reference, steadiness = (Reference(path, kv_half=True), Steadiness(path)) if args.recompute else (None, None)
            for sequence in model["sequences"]:
                tokens, positions, n = sequence["tokens"], sequence["positions"], model["n_vocab"]
                want = stored[sequence["offset"]:sequence["offset"] + len(positions) * n].reshape(len(positions), n)
                steady = np.array(sequence["steady"], bool)
                if reference is not None:
                    want, positions = reference.forward(tokens), list(range(len(tokens)))
                    steady = steadiness.of(tokens, want) < STEADY
                for kernel in args.kernels.split(","):
                    for threads in args.threads.split(","):
                        got = engine_logits(args.engine, path, tokens, kernel, threads, n, args.kv_quant)[positions].astype(np.float64)
                        worst, rms, wrong = compare(got, want)
                        tight = rms[steady].max(initial=0)
                        same = int((got.argmax(1) == want.argmax(1)).sum())
                        bad = rms.max() > MAX_ROW or (args.kv_quant == "none" and tight > MAX_STEADY_ROW) or wrong > 0
                        failed |= bool(bad)
                        print(f"{model['name']:20}{sequence['name'][:30]:32}{kernel or 'auto':12}{threads:>4}{len(positions):5}{steady.sum():7}{worst:10.1e}{rms.max():10.1e}{tight:10.1e}"
                              f"{same:7}/{len(positions):<4}{'  FAIL' if bad else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
