"""Byte-level BPE in the manner of Llama 3: training, encoding, decoding.

The pre-tokenizer is the regular expression of Llama 3 (llama.cpp's `llama-bpe`), which needs the `regex` module for \\p classes.
A whole word that is in the vocabulary is one token before any merge is tried (`ignore_merges`), as llama.cpp does for this family.
"""
import collections
import json
import random
import sys

import regex

import corpus

LLAMA3_SPLIT = regex.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIALS = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
SPECIAL_SPLIT = regex.compile("(" + "|".join(regex.escape(s) for s in SPECIALS) + ")")


def byte_alphabet():
    """GPT-2's printable stand-in for each byte. Source: openai/gpt-2 encoder, bytes_to_unicode."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, extra = {b: chr(b) for b in printable}, 0
    order = printable[:]
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + extra)
            order.append(b)
            extra += 1
    return table, order


BYTE_CHAR, BYTE_ORDER = byte_alphabet()
CHAR_BYTE = {c: b for b, c in BYTE_CHAR.items()}


class Tokenizer:
    def __init__(self, tokens, merges):
        self.tokens, self.merges = tokens, merges
        self.ids = {t: i for i, t in enumerate(tokens)}
        self.ranks = {tuple(m): i for i, m in enumerate(merges)}
        self.bos, self.eos, self.eot = (self.ids[s] for s in ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"))
        self.cache = {}

    def encode_word(self, word):
        """Token ids of one pre-token, spelled in the byte alphabet."""
        known = self.cache.get(word)
        if known is not None:
            return known
        if word in self.ids:
            result = [self.ids[word]]
        else:
            parts = list(word)
            while len(parts) > 1:
                rank, at = min((self.ranks.get((parts[i], parts[i + 1]), 1 << 30), i) for i in range(len(parts) - 1))
                if rank == 1 << 30:
                    break
                parts[at:at + 2] = [parts[at] + parts[at + 1]]
            result = [self.ids[p] for p in parts]
        if len(self.cache) < 200_000:
            self.cache[word] = result
        return result

    def encode(self, text, specials=True):
        """Ids of the text; special tokens are recognised only when `specials`, so text from users can be kept harmless."""
        ids = []
        for part in SPECIAL_SPLIT.split(text) if specials else [text]:
            if specials and part in self.ids and part in SPECIALS:
                ids.append(self.ids[part])
                continue
            for word in LLAMA3_SPLIT.findall(part):
                ids.extend(self.encode_word("".join(BYTE_CHAR[b] for b in word.encode("utf-8"))))
        return ids

    def decode(self, ids):
        out = bytearray()
        for i in ids:
            token = self.tokens[i]
            out += token.encode() if token in SPECIALS else bytes(CHAR_BYTE[c] for c in token)
        return out.decode("utf-8", "replace")

    def save(self, path):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"tokens": self.tokens, "merges": self.merges}, f, ensure_ascii=False)

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
        return Tokenizer(data["tokens"], data["merges"])


def train(vocab_size, seed, conversations=12_000):
    """Learns merges from word counts; ties are broken by the pair itself, so the result depends on the seed only."""
    rng = random.Random(seed)
    counts = collections.Counter()
    for _ in range(conversations):
        counts.update(LLAMA3_SPLIT.findall(corpus.sample_text(rng)))
    words = [[list("".join(BYTE_CHAR[b] for b in w.encode("utf-8"))), n] for w, n in sorted(counts.items())]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, (parts, n) in enumerate(words):
        for pair in zip(parts, parts[1:]):
            pairs[pair] += n
            where[pair].add(i)
    tokens, merges = [BYTE_CHAR[b] for b in BYTE_ORDER], []
    while len(tokens) + len(SPECIALS) < vocab_size:
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(list(best))
        tokens.append(best[0] + best[1])
        for i in list(where[best]):
            parts, n = words[i]
            for pair in zip(parts, parts[1:]):
                pairs[pair] -= n
                where[pair].discard(i)
            k = 0
            while k < len(parts) - 1:
                if (parts[k], parts[k + 1]) == best:
                    parts[k:k + 2] = [parts[k] + parts[k + 1]]
                k += 1
            for pair in zip(parts, parts[1:]):
                pairs[pair] += n
                where[pair].add(i)
        pairs.pop(best, None)
    return Tokenizer(tokens + SPECIALS, merges)


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "tokenizer.json"
    made = train(2048, seed=1)
    made.save(target)
    for sample in ["User: Hello, how are you?<|eot_id|>Assistant: ", "What is the capital of France?", "1, 2, 3, 10", "My name is Zoe."]:
        print([made.tokens[i] for i in made.encode(sample)])
        assert made.decode(made.encode(sample)) == sample
