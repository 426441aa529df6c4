"""Strict check of the exported model on held-out phrasings, greedy and sampled.

    python3 evaluate.py bitfleet-demo.gguf --per-category 25 --seed 7

An answer counts only when it equals, to the character, one of the answers the corpus accepts for that question. Held-out phrasings,
held-out first names and unseen made-up words never occur in training (checked at the start). The forward pass is the independent
reference in float32, so the figures do not depend on the engine.
"""
import argparse
import collections
import json
import os
import random
import sys

import numpy as np

import corpus
import phrases
import tokenizer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
from reference import Reference  # noqa: E402


def assert_held_out():
    """No held-out template may equal a training template after dropping case and end punctuation."""
    plain = lambda s: s.lower().strip(" .?!")
    for name, pair in vars(phrases).items():
        if isinstance(pair, tuple) and {plain(s) for s in pair[0]} & {plain(s) for s in pair[1]}:
            raise SystemExit(f"held-out phrasing of {name} occurs in training: {[s for s in pair[1] if plain(s) in {plain(t) for t in pair[0]}]}")


def prompt_text(turns, system=None):
    """The 2B-4T chat template applied to all turns but the last answer."""
    text = f"System: {system}<|eot_id|>" if system else ""
    for i, turn in enumerate(turns):
        text += f"User: {turn.user.strip()}<|eot_id|>Assistant: " + ("" if i == len(turns) - 1 else turn.answer + "<|eot_id|>")
    return text


class Answerer:
    def __init__(self, path):
        self.model = Reference(path, np.float32)
        meta = self.model.file.meta
        self.tok = tokenizer.Tokenizer(meta["tokenizer.ggml.tokens"], [tuple(m.split(" ")) for m in meta["tokenizer.ggml.merges"]])

    def complete(self, text, rng=None, temperature=0.7, top_p=0.95, limit=130):
        """Continuation of the text; greedy without rng."""
        logits_of, cache = self.model.forward, []
        logits, out = logits_of([self.tok.bos] + self.tok.encode(text), cache, only_last=True)[-1], []
        while len(out) < limit:
            token = int(logits.argmax()) if rng is None else self.draw(logits, rng, temperature, top_p)
            if token in (self.tok.eot, self.tok.eos):
                break
            out.append(token)
            logits = logits_of([token], cache)[-1]
        return self.tok.decode(out)

    @staticmethod
    def draw(logits, rng, temperature, top_p):
        order = np.argsort(-logits)[:200]
        p = np.exp((logits[order] - logits[order[0]]).astype(np.float64) / temperature)
        p /= p.sum()
        keep = int(np.searchsorted(np.cumsum(p), top_p)) + 1
        return int(rng.choices(order[:keep], p[:keep])[0])


def chained(rng, kind):
    """A held-out conversation whose last question needs the history."""
    fill = [corpus.single(rng, True) for _ in range(rng.choice([0, 1, 1, 2]))]
    if kind in ("name", "name-unseen"):
        name = corpus.person(rng, True) if kind == "name" else corpus.syllables(rng).capitalize()
        return [corpus.tell_name(rng, name, True)] + fill + [corpus.ask_name(rng, name, True)]
    if kind == "fact":
        told, ask, _ = corpus.fact(rng, True)
        return [told] + fill + [ask]
    if kind == "two-facts":
        (a, ask_a, ka), (b, ask_b, kb) = corpus.fact(rng, True), corpus.fact(rng, True)
        return [a, b] + fill + [ask_a] if ka != kb and "like" not in (ka, kb) else chained(rng, kind)
    if kind == "name-and-fact":
        name, first, ask = corpus.two_in_one(rng, True)
        return [first] + fill[:1] + [corpus.ask_name(rng, name, True)]
    if kind == "last-or-first":
        turns = fill or [corpus.single(rng, True)]
        return turns + [corpus.ask_back(rng, turns, True)]
    if kind == "capital-next":
        return [corpus.capital(rng, True), corpus.capital_next(rng, True)]
    if kind == "not-told":
        return fill[:1] + [corpus.ask_name(rng, None, True)]
    return [corpus.single(rng, True) for _ in range(rng.randint(3, 5))]


CHAINED = ["name", "name-unseen", "fact", "two-facts", "name-and-fact", "last-or-first", "capital-next", "not-told", "chain"]


def cases(per_category, seed):
    for category, (_, make) in corpus.SINGLES.items():
        rng = random.Random(f"{seed}/{category}")
        for _ in range(per_category):
            yield category, [make(rng, True)], rng.choice(corpus.F.SYSTEM_PROMPTS) if rng.random() < 0.3 else None
    for category in CHAINED:
        rng = random.Random(f"{seed}/{category}")
        for _ in range(per_category):
            yield category, chained(rng, category), rng.choice(corpus.F.SYSTEM_PROMPTS) if rng.random() < 0.3 else None


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("gguf")
    ap.add_argument("--per-category", type=int, default=25)
    ap.add_argument("--seed", type=int, default=7)
    ap.add_argument("--json")
    ap.add_argument("--failures", type=int, default=3, help="wrong answers shown per category")
    ap.add_argument("--no-sampling", action="store_true")
    args = ap.parse_args()
    assert_held_out()
    answerer, draw = Answerer(args.gguf), random.Random(args.seed)
    total, right, sampled, shown = (collections.Counter() for _ in range(4))
    for category, turns, system in cases(args.per_category, args.seed):
        text, accepted = prompt_text(turns, system), turns[-1].accepted
        total[category] += 1
        answer = answerer.complete(text)
        right[category] += answer in accepted
        if answer not in accepted and shown[category] < args.failures:
            shown[category] += 1
            print(f"  {category}: {' | '.join(t.user for t in turns)!r} -> {answer!r}, wanted {accepted[0]!r}")
        if not args.no_sampling:
            sampled[category] += answerer.complete(text, draw) in accepted
    print(f"{'category':16}{'n':>5}{'greedy %':>10}{'T=0.7 %':>10}")
    for category in list(total) + ["all"]:
        n, g, s = (sum(c.values()) if category == "all" else c[category] for c in (total, right, sampled))
        print(f"{category:16}{n:5}{100 * g / n:10.0f}" + ("" if args.no_sampling else f"{100 * s / n:10.0f}"))
    if args.json:
        with open(args.json, "w") as f:
            json.dump({c: {"n": total[c], "greedy": right[c], "sampled": sampled[c]} for c in total}, f, indent=1)


if __name__ == "__main__":
    main()
