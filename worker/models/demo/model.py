"""The 2B-4T graph in torch, with ternary weights and int8 activations trained straight through.

Each matrix product is one autograd function that norms, quantizes and multiplies, because on a CPU the step is bound by memory
traffic of elementwise operations. Quantized values are small integers, exact in bfloat16; products accumulate in float32.
"""
from dataclasses import asdict, dataclass

import torch

EPS = 1e-5


@dataclass(frozen=True)
class Shape:
    n_vocab: int = 2048
    n_embd: int = 256
    n_layer: int = 6
    n_head: int = 4
    n_head_kv: int = 2
    n_ff: int = 768
    n_ctx: int = 1024
    rope_base: float = 10000.0

    @property
    def head_dim(self):
        return self.n_embd // self.n_head

    def as_dict(self):
        return asdict(self)


def ternary(weight):
    """absmean quantization: codes in {-1, 0, 1} and the scale. Source: The Era of 1-bit LLMs, arXiv 2402.17764."""
    scale = weight.abs().mean().clamp(min=1e-5)
    return (weight / scale).round().clamp(-1, 1), scale


class NormedTernaryProduct(torch.autograd.Function):
    """y = int8(rmsnorm(x) * gain) @ ternary(W).T for one or several W that share their input."""

    @staticmethod
    def forward(ctx, x, gain, *weights):
        r = torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS)
        xhat = x * r
        n = xhat * gain
        step = n.abs().amax(-1, keepdim=True).clamp_(min=1e-5).div_(127)
        q = n.div_(step).round_().to(torch.bfloat16)
        codes, scales = zip(*(ternary(w) for w in weights))
        codes = torch.cat(codes).to(torch.bfloat16)
        row_scale = torch.cat([s.expand(w.shape[0]) for s, w in zip(scales, weights)])
        y = torch.mm(q, codes.t()).float().mul_(step).mul_(row_scale)
        ctx.save_for_backward(xhat, r, gain, step, q, codes, row_scale)
        ctx.rows = [w.shape[0] for w in weights]
        return y

    @staticmethod
    def backward(ctx, gy):
        xhat, r, gain, step, q, codes, row_scale = ctx.saved_tensors
        gn = torch.mm((gy * row_scale).to(torch.bfloat16), codes).float()
        gw = torch.mm((gy * step).to(torch.bfloat16).t(), q).float()
        ggain = (gn * xhat).sum(0)
        gn.mul_(gain)
        gx = gn.sub_(xhat * (gn * xhat).mean(-1, keepdim=True)).mul_(r)
        return (gx, ggain) + tuple(gw.split(ctx.rows))


class GatedSquare(torch.autograd.Function):
    """relu(gate)^2 * up over the halves of one tensor."""

    @staticmethod
    def forward(ctx, gate_up):
        gate, up = gate_up.chunk(2, -1)
        a = gate.clamp(min=0)
        ctx.save_for_backward(a, up)
        return a.square().mul_(up)

    @staticmethod
    def backward(ctx, g):
        a, up = ctx.saved_tensors
        ga = g * a
        return torch.cat([(ga * up).mul_(2), ga.mul_(a)], -1)


