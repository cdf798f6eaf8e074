"""Recurrent networks from their cells up, additive attention, and translation with it and without."""

import math

import torch
from torch import Tensor, nn

from ..arrays import check_count, require_floats
from ..attention.masks import check_lengths, padding_mask
from ..attention.multi_head import check_input
from ..attention.scaled import check_mask
from .transformer import check_tokens


class Cell(nn.Module):
    """What the three cells share: weights for the input and for the state, one set of rows a gate.

    input_dim, dim: widths of the input and of the state. Names and rows are those of `torch.nn`, whose weights load.
    """

    gates = 1

    def __init__(self, input_dim: int, dim: int) -> None:
        super().__init__()
        input_dim, dim = check_count("input_dim", input_dim), check_count("dim", dim)
        self.dim = dim
        self.weight_ih = nn.Parameter(torch.empty(self.gates * dim, input_dim))
        self.weight_hh = nn.Parameter(torch.empty(self.gates * dim, dim))
        self.bias_ih, self.bias_hh = (nn.Parameter(torch.empty(self.gates * dim)) for _ in range(2))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(dim**-0.5), dim**-0.5)

    def parts(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """What the input says to every gate, and what the state says: (B, gates * dim) each."""
        return x @ self.weight_ih.T + self.bias_ih, h @ self.weight_hh.T + self.bias_hh

    def start(self, x: Tensor) -> Tensor:
        """The state before the first token: zeros. An LSTM has two, the hidden one and the memory, side by side."""
        return x.new_zeros(x.shape[0], self.dim)

    def hidden(self, state: Tensor) -> Tensor:
        """The part of the state that others see, (B, dim)."""
        return state


class RNNCell(Cell):
    """h' = tanh(W x + U h + b). forward(x, state): (B, input_dim), (B, dim) -> (B, dim). Source: Elman, 1990.

    >>> RNNCell(3, 5)(torch.zeros(2, 3), torch.zeros(2, 5)).shape
    torch.Size([2, 5])
    """

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        said, remembered = self.parts(x, state)
        return (said + remembered).tanh()


class GRUCell(Cell):
    """h' = (1 - z) n + z h, with n = tanh(W x + r (U h)): z keeps, r forgets. Source: Cho et al., arXiv 1406.1078.

    forward(x, state): (B, input_dim), (B, dim) -> (B, dim).

    >>> GRUCell(3, 5)(torch.zeros(2, 3), torch.zeros(2, 5)).shape
    torch.Size([2, 5])
    """

    gates = 3  # r, z, n

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        (r, z, n), (hr, hz, hn) = (part.chunk(3, dim=-1) for part in self.parts(x, state))
        r, z = (r + hr).sigmoid(), (z + hz).sigmoid()
        n = (n + r * hn).tanh()
        return (1 - z) * n + z * state


class LSTMCell(Cell):
    """c' = f c + i g, h' = o tanh(c'): the memory c is added to, not rewritten. Source: Hochreiter, Schmidhuber, 1997.

    forward(x, state): (B, input_dim), (B, 2 dim), the hidden state and the memory side by side -> (B, 2 dim).

    >>> LSTMCell(3, 5)(torch.zeros(2, 3), torch.zeros(2, 10)).shape
    torch.Size([2, 10])
    """

    gates = 4  # i, f, g, o

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        h, c = state.chunk(2, dim=-1)
        said, remembered = self.parts(x, h)
        i, f, g, o = (said + remembered).chunk(4, dim=-1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return torch.cat([o.sigmoid() * c.tanh(), c], dim=-1)

    def start(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape[0], 2 * self.dim)

    def hidden(self, state: Tensor) -> Tensor:
        return state[..., : self.dim]


CELLS = {"rnn": RNNCell, "gru": GRUCell, "lstm": LSTMCell}


class Recurrent(nn.Module):
    """A cell taken along a sequence, one token after another.

    kind: "rnn", "gru" or "lstm". forward(x, lengths=None, state=None): x (B, T, input_dim), lengths (B,) -> the hidden
    states (B, T, dim) and the last state of each sequence (for an LSTM with its memory). Beyond its length a sequence
    keeps its state. state: the one before the first token, of the shape of the last one; zeros by default.
    Raises ValueError for an unknown kind, sizes below 1, x of the wrong shape, without tokens or with NaN, lengths
    outside 1..T and a state that does not fit; TypeError for anything but tensors, for x of another dtype than the
    weights' and lengths that are not integers. Source: of each kind, its cell's.

    >>> states, last = Recurrent("gru", 3, 5)(torch.zeros(2, 4, 3), torch.tensor([4, 2]))
    >>> states.shape, bool((states[:, -1] == last).all())
    (torch.Size([2, 4, 5]), True)
    """

    def __init__(self, kind: str, input_dim: int, dim: int) -> None:
        super().__init__()
        if kind not in CELLS:
            raise ValueError(f"kind={kind!r}; choose from {', '.join(CELLS)}")
        self.cell = CELLS[kind](input_dim, dim)
        self.input_dim = self.cell.weight_ih.shape[1]

    def forward(self, x: Tensor, lengths: Tensor | None = None, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self._check(x, lengths, state)
        state = self.cell.start(x) if state is None else state
        lengths = lengths if lengths is None else lengths.long()  # an int8 knows no place beyond 127
        states = []
        for t in range(x.shape[1]):
            new = self.cell(x[:, t], state)
            state = new if lengths is None else torch.where((t < lengths)[:, None], new, state)
            states.append(self.cell.hidden(state))
        return torch.stack(states, dim=1), state

    def _check(self, x: Tensor, lengths: Tensor | None, state: Tensor | None) -> None:
        if isinstance(x, Tensor) and x.shape[2:] != (self.input_dim,):
            raise ValueError(f"x has shape {tuple(x.shape)}; (B, T, input_dim={self.input_dim}) is expected")
        check_input("x", x, self.input_dim, self.cell.weight_ih)
        if lengths is not None:
            check_lengths(lengths, x.shape[1], x)
        if state is not None:
            require_floats(x=x, state=state)
            if state.shape != (expected := self.cell.start(x).shape):
                raise ValueError(f"state has shape {tuple(state.shape)}; {tuple(expected)} is expected")


class AdditiveAttention(nn.Module):
    """A small network scores every key for a query: v . tanh(W q + U k). Source: Bahdanau et al., arXiv 1409.0473.

    forward(q, keys, values, mask=None): q (B, dim), keys (B, S, dim), values (B, S, e), mask booleans (B, S),
    True = may look -> the context (B, e) and the weights (B, S), in [0, 1]; each row sums to 1; 0 where masked.
    Raises TypeError for anything but float tensors of the weights' dtype and a mask that is not boolean, ValueError for
    NaN, shapes that do not fit, no keys and a row with nothing to attend to.

    >>> context, weights = AdditiveAttention(4)(torch.zeros(2, 4), torch.zeros(2, 3, 4), torch.ones(2, 3, 5))
    >>> context.shape, weights.shape
    (torch.Size([2, 5]), torch.Size([2, 3]))
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        dim = check_count("dim", dim)
        self.q_proj, self.k_proj = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.v = nn.Linear(dim, 1, bias=False)

    def forward(self, q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        self._check(q, keys, values, mask)
        return self.attend(q, keys, values, mask)

    def attend(self, q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """What forward returns, its input unchecked: a translator asks once a word, with what it made itself."""
        scores = self.v((self.q_proj(q)[:, None] + self.k_proj(keys)).tanh())[..., 0]  # (B, S)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(-1)
        return (weights[:, None] @ values)[:, 0], weights

    def _check(self, q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> None:
        weight = self.v.weight if isinstance(self.v.weight, Tensor) else q  # a quantised layer takes what it is given
        require_floats(weight=weight, q=q, keys=keys, values=values)
        dim, fits = self.v.in_features, keys.ndim == values.ndim == 3 and keys.shape[:2] == values.shape[:2]
        if not fits or keys.shape[1] == 0 or keys.shape[2] != dim or q.shape != (keys.shape[0], dim):
            came = ", ".join(f"{name} {tuple(x.shape)}" for name, x in (("q", q), ("keys", keys), ("values", values)))
            expected = f"q (B, dim={dim}), keys (B, S, dim={dim}), values (B, S, e)"
            raise ValueError(f"the shapes are {came}; {expected} are expected, with S at least 1")
        if isinstance(mask, str):
            raise ValueError(f"mask={mask!r}; expected None, or booleans (B, S), True = may look")
        check_mask(mask, q, tuple(keys.shape[:2]))


class Seq2Seq(nn.Module):
    """A translator of two recurrent networks: one reads the source, the other writes the target, word by word.

    Without attention the writer gets the reader's last state and nothing else; with it, at every word, a mean of all
    the reader's states, chosen by additive attention. source_vocabulary, target_vocabulary: how many tokens there are.

    forward(source, target, lengths=None): integers (B, S), (B, T), lengths (B,) of the sources -> scores of each next
    target token (B, T, target_vocabulary), and with return_weights the weights (B, T, S) (attention only).
    encode and step are its two halves; `translate` writes with begin and advance. Raises TypeError or ValueError for
    sizes below 1, tokens that are not integers of their vocabulary, of another rank, or of another number of rows than
    the sources', lengths outside 1..S, and weights asked for where there are none.
    Source: Sutskever et al., arXiv 1409.3215; Bahdanau et al., arXiv 1409.0473.

    >>> model = Seq2Seq(7, 9, dim=8)
    >>> model(torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 4, dtype=torch.long)).shape
    torch.Size([2, 4, 9])
    """

    def __init__(
        self, source_vocabulary: int, target_vocabulary: int, dim: int, attention: bool = True, kind: str = "gru"
    ) -> None:
        super().__init__()
        source_vocabulary = check_count("source_vocabulary", source_vocabulary)
        target_vocabulary, dim = check_count("target_vocabulary", target_vocabulary), check_count("dim", dim)
        self.source_embedding = nn.Embedding(source_vocabulary, dim)
        self.embedding = nn.Embedding(target_vocabulary, dim)
        self.encoder = Recurrent(kind, dim, dim)
        self.decoder = Recurrent(kind, 2 * dim if attention else dim, dim)
        self.attention = AdditiveAttention(dim) if attention else None
        self.head = nn.Linear(2 * dim if attention else dim, target_vocabulary)

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """The reader's states (B, S, dim), its last state, and which of the states are words, (B, S)."""
        check_tokens("source", source, self.source_embedding.num_embeddings, self.source_embedding.weight)
        mask = None if lengths is None else padding_mask(lengths, source.shape[1])[:, 0, 0]
        states, last = self.encoder(self.source_embedding(source.long()), lengths)
        return states, last, mask

    def step(
        self, token: Tensor, state: Tensor, states: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """One word on: the last token (B,) and the writer's state -> scores (B, V), new state, weights (B, S)."""
        x, weights = self.embedding(token.long()), None
        if self.attention is not None:
            context, weights = self.attention.attend(self.decoder.cell.hidden(state), states, states, mask)
            x = torch.cat([x, context], dim=-1)
        state = self.decoder.cell(x, state)
        said = self.decoder.cell.hidden(state)
        said = said if weights is None else torch.cat([said, context], dim=-1)
        return self.head(said), state, weights

    def forward(
        self, source: Tensor, target: Tensor, lengths: Tensor | None = None, return_weights: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        if return_weights and self.attention is None:
            raise ValueError("there are no weights without attention; build Seq2Seq(..., attention=True)")
        check_tokens("target", target, self.embedding.num_embeddings, self.embedding.weight)
        if isinstance(source, Tensor) and source.shape[:1] != target.shape[:1]:
            shapes = f"source has shape {tuple(source.shape)} and target {tuple(target.shape)}"
            raise ValueError(f"{shapes}; (B, S) and (B, T) are expected, as many rows in both")
        states, state, mask = self.encode(source, lengths)
        scores, weights = [], []
        for token in target.T:
            score, state, weight = self.step(token, state, states, mask)
            scores.append(score), weights.append(weight)
        stacked = torch.stack(scores, dim=1)
        return (stacked, torch.stack(weights, dim=1)) if return_weights else stacked

    def begin(self, source: Tensor, lengths: Tensor | None = None) -> tuple[Tensor | None, ...]:
        """What translate keeps between two words: the writer's state, the reader's states and their mask."""
        states, state, mask = self.encode(source, lengths)
        return state, states, mask

    def advance(self, tokens: Tensor, memory: tuple[Tensor | None, ...]) -> tuple[Tensor, tuple[Tensor | None, ...]]:
        """Tokens written so far (B, T), start included -> scores of the next (B, V), and the memory after it."""
        state, states, mask = memory
        scores, state, _ = self.step(tokens[:, -1], state, states, mask)
        return scores, (state, states, mask)
