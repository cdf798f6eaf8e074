"""The Transformer around an attention layer: a language model, a translator, and a small eye for pictures."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..arrays import check_count, check_positive, is_integer, lie_within
from ..attention.family import KINDS, make_attention
from ..attention.masks import check_lengths, padding_mask
from ..attention.multi_head import KVCache, check_input
from ..attention.positions import waves
from ..attention.scaled import Mask


@dataclass(frozen=True)
class Config:
    """What a model is built from. Raises ValueError for a choice that does not exist, and for sizes below 1.

    vocabulary: how many tokens there are. dim: width. n_heads: heads of an ordinary layer of that width. n_layers.
    length: the longest sequence, for positions that are added. attention: a name from `family.KINDS`.
    positions: "rope", "sinusoidal" or "none". mlp: "swiglu" or "gelu", of width hidden (by default 8/3 dim and 4 dim:
    equally many parameters). norm: "rms" or "layer". pre_norm: norm before each part, or after it as in 2017.
    bias: on the linear maps. tied: the head reads with the embedding's own vectors. eps: of the norms.

    >>> Config(vocabulary=100, dim=96).width
    256
    """

    vocabulary: int
    dim: int = 64
    n_heads: int = 4
    n_layers: int = 2
    length: int = 256
    attention: str = "standard"
    positions: str = "rope"
    mlp: str = "swiglu"
    hidden: int | None = None
    norm: str = "rms"
    pre_norm: bool = True
    bias: bool = False
    tied: bool = True
    eps: float = 1e-5

    def __post_init__(self) -> None:
        choices = {"attention": tuple(KINDS), "positions": ("rope", "sinusoidal", "none"), "mlp": ("swiglu", "gelu"),
                   "norm": ("rms", "layer")}  # fmt: skip
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r}; choose from {', '.join(allowed)}")
        for name in ("vocabulary", "dim", "n_heads", "n_layers", "length", "hidden"):
            if name != "hidden" or self.hidden is not None:
                object.__setattr__(self, name, check_count(name, getattr(self, name)))
        object.__setattr__(self, "eps", check_positive("eps", self.eps, "1e-5"))

    @property
    def width(self) -> int:
        """Of the hidden layer."""
        return self.hidden or (round(8 * self.dim / 3) if self.mlp == "swiglu" else 4 * self.dim)

    def make_norm(self) -> nn.Module:
        if self.norm == "rms":
            return nn.RMSNorm(self.dim, eps=self.eps)
        return nn.LayerNorm(self.dim, eps=self.eps)


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)). Source: Shazeer, arXiv 2002.05202."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.dim, config.width, config.bias)
        self.up_proj = nn.Linear(config.dim, config.width, config.bias)
        self.down_proj = nn.Linear(config.width, config.dim, config.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class GELU(nn.Module):
    """down(gelu(up(x)))."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.up_proj = nn.Linear(config.dim, config.width, config.bias)
        self.down_proj = nn.Linear(config.width, config.dim, config.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.gelu(self.up_proj(x)))


class Block(nn.Module):
    """Attention, to a context too where cross is set, and an MLP, each with a norm and a way round it.

    forward(x, mask, context=None, context_mask=None, cache=None): x (B, T, dim) -> (B, T, dim). layer counts from 1.
    Raises TypeError or ValueError as its attention does, and where RoPE would have to turn an odd number of features.

    >>> Block(Config(vocabulary=11), layer=1)(torch.zeros(2, 5, 64)).shape
    torch.Size([2, 5, 64])
    """

    def __init__(self, config: Config, layer: int, cross: bool = False) -> None:
        super().__init__()
        self.pre_norm = config.pre_norm
        rope = config.positions == "rope"
        self.norm1, self.norm2 = config.make_norm(), config.make_norm()
        self.attention = make_attention(config.attention, config.dim, config.n_heads, layer, rope, config.bias)
        d = self.attention.head_dim
        if rope and d % 2:
            parts, below = config.dim // d, max(d - 1, 2)
            raise ValueError(
                f"dim={config.dim} and n_heads={config.n_heads} make heads of {d}, which RoPE cannot turn in pairs; "
                f"choose dim from {below * parts}, {(below + 2) * parts}, … or other positions than 'rope'"
            )
        self.mlp = (SwiGLU if config.mlp == "swiglu" else GELU)(config)
        if cross:
            self.norm3 = config.make_norm()
            self.cross = make_attention(config.attention, config.dim, config.n_heads, layer, False, config.bias)

    def forward(
        self,
        x: Tensor,
        mask: Mask = "causal",
        context: Tensor | None = None,
        context_mask: Mask = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        x = self.around(x, self.norm1, lambda y: self.attention(y, mask, cache=cache))
        if context is not None:
            x = self.around(x, self.norm3, lambda y: self.cross(y, context_mask, context=context))
        return self.around(x, self.norm2, self.mlp)

    def around(self, x: Tensor, norm: nn.Module, part: nn.Module) -> Tensor:
        """Pre-norm: x + part(norm(x)), the way round stays clean. Post-norm: norm(x + part(x))."""
        return x + part(norm(x)) if self.pre_norm else norm(x + part(x))


class Embedding(nn.Module):
    """Tokens (B, T) -> (B, T, dim), with positions added where the configuration asks for sinusoidal ones."""

    def __init__(self, config: Config, vocabulary: int | None = None) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary or config.vocabulary, config.dim)
        self.length = config.length if config.positions == "sinusoidal" else None
        if self.length is not None:
            waves(torch.arange(0), config.dim)  # refuses an odd dim here, not at the first text

    def forward(self, tokens: Tensor, start: int = 0) -> Tensor:
        x = self.tokens(tokens.long())
        if self.length is None:
            return x
        end, dim = start + tokens.shape[1], x.shape[-1]
        if end > self.length:
            raise ValueError(f"the text has {end} tokens and length={self.length}; raise length, or cut the text")
        places = waves(torch.arange(start, end, device=x.device), dim)  # made anew: a model filled later has them too
        return x + places.to(x.dtype) * dim**-0.5  # of the size of the embeddings