class MaskedAttention(torch.autograd.Function):
    """softmax(q k^T / sqrt(d) + mask) v; q, k, v are [batch * heads, L, d], mask [batch, 1, L, L] additive."""

    @staticmethod
    def forward(ctx, q, k, v, mask):
        n, length, d = q.shape
        b = mask.shape[0]
        q, k, v = q.to(torch.bfloat16), k.to(torch.bfloat16), v.to(torch.bfloat16)
        s = torch.bmm(q, k.transpose(1, 2)).float().mul_(d ** -0.5)
        s.view(b, n // b, length, length).add_(mask)
        p = torch.softmax(s, -1).to(torch.bfloat16)
        ctx.save_for_backward(q, k, v, p)
        return torch.bmm(p, v).float()

    @staticmethod
    def backward(ctx, go):
        q, k, v, p = ctx.saved_tensors
        d = q.shape[-1]
        go = go.to(torch.bfloat16)
        gv = torch.bmm(p.transpose(1, 2), go)
        gp = torch.bmm(go, v.transpose(1, 2)).float()
        pf = p.float()
        gs = gp.mul_(pf).sub_(pf.mul_(gp.sum(-1, keepdim=True))).mul_(d ** -0.5).to(torch.bfloat16)
        return torch.bmm(gs, k).float(), torch.bmm(gs.transpose(1, 2), q).float(), gv.float(), None


class TiedCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of h @ E.T against targets, without keeping a float32 copy of the probabilities."""

    @staticmethod
    def forward(ctx, h, embd, target):
        hb, eb = h.to(torch.bfloat16), embd.to(torch.bfloat16)
        logits = torch.mm(hb, eb.t()).float()
        logits.sub_(logits.amax(-1, keepdim=True))
        picked = logits.gather(1, target[:, None])
        p = logits.exp_()
        total = p.sum(-1, keepdim=True)
        loss = total.log().sub_(picked).mean()
        p.div_(total)
        p.scatter_add_(1, target[:, None], torch.full_like(picked, -1.0))
        ctx.save_for_backward(hb, eb, p.to(torch.bfloat16))
        return loss

    @staticmethod
    def backward(ctx, g):
        hb, eb, p = ctx.saved_tensors
        scale = float(g) / hb.shape[0]
        return torch.mm(p, eb).float().mul_(scale), torch.mm(p.t(), hb).float().mul_(scale), None


class Block(torch.nn.Module):
    def __init__(self, s):
        super().__init__()
        def matrix(rows, cols):
            return torch.nn.Parameter(torch.randn(rows, cols) * cols ** -0.5)
        kv = s.n_head_kv * s.head_dim
        self.attn_norm = torch.nn.Parameter(torch.ones(s.n_embd))
        self.attn_sub_norm = torch.nn.Parameter(torch.ones(s.n_embd))
        self.ffn_norm = torch.nn.Parameter(torch.ones(s.n_embd))
        self.ffn_sub_norm = torch.nn.Parameter(torch.ones(s.n_ff))
        self.attn_q, self.attn_k, self.attn_v = matrix(s.n_embd, s.n_embd), matrix(kv, s.n_embd), matrix(kv, s.n_embd)
        self.attn_output = matrix(s.n_embd, s.n_embd)
        self.ffn_gate, self.ffn_up, self.ffn_down = matrix(s.n_ff, s.n_embd), matrix(s.n_ff, s.n_embd), matrix(s.n_embd, s.n_ff)
        with torch.no_grad():  # the residual stream starts near the embedding
            self.attn_sub_norm.mul_(0.3)
            self.ffn_sub_norm.mul_(0.3)


class Model(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = torch.nn.Parameter(torch.randn(shape.n_vocab, shape.n_embd) * 0.5)
        self.output_norm = torch.nn.Parameter(torch.full((shape.n_embd,), 0.05))
        self.blk = torch.nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        half = shape.head_dim // 2
        angle = torch.outer(torch.arange(shape.n_ctx).double(), shape.rope_base ** (-torch.arange(half).double() / half))
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)

    def rotate(self, x):  # x [B, L, H, d]; NeoX pairs (i, i + d/2)
        half = x.shape[-1] // 2
        c, s = self.cos[:x.shape[1], None, :], self.sin[:x.shape[1], None, :]
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * c - b * s, b * c + a * s], -1)

    def hidden(self, tokens, mask):
        """tokens [B, L], mask [B, 1, L, L] additive -> [B * L, n_embd] before output_norm."""
        s = self.shape
        b, length = tokens.shape
        group = s.n_head // s.n_head_kv
        q_dim, kv_dim = s.n_embd, s.n_head_kv * s.head_dim
        x = torch.nn.functional.embedding(tokens.reshape(-1), self.token_embd)
        for blk in self.blk:
            qkv = NormedTernaryProduct.apply(x, blk.attn_norm, blk.attn_q, blk.attn_k, blk.attn_v).view(b, length, -1)
            qk = self.rotate(qkv[..., :q_dim + kv_dim].reshape(b, length, s.n_head + s.n_head_kv, s.head_dim))
            v = qkv[..., q_dim + kv_dim:].reshape(b, length, s.n_head_kv, s.head_dim)
            q = qk[:, :, :s.n_head].transpose(1, 2).reshape(b * s.n_head, length, s.head_dim)
            k = qk[:, :, s.n_head:].transpose(1, 2).repeat_interleave(group, 1).reshape(b * s.n_head, length, s.head_dim)
            v = v.transpose(1, 2).repeat_interleave(group, 1).reshape(b * s.n_head, length, s.head_dim)
            o = MaskedAttention.apply(q, k, v, mask)
            o = o.view(b, s.n_head, length, s.head_dim).transpose(1, 2).reshape(b * length, s.n_embd)
            x = x + NormedTernaryProduct.apply(o, blk.attn_sub_norm, blk.attn_output)
            f = GatedSquare.apply(NormedTernaryProduct.apply(x, blk.ffn_norm, blk.ffn_gate, blk.ffn_up))
            x = x + NormedTernaryProduct.apply(f, blk.ffn_sub_norm, blk.ffn_down)
        return x

    def normed(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS) * self.output_norm

    def loss(self, tokens, mask, where, target):
        """where: indices into B * L whose next token counts; target: those next tokens."""
        h = self.normed(self.hidden(tokens, mask)[where])
        return TiedCrossEntropy.apply(h, self.token_embd, target)

    def ternary_matrices(self):
        return [p for n, p in self.named_parameters() if p.ndim == 2 and n != "token_embd"]

    def other_parameters(self):
        return [p for n, p in self.named_parameters() if p.ndim == 1 or n == "token_embd"]
