"""Compares an engine's logits with the golden reference figures, without any build system.

    python3 check.py --engine BIN [--kernels scalar,avx2] [--threads 1,2] [--recompute]

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

from golden import GOLDEN, WORKER, make_random, sha256
from reference import Reference

MAX_RMS_OVER_STD = 0.02
ARGMAX_GAP_STDS = 0.1


def engine_logits(engine, path, tokens, kernel, threads, n_vocab):
    command = [engine, "logits", "--model", path, "--tokens", ",".join(map(str, tokens)), "--threads", str(threads)]
    out = subprocess.run(command + (["--kernel", kernel] if kernel else []), check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(out, "<f4").reshape(len(tokens), n_vocab)


def compare(got, want):
    """(max abs difference, worst row's rms difference over the row's standard deviation, rows whose best token is wrong by more than the gap)."""
    delta = got.astype(np.float64) - want
    rms = np.sqrt(np.square(delta).mean(1)) / want.std(1)
    best, chosen = want.max(1), want[np.arange(len(want)), got.argmax(1)]
    return np.abs(delta).max(), rms.max(), int((best - chosen > ARGMAX_GAP_STDS * want.std(1)).sum()), int((got.argmax(1) == want.argmax(1)).sum())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--engine", required=True)
    ap.add_argument("--kernels", default="", help="comma-separated; empty lets the engine choose")
    ap.add_argument("--threads", default="1,2")
    ap.add_argument("--recompute", action="store_true")
    args = ap.parse_args()
    with open(os.path.join(GOLDEN, "logits", "index.json")) as f:
        models = json.load(f)["models"]
    failed = False
    print(f"{'model':16}{'sequence':34}{'kernel':12}{'thr':>4}{'rows':>5}{'max abs':>11}{'rms/std':>11}{'same best':>11}")
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
            reference = Reference(path) if args.recompute else None
            for sequence in model["sequences"]:
                tokens, positions, n = sequence["tokens"], sequence["positions"], model["n_vocab"]
                want = stored[sequence["offset"]:sequence["offset"] + len(positions) * n].reshape(len(positions), n)
                if reference is not None:
                    want, positions = reference.forward(tokens), list(range(len(tokens)))
                for kernel in args.kernels.split(","):
                    for threads in args.threads.split(","):
                        got = engine_logits(args.engine, path, tokens, kernel, threads, n)[positions]
                        worst, rms, wrong, same = compare(got, want)
                        bad = rms > MAX_RMS_OVER_STD or wrong
                        failed |= bool(bad)
                        print(f"{model['name']:16}{sequence['name'][:32]:34}{kernel or 'auto':12}{threads:>4}{len(positions):5}{worst:11.2e}{rms:11.2e}{same:7}/{len(positions):<4}{'  FAIL' if bad else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