def initialise(model: nn.Module) -> None:
    """Normal, of spread 0.8 / sqrt(inputs) for linear maps, 1 / sqrt(dim) for embeddings: signals keep their size."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.8 * module.in_features**-0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)


class MiniGPT(nn.Module):
    """A language model: tokens in, scores of the next token out.

    forward(tokens, caches=None): integers (B, T) -> scores (B, T, vocabulary). caches: new_caches(), kept from call to
    call; tokens are then the new ones alone. Raises TypeError for tokens that are not integers, ValueError for tokens
    that are not (B, T) or not of the vocabulary, and where the text outgrows added positions.
    Source: Radford et al., 2019 (GPT-2); by default with RoPE, RMSNorm and SwiGLU in place of learned positions,
    LayerNorm and GELU, and without biases and dropout.

    >>> model = MiniGPT(Config(vocabulary=11, attention="diff"))
    >>> model(torch.zeros(2, 5, dtype=torch.long)).shape
    torch.Size([2, 5, 11])
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = Embedding(config)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(1, config.n_layers + 1))
        self.norm = config.make_norm() if config.pre_norm else nn.Identity()
        self.head = nn.Linear(config.dim, config.vocabulary, bias=False)
        initialise(self)
        if config.tied:
            self.head.weight = self.embedding.tokens.weight

    def new_caches(self) -> list[KVCache]:
        return [KVCache() for _ in self.blocks]

    def forward(self, tokens: Tensor, caches: list[KVCache] | None = None) -> Tensor:
        check_tokens("tokens", tokens, self.config.vocabulary, self.embedding.tokens.weight)
        caches, start = check_caches(caches, len(self.blocks))
        x = self.embedding(tokens, start)
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, cache=cache)
        return self.head(self.norm(x))


