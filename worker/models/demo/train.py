"""Trains the demo model on the CPU and writes checkpoints; stop it at any time, the last checkpoint is a usable model.

    python3 train.py --out BUILD_DIR --minutes 40 --seed 1

The schedule follows the clock, not a step count, so that a busy machine trains less instead of longer.
"""
import argparse
import json
import math
import os
import random
import sys
import time

import numpy as np
import torch

import corpus
import tokenizer
from model import Model, Shape

PAD_DOCUMENT = -1


def encode_conversation(tok, rng, turns, system):
    """Tokens and, per token, whether it is to be predicted.

    The prompt ends in "Assistant: " with a lone space token, while a finished answer in the history re-tokenises as " Hello": each
    earlier answer takes either form at random, the last always the prompt's.
    """
    ids, wanted = [tok.bos], [False]

    def add(part, want):
        ids.extend(part)
        wanted.extend([want] * len(part))

    if system:
        add(tok.encode(f"System: {system}<|eot_id|>"), False)
    for i, turn in enumerate(turns):
        add(tok.encode(f"User: {turn.user.strip()}<|eot_id|>"), False)
        if i == len(turns) - 1 or rng.random() < 0.5:
            add(tok.encode("Assistant: "), False)
            add(tok.encode(turn.answer) + [tok.eot], True)
        else:
            add(tok.encode("Assistant:"), False)
            add(tok.encode(" " + turn.answer) + [tok.eot], True)
    return ids, wanted


def encode_text(tok, text):
    ids = [tok.bos] + tok.encode(text) + [tok.eos]
    return ids, [False] + [True] * (len(ids) - 1)


def document(tok, rng, long):
    if long:
        return encode_conversation(tok, rng, corpus.long_conversation(rng, rng.randint(8, 40)), corpus.system_prompt(rng))
    if rng.random() < 0.06:
        return encode_text(tok, corpus.plain_text(rng))
    return encode_conversation(tok, rng, corpus.conversation(rng), corpus.system_prompt(rng))


def batch(tok, rng, rows, length, long=False):
    """Packs whole documents into rows. Returns tokens, additive mask, indices that predict, their targets."""
    packed = [([], [], []) for _ in range(rows)]
    misses = 0
    while misses < 12:
        ids, wanted = document(tok, rng, long)
        ids, wanted = ids[:length], wanted[:length]
        fit = [p for p in packed if len(p[0]) + len(ids) <= length]
        if not fit:
            misses += 1
            continue
        row = max(fit, key=lambda p: len(p[0]))
        number = row[2][-1] + 1 if row[2] else 0
        row[0].extend(ids), row[1].extend(wanted), row[2].extend([number] * len(ids))
    tokens = np.full((rows, length), tok.eos, np.int64)
    want = np.zeros((rows, length), bool)
    doc = np.full((rows, length), PAD_DOCUMENT, np.int64)
    for i, (a, b, c) in enumerate(packed):
        tokens[i, :len(a)], want[i, :len(b)], doc[i, :len(c)] = a, b, c
    predicts = np.zeros((rows, length), bool)
    predicts[:, :-1] = want[:, 1:] & (doc[:, 1:] == doc[:, :-1])
    where = np.flatnonzero(predicts)
    target = tokens.reshape(-1)[where + 1]
    mask = (doc[:, None, :] == doc[:, :, None]) & np.tri(length, dtype=bool)
    additive = np.where(mask, np.float32(0), np.float32(-1e9))[:, None]
    return torch.from_numpy(tokens), torch.from_numpy(additive), torch.from_numpy(where), torch.from_numpy(target)


class Muon:
    """Momentum whose update is made orthogonal by five Newton-Schulz steps. Source: Keller Jordan, Muon (2024)."""

    def __init__(self, params, momentum=0.95):
        self.params, self.momentum = params, momentum
        self.buffers = [torch.zeros_like(p) for p in params]

    @staticmethod
    def orthogonal(g):
        x = g.to(torch.bfloat16)
        flip = x.shape[0] > x.shape[1]
        x = x.t().contiguous() if flip else x
        x = x / (x.float().norm() + 1e-7)
        for _ in range(5):
            a = x @ x.t()
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
        x = x.float()
        return x.t() if flip else x

    @torch.no_grad()
    def step(self, lr, decay):
        for p, m in zip(self.params, self.buffers):
            m.mul_(self.momentum).add_(p.grad)
            update = self.orthogonal(p.grad + self.momentum * m)
            p.mul_(1 - lr * decay).add_(update, alpha=-lr * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)
            p.grad = None

    def state(self):
        return self.buffers

    def load(self, buffers):
        for mine, theirs in zip(self.buffers, buffers):
            mine.copy_(theirs)


