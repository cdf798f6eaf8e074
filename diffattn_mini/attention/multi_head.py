"""Multi-head attention: several small attentions side by side. Every other layer changes one step of it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..arrays import check_count, is_eager
from .masks import causal_mask
from .positions import turned
from .scaled import Mask, attention_weights, check_mask


class KVCache:
    """The keys and values that one layer has seen, so that the next token need not compute them again.

    One cache a layer and a text; give it to `forward` with the new tokens alone. len(cache) is how many it holds. It
    belongs to the layer that fills it first; a copy of it is anybody's. What is in it may be put into another order or
    cut: k and v alike. A cache remembers, so that nothing that runs a layer twice for one text goes with it: gradient
    checkpointing is refused when its second run comes, in the backward pass.

    >>> attention, cache, x = MultiHeadAttention(8, 2), KVCache(), torch.randn(1, 3, 8)
    >>> steps = [attention(x[:, t : t + 1], cache=cache) for t in range(3)]
    >>> len(cache), torch.allclose(torch.cat(steps, dim=1), attention(x), atol=1e-6)
    (3, True)
    """

    def __init__(self) -> None:
        self.k: Tensor | None = None  # (B, h_kv, S, d)
        self.v: Tensor | None = None
        self.layer: nn.Module | None = None

    def __getstate__(self) -> dict:
        return vars(self) | {"layer": None}

    def __len__(self) -> int:
        return 0 if self.k is None else self.k.shape[-2]

    def append(self, k: Tensor, v: Tensor, layer: nn.Module) -> tuple[Tensor, Tensor]:
        """Everything up to now, the new part included."""
        if self.k is not None:
            for name, held, new in (("k", self.k, k), ("v", self.v, v)):
                came, fits = ((*x.shape[:2], x.shape[3], x.dtype, x.device) for x in (new, held))
                if came != fits:
                    kinds = "(B, heads, width, dtype, device)"
                    raise ValueError(f"cache.{name} is of {kinds} = {fits}, the next tokens of {came}: another cache?")
            k, v = torch.cat([self.k, k], dim=-2), torch.cat([self.v, v], dim=-2)
        self.k, self.v, self.layer = k, v, layer
        return k, v


class MultiHeadAttention(nn.Module):
    """Multi-head scaled dot-product attention, grouped-query attention included.

    dim: width of the model. n_heads: heads of width head_dim = dim / n_heads. n_kv_heads: heads of keys and values,
    each shared by n_heads / n_kv_heads heads. rope: turn queries and keys by their positions. bias: on projections.

    forward(x, mask="causal", return_weights=False, context=None, cache=None): x (B, T, dim) -> (B, T, dim), and with
    return_weights the maps (B, n_heads, T, S). mask: "causal", None, or booleans, True = may look, (T, S) or of a shape
    that broadcasts to (B, n_heads, T, S). context (B, S, dim): keys and values come from it (cross-attention), and the
    mask is None or booleans. cache: a KVCache of this layer, with mask="causal"; x is then the tokens after it.
    Raises TypeError or ValueError, before any arithmetic, for sizes that do not divide, x or context of the wrong rank,
    width, dtype or device, NaN, and masks as attention_weights does.
    Source: Vaswani et al., 2017, section 3.2.2; grouped queries: Ainslie et al., arXiv 2305.13245.

    >>> attention = MultiHeadAttention(dim=16, n_heads=4, n_kv_heads=2)
    >>> attention(torch.randn(1, 5, 16)).shape
    torch.Size([1, 5, 16])
    """

    n_maps = 1  # a head's queries and keys are cut into so many parts, each with its own map

    def __init__(
        self, dim: int, n_heads: int, n_kv_heads: int | None = None, rope: bool = False, bias: bool = False
    ) -> None:
        super().__init__()
        dim, n_heads = check_count("dim", dim), check_count("n_heads", n_heads)
        n_kv_heads = n_heads if n_kv_heads is None else check_count("n_kv_heads", n_kv_heads)
        check_sizes(dim, n_heads, n_kv_heads, self.n_maps)
        self.dim, self.n_heads, self.n_kv_heads, self.rope = dim, n_heads, n_kv_heads, rope
        width = dim // n_heads
        self.head_dim = width // self.n_maps
        self.q_proj = nn.Linear(dim, dim, bias)
        self.k_proj = nn.Linear(dim, n_kv_heads * width, bias)
        self.v_proj = nn.Linear(dim, n_kv_heads * width, bias)
        self.o_proj = nn.Linear(dim, dim, bias)

    def forward(
        self,
        x: Tensor,
        mask: Mask = "causal",
        return_weights: bool = False,
        context: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        self._check(x, mask, context, cache)
        past = 0 if cache is None else len(cache)
        source = x if context is None else context
        q = self.split(self.q_proj(x), self.n_heads)  # (B, h, T, d)
        k = self.split(self.k_proj(source), self.n_kv_heads)  # (B, h_kv, S, d)
        v = self.split(self.v_proj(source), self.n_kv_heads)
        if self.rope:
            q, k = self.rotate(q, past), self.rotate(k, past)
        if cache is not None:
            k, v = cache.append(k, v, self)
            mask = causal_mask(q.shape[-2], k.shape[-2], x.device)
        k, v = self.share(k), self.share(v)  # (B, h, S, d)
        heads, weights = self.attend(q, k, v, mask, x, context, return_weights)  # (B, h, T, d), (B, h, T, S) or None
        output = self.o_proj(self.finish(heads.transpose(1, 2), x).flatten(2))  # (B, T, h * d = dim) -> (B, T, dim)
        return (output, weights) if return_weights else output

    # The steps that other layers change

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Mask, x: Tensor, context: Tensor | None, return_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Queries, keys and values of all heads -> what each head says, (B, h, T, d), and its map where asked for."""
        if return_weights:
            weights = attention_weights(q, k, mask)
            return weights @ v, weights
        causal = isinstance(mask, str)
        return F.scaled_dot_product_attention(q, k, v, None if causal else mask, is_causal=causal), None

    def finish(self, heads: Tensor, x: Tensor) -> Tensor:
        """What is done to the heads, (B, T, h, d), before they are mixed: here nothing."""
        return heads

    # Shapes

    def split(self, x: Tensor, n_heads: int) -> Tensor:
        """(B, T, n_heads * d) -> (B, n_heads, T, d)."""
        return x.unflatten(-1, (n_heads, -1)).transpose(1, 2)

    def rotate(self, x: Tensor, start: int) -> Tensor:
        """RoPE on each of the n_maps parts of a head separately."""
        return torch.cat([turned(part, start) for part in x.split(self.head_dim, dim=-1)], dim=-1)

    def share(self, x: Tensor) -> Tensor:
        """Repeat keys or values for the heads that share them."""
        sharing = self.n_heads // x.shape[1]
        return x if sharing == 1 else x.repeat_interleave(sharing, dim=1)

    def _check(self, x: Tensor, mask: Mask, context: Tensor | None, cache: KVCache | None) -> None:
        weight = self.q_proj.weight
        check_input("x", x, self.dim, weight)
        keys = x.shape[1]
        if context is not None:
            check_input("context", context, self.dim, weight)
            if context.shape[0] != x.shape[0]:
                raise ValueError(f"x has {x.shape[0]} rows and context {context.shape[0]}; they must have as many")
            if isinstance(mask, str) or cache is not None:
                raise ValueError("a context has neither order nor cache: pass mask=None or booleans, and cache=None")
            keys = context.shape[1]
        if cache is not None:
            check_cache(cache, self, len(x))
            if not isinstance(mask, str) or mask != "causal":
                raise ValueError('a cache needs mask="causal": the new tokens see all that came before them')
        if isinstance(mask, Tensor) and mask.ndim == 1:
            raise ValueError(f"mask has shape {tuple(mask.shape)}, one axis; write mask[None] if all see the same keys")
        if isinstance(mask, Tensor) and mask.ndim == 3:
            raise ValueError(
                f"mask has shape {tuple(mask.shape)}, three axes, which could mean two things; "
                "write mask[:, None] if its first axis is the batch, mask[None] if it is the heads"
            )
        check_mask(mask, x, (x.shape[0], self.n_heads, x.shape[1], keys))

    def extra_repr(self) -> str:
        return f"n_heads={self.n_heads}, n_kv_heads={self.n_kv_heads}" + (", rope=True" if self.rope else "")