class EncoderDecoder(nn.Module):
    """A translator: an encoder that sees the whole source, a decoder that sees it and its own words so far.

    config.vocabulary counts the target's tokens, source_vocabulary the source's: by default as many.
    forward(source, target, lengths=None): integers (B, S) and (B, T), lengths (B,) of the sources ->
    scores of each next target token, (B, T, vocabulary). encode and decode are its two halves;
    `translate` writes with begin and advance.
    Raises TypeError or ValueError for tokens that are not integers (B, S) and (B, T) of their vocabularies, another
    number of rows in the target than in the source, lengths that are not integers (B,) in 1..S, and a text that
    outgrows added positions.
    Source: Vaswani et al., 2017; by default with RoPE, RMSNorm, SwiGLU and the norm before each part.

    >>> model = EncoderDecoder(Config(vocabulary=7), source_vocabulary=5)
    >>> model(torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 4, dtype=torch.long)).shape
    torch.Size([2, 4, 7])
    """

    def __init__(self, config: Config, source_vocabulary: int | None = None) -> None:
        super().__init__()
        source_vocabulary = config.vocabulary if source_vocabulary is None else source_vocabulary
        source_vocabulary = check_count("source_vocabulary", source_vocabulary)
        self.config, self.source_vocabulary = config, source_vocabulary
        layers = range(1, config.n_layers + 1)
        self.source_embedding, self.embedding = Embedding(config, source_vocabulary), Embedding(config)
        self.encoder = nn.ModuleList(Block(config, layer) for layer in layers)
        self.decoder = nn.ModuleList(Block(config, layer, cross=True) for layer in layers)
        self.encoder_norm, self.norm = (config.make_norm() if config.pre_norm else nn.Identity() for _ in range(2))
        self.head = nn.Linear(config.dim, config.vocabulary, bias=False)
        initialise(self)
        if config.tied:
            self.head.weight = self.embedding.tokens.weight

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Mask]:
        """What the decoder needs of the source: its vectors (B, S, dim), and the mask that hides its padding."""
        check_tokens("source", source, self.source_vocabulary, self.source_embedding.tokens.weight)
        if lengths is not None:
            check_lengths(lengths, source.shape[1], source)
        mask = None if lengths is None else padding_mask(lengths, source.shape[1])
        x = self.source_embedding(source)
        for block in self.encoder:
            x = block(x, mask)
        return self.encoder_norm(x), mask

    def decode(
        self, target: Tensor, context: Tensor, context_mask: Mask = None, caches: list[KVCache] | None = None
    ) -> Tensor:
        check_tokens("target", target, self.config.vocabulary, self.embedding.tokens.weight)
        caches, start = check_caches(caches, len(self.decoder))
        x = self.embedding(target, start)
        for block, cache in zip(self.decoder, caches, strict=True):
            x = block(x, "causal", context, context_mask, cache)
        return self.head(self.norm(x))

    def new_caches(self) -> list[KVCache]:
        return [KVCache() for _ in self.decoder]

    def forward(self, source: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.decode(target, *self.encode(source, lengths))

    def begin(self, source: Tensor, lengths: Tensor | None = None) -> tuple[Tensor | None, ...]:
        """What translate keeps between two words: the encoder's vectors and the mask of their padding."""
        return self.encode(source, lengths)

    def advance(self, tokens: Tensor, memory: tuple[Tensor | None, ...]) -> tuple[Tensor, tuple[Tensor | None, ...]]:
        """Tokens written so far (B, T), start included -> scores of the next (B, V), and the same memory.

        The words so far are read anew each time: short, and nothing to reorder when a search changes its mind.
        """
        return self.decode(tokens, *memory)[:, -1], memory


class VisionTransformer(nn.Module):
    """Classes for small pictures: patches become tokens, which look at one another, and their mean is read.

    config.vocabulary counts the classes; positions are learned, whatever config.positions. size: of the square picture.
    patch: of a patch. channels: of the picture. forward(pictures): (B, channels, size, size) -> (B, vocabulary).
    Raises ValueError for sizes below 1 or that do not divide, and for pictures of another shape or with NaN; TypeError
    for anything but a tensor of the weights' dtype.
    Source: Dosovitskiy et al., arXiv 2010.11929, with the mean in place of the class token.

    >>> model = VisionTransformer(Config(vocabulary=10), size=8, patch=2)
    >>> model(torch.zeros(3, 1, 8, 8)).shape
    torch.Size([3, 10])
    """

    def __init__(self, config: Config, size: int, patch: int, channels: int = 1) -> None:
        super().__init__()
        size, patch = check_count("size", size), check_count("patch", patch)
        channels = check_count("channels", channels)
        if size % patch:
            divisors = ", ".join(str(n) for n in range(1, size + 1) if size % n == 0)
            raise ValueError(f"size={size} is not divisible by patch={patch}; choose patch from {divisors}")
        self.shape, self.patch = (channels, size, size), patch
        config = Config(**{**vars(config), "positions": "none"})
        self.patches = nn.Linear(channels * patch**2, config.dim)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(1, config.n_layers + 1))
        self.norm = config.make_norm() if config.pre_norm else nn.Identity()
        self.head = nn.Linear(config.dim, config.vocabulary)
        initialise(self)
        self.positions = nn.Parameter(0.02 * torch.randn((size // patch) ** 2, config.dim))

    def forward(self, pictures: Tensor) -> Tensor:
        if isinstance(pictures, Tensor) and pictures.shape[1:] != self.shape:
            shape = ", ".join(map(str, self.shape))
            raise ValueError(f"pictures have shape {tuple(pictures.shape)}; (B, {shape}) is expected")
        rows = pictures.flatten(2) if isinstance(pictures, Tensor) else pictures
        check_input("pictures", rows, self.shape[1] ** 2, self.patches.weight)
        x = F.unfold(pictures, self.patch, stride=self.patch).transpose(1, 2)  # (B, patches, channels * patch^2)
        x = self.patches(x) + self.positions
        for block in self.blocks:
            x = block(x, mask=None)
        return self.head(self.norm(x).mean(1))


def check_caches(caches: list[KVCache] | None, blocks: int) -> tuple[list[KVCache | None], int]:
    """One cache a block, all as full; or none. Returns them, and how many tokens they hold."""
    if caches is None:
        return [None] * blocks, 0
    held = [len(cache) for cache in caches]
    if len(held) != blocks or len(set(held)) > 1:
        raise ValueError(f"caches hold {held} tokens; {blocks} are expected, all as full: new_caches() makes them")
    return caches, held[0]


def check_tokens(name: str, tokens: Tensor, vocabulary: int, weight: Tensor | None = None) -> None:
    """Integers (B, T) in 0..vocabulary-1, where a weight is given on its device."""
    if not isinstance(tokens, Tensor) or not is_integer(tokens):
        came = tokens.dtype if isinstance(tokens, Tensor) else type(tokens).__name__
        raise TypeError(f"{name} must be a tensor of integers; it is {came}")
    if tokens.ndim != 2 or tokens.shape[1] == 0:
        raise ValueError(f"{name} has shape {tuple(tokens.shape)}; (B, T) is expected, with T at least 1")
    if weight is not None and tokens.device != weight.device:
        raise ValueError(f"{name} is on {tokens.device} and the model on {weight.device}; move one of them")
    if not lie_within(tokens, 0, vocabulary - 1):
        raise ValueError(f"{name} must lie in 0..{vocabulary - 1}; they run from {tokens.min()} to {tokens.max()}")