class Threads:
    """Chooses one or two threads by the clock: beside a busy process a barrier of two waits a whole time slice of the scheduler."""

    def __init__(self, fixed=0, period=24):
        self.fixed, self.period, self.count, self.times = fixed, period, 0, {}

    def before_step(self):
        if self.fixed:
            torch.set_num_threads(self.fixed)
            return
        phase = self.count % self.period
        if phase == 0:
            self.times = {}
        torch.set_num_threads(1 if phase < 2 else 2 if phase < 4 else min(self.times, key=self.times.get))

    def after_step(self, seconds):
        phase = self.count % self.period
        if phase < 4:
            n = 1 if phase < 2 else 2
            self.times[n] = min(seconds, self.times.get(n, math.inf))
        self.count += 1


def schedule(progress):
    """Learning-rate factor over wall-clock progress 0..1: flat, then linear to 2 %."""
    return 1.0 if progress < 0.45 else max(0.02, 1.0 - (progress - 0.45) / 0.55)


def save(path, model, tok, extra):
    temporary = path + ".tmp"
    torch.save({"shape": model.shape.as_dict(), "model": model.state_dict(), "tokens": tok.tokens, "merges": tok.merges, **extra}, temporary)
    os.replace(temporary, path)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", required=True)
    ap.add_argument("--minutes", type=float, default=40)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--muon-lr", type=float, default=0.02)
    ap.add_argument("--adam-lr", type=float, default=4e-3)
    ap.add_argument("--resume", help="checkpoint whose weights to start from")
    ap.add_argument("--elapsed", type=float, default=0.0, help="minutes of the schedule already spent, with --resume")
    ap.add_argument("--threads", type=int, default=0, help="0: one or two, whichever is faster now")
    ap.add_argument("--max-steps", type=int, default=10 ** 9)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    os.makedirs(args.out, exist_ok=True)
    rng = random.Random(f"{args.seed}/{args.elapsed}")
    if args.resume:
        old = torch.load(args.resume)
        tok, model = tokenizer.Tokenizer(old["tokens"], old["merges"]), Model(Shape(**old["shape"]))
        model.load_state_dict(old["model"])
    else:
        tok, model = tokenizer.train(Shape().n_vocab, args.seed), Model(Shape())
    check_rng = random.Random(999)
    checks = [batch(tok, check_rng, 16, 256) for _ in range(3)]
    muon = Muon(model.ternary_matrices())
    adam = torch.optim.AdamW(model.other_parameters(), lr=args.adam_lr, betas=(0.9, 0.95), weight_decay=0.0)
    start, seen, step, running = time.time(), 0, 0, None
    log = open(os.path.join(args.out, "log.jsonl"), "a")
    last_save, threads = start, Threads(args.threads)
    while True:
        progress = ((time.time() - start) / 60 + args.elapsed) / args.minutes
        if progress >= 1 or step >= args.max_steps:
            break
        step += 1
        threads.before_step()
        began = time.time()
        factor = schedule(progress) * min(1.0, step / 40)
        if step % 12 == 0 and progress > 0.15:
            tokens, mask, where, target = batch(tok, rng, 4, 1024, long=True)
        else:
            tokens, mask, where, target = batch(tok, rng, 16, 256)
        loss = model.loss(tokens, mask, where, target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.other_parameters(), 1.0)
        muon.step(args.muon_lr * factor, decay=0.1 if progress < 0.5 else 0.0)
        for group in adam.param_groups:
            group["lr"] = args.adam_lr * factor
        adam.step()
        adam.zero_grad(set_to_none=True)
        threads.after_step((time.time() - began) * 4096 / tokens.numel())
        seen += tokens.numel()
        running = float(loss) if running is None else 0.95 * running + 0.05 * float(loss)
        if step % 20 == 0:
            line = {"step": step, "minutes": round((time.time() - start) / 60, 2), "loss": round(running, 4), "tokens": seen, "per_s": int(seen / (time.time() - start)), "threads": torch.get_num_threads()}
            if step % 200 == 0:
                with torch.no_grad():
                    line["check"] = round(float(np.mean([float(model.loss(*c)) for c in checks])), 4)
            print(json.dumps(line), file=log, flush=True)
            print(json.dumps(line), flush=True)
        if time.time() - last_save > 120:
            save(os.path.join(args.out, "checkpoint.pt"), model, tok, {"step": step, "tokens_seen": seen})
            last_save = time.time()
    save(os.path.join(args.out, "checkpoint.pt"), model, tok, {"step": step, "tokens_seen": seen})


if __name__ == "__main__":
    sys.exit(main())