def check_cache(cache: KVCache, layer: nn.Module, texts: int) -> None:
    """A cache that is empty, or that this layer has filled for as many texts; and not in a backward pass."""
    if not isinstance(cache, KVCache):
        raise TypeError(f"cache must be a KVCache, not {type(cache).__name__}: one for each layer")
    if cache.layer is not None and cache.layer is not layer:
        raise ValueError("cache holds the keys of another layer; make one KVCache for each layer")
    if cache.k is not None and (len(cache.k) != texts or cache.k.shape[:-1] != cache.v.shape[:-1]):
        held = f"k {tuple(cache.k.shape)} and v {tuple(cache.v.shape)}"
        raise ValueError(f"cache holds {held}, and x is of {texts} texts; both of (B={texts}, heads, S) are expected")
    if torch._C._current_graph_task_id() != -1:  # as torch.utils.checkpoint itself asks
        raise RuntimeError("a layer with a cache runs again in a backward pass, as gradient checkpointing does it, and "
                           "its tokens would be in the cache twice; leave out the cache or the checkpoint")  # fmt: skip


def check_input(name: str, x: Tensor, dim: int, weight: Tensor) -> None:
    """A batch of sequences, (B, T, dim), finite, that fits the layer's weights."""
    if not isinstance(weight, Tensor):  # of a quantised layer, which takes float32 on the processor
        weight = torch.empty(0, dtype=torch.float32, device="cpu")
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {type(x).__name__}: torch.as_tensor({name})")
    if x.ndim != 3 or x.shape[-1] != dim or x.shape[1] == 0:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; (B, T, dim={dim}) is expected, with T at least 1")
    if x.device != weight.device:
        raise ValueError(f"{name} is on {x.device} and the weights on {weight.device}; move one of them")
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        mend = f"{name}.to({weight.dtype})"
        raise TypeError(f"{name} has dtype {x.dtype} and the weights {weight.dtype}; convert one: {mend}")
    if is_eager(x) and not (math.isfinite(x.detach().sum()) or x.isfinite().all()):  # the sum, quicker, may overflow
        raise ValueError(f"{name} holds NaN or infinity, which would spread to every token that looks at it")


def check_sizes(dim: int, n_heads: int, n_kv_heads: int, n_maps: int) -> None:
    """Numbers that divide: dim into heads of n_maps parts, heads into groups that share keys."""
    step = n_maps * n_heads
    if dim % step:
        below = max(dim // step, 1) * step
        heads = "n_heads" if n_maps == 1 else f"{n_maps} * n_heads"
        raise ValueError(
            f"dim={dim} is not divisible by {heads} = {step}; choose dim from {below}, {below + step}, …"
        )
    if n_heads % n_kv_heads:
        divisors = ", ".join(str(n) for n in range(1, n_heads + 1) if n_heads % n == 0)
        raise ValueError(f"n_heads={n_heads} is not divisible by n_kv_heads={n_kv_heads}; choose from {divisors}")
