"""Dex: a trained layer of ordinary attention learns to subtract, without being trained anew."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from ..arrays import check_count, is_eager
from .differential import lambda_init
from .multi_head import MultiHeadAttention


class DexAdapter(MultiHeadAttention):
    """A trained MultiHeadAttention from whose chosen heads a learned map of their own output is subtracted.

    O' = O - lambda(t) [head is chosen] O W_D, with O (B, h, T, d) and one W_D (d, d) a layer, before o_proj.
    lambda(t) = (1 - a) (t / T) lambda_init + a lambda_learned, a = min(1, t / T): at t = 0 the layer says exactly what
    it said before, from t = T on lambda is what was learned.

    attention: the trained layer; its projections are taken over, not copied, and q_proj is frozen. heads: booleans
    (h,), from select_heads. steps: T. layer counts from 1 and sets lambda_init, where lambda_learned starts too.
    `advance()` after each step of training counts t. forward as in MultiHeadAttention; return_weights gives its maps.
    Raises TypeError for another kind of attention, or heads that are not booleans; ValueError for heads of the wrong
    shape, steps or a layer that is not from 1 on.
    Source: Kong et al., arXiv 2505.16333; one learned number for lambda_learned is a choice made here.

    >>> attention, x = MultiHeadAttention(dim=16, n_heads=4), torch.randn(1, 5, 16)
    >>> before, weights = attention(x, return_weights=True)
    >>> adapter = DexAdapter(attention, select_heads(weights), steps=100)
    >>> torch.equal(adapter(x), attention(x)), int(adapter.heads.sum())
    (True, 2)
    """

    def __init__(self, attention: MultiHeadAttention, heads: Tensor, steps: int, layer: int = 1) -> None:
        if type(attention) is not MultiHeadAttention:
            raise TypeError(f"attention is {type(attention).__name__}; Dex adapts an ordinary MultiHeadAttention")
        check_heads(heads, attention.n_heads)
        steps, init, weight = check_count("steps", steps), lambda_init(layer), attention.o_proj.weight
        if not isinstance(weight, Tensor):
            raise TypeError("attention is quantised and cannot be trained; adapt it first, quantise it afterwards")
        bias = attention.o_proj.bias is not None
        super().__init__(attention.dim, attention.n_heads, attention.n_kv_heads, attention.rope, bias)
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, getattr(attention, name))
        self.q_proj.requires_grad_(False)
        self.steps, self.lambda_init = steps, init
        self.d_proj = nn.Linear(self.head_dim, self.head_dim, bias=False, device=weight.device, dtype=weight.dtype)
        self.lambda_learned = nn.Parameter(torch.full_like(weight[0, 0], init, requires_grad=True))
        self.register_buffer("heads", heads.to(weight.device))
        self.register_buffer("t", torch.zeros((), dtype=torch.long, device=weight.device))
        self.train(attention.training)

    @property
    def lam(self) -> Tensor:
        """lambda(t) now, a tensor of shape ()."""
        wide = torch.promote_types(self.lambda_learned.dtype, torch.float32)  # float16 ends at 65,504 steps
        share = (self.t.to(wide) / self.steps).clamp(max=1).to(self.lambda_learned.dtype)  # a, and t / T until a is 1
        return (1 - share) * share * self.lambda_init + share * self.lambda_learned

    def advance(self) -> None:
        """One step of training has passed."""
        self.t += 1

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        return heads - self.lam * self.heads[:, None] * self.d_proj(heads)  # (B, T, h, d)

    def trained_parameters(self) -> list[nn.Parameter]:
        """What is trained: keys, values, the output, W_D and lambda. Everything else keeps what it has learned."""
        parts = (self.k_proj, self.v_proj, self.o_proj, self.d_proj)
        return [*(p for part in parts for p in part.parameters()), self.lambda_learned]

    @torch.no_grad()
    def absorbed(self) -> MultiHeadAttention:
        """The ordinary layer that says the same: (O - lambda O W_D) W_O = O (I - lambda W_D) W_O.

        It has copies of the weights, lambda as it is now, and costs nothing beyond ordinary attention.
        """
        bias = self.o_proj.bias is not None
        layer = MultiHeadAttention(self.dim, self.n_heads, self.n_kv_heads, self.rope, bias)
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(layer, name, deepcopy(getattr(self, name)))
        W = self.o_proj.weight.unflatten(1, (self.n_heads, self.head_dim))  # (dim, h, d): W_O, transposed
        change = self.lam * self.heads[:, None] * (W @ self.d_proj.weight)
        layer.o_proj.weight.copy_((W - change).flatten(1))
        return layer.requires_grad_().train(self.training)


def select_heads(weights: Tensor) -> Tensor:
    """The half of the heads whose attention is spread most widely: those with the highest entropy, in the mean.

    weights: maps (B, h, T, S) of ordinary attention, in [0, 1]. Returns booleans (h,), True for h // 2 heads, at least
    one. Raises TypeError or ValueError for anything else. Source: Kong et al., arXiv 2505.16333.

    >>> select_heads(torch.tensor([[[[1.0, 0.0]], [[0.5, 0.5]]]]))
    tensor([False,  True])
    """
    if not isinstance(weights, Tensor) or not weights.is_floating_point():
        came = weights.dtype if isinstance(weights, Tensor) else type(weights).__name__
        raise TypeError(f"weights must be a tensor of floats; it is {came}")
    if weights.ndim != 4 or weights.numel() == 0:
        raise ValueError(f"weights has shape {tuple(weights.shape)}; (B, h, T, S) is expected")
    if is_eager(weights) and not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError("weights must lie in [0, 1], as those of ordinary attention do: a negative one has no entropy")
    entropy = torch.special.entr(weights).sum(-1).mean((0, 2))  # (h,)
    chosen = torch.zeros_like(entropy, dtype=torch.bool)
    chosen[entropy.topk(max(len(entropy) // 2, 1)).indices] = True
    return chosen


@torch.no_grad()
def add_dex(model: nn.Module, tokens: Tensor, steps: int) -> list[DexAdapter]:
    """Put an adapter around the attention of every block of a trained MiniGPT, and freeze all that Dex leaves alone.

    tokens: integers (B, T), a sample of text on which the heads are chosen. steps: as for DexAdapter. Returns the
    adapters, one a block; train their trained_parameters, and call advance on each after a step.
    Raises TypeError if the attention is not ordinary.

    >>> from diffattn_mini.models.transformer import Config, MiniGPT
    >>> len(add_dex(MiniGPT(Config(vocabulary=5)), torch.tensor([[1, 2, 3]]), steps=10))
    2
    """
    maps, hooks = [], []
    for block in model.blocks:
        if type(block.attention) is not MultiHeadAttention:
            raise TypeError(f"attention is {type(block.attention).__name__}; Dex adapts an ordinary MultiHeadAttention")

        def look(module: nn.Module, args: tuple, output: Tensor) -> None:
            maps.append(module.forward(*args, return_weights=True)[1])  # not the module itself: it would look again

        hooks.append(block.attention.register_forward_hook(look))
    try:
        model(tokens)
    finally:
        for hook in hooks:
            hook.remove()
    model.requires_grad_(False)
    for layer, (block, weights) in enumerate(zip(model.blocks, maps, strict=True), start=1):
        block.attention = DexAdapter(block.attention, select_heads(weights), steps, layer)
        for parameter in block.attention.trained_parameters():
            parameter.requires_grad_()
    return [block.attention for block in model.blocks]


def check_heads(heads: Tensor, n_heads: int) -> None:
    """Booleans, one a head."""
    if not isinstance(heads, Tensor) or heads.dtype != torch.bool:
        came = heads.dtype if isinstance(heads, Tensor) else type(heads).__name__
        raise TypeError(f"heads must be a tensor of booleans, True = adapted; it is {came}: select_heads gives one")
    if tuple(heads.shape) != (n_heads,):
        raise ValueError(f"heads has shape {tuple(heads.shape)}; one boolean a head, ({n_heads},), is expected")
