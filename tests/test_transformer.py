"""The models: equal to other libraries' with the same weights, blind to the future, the same with a cache."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from diffattn_mini import (
    AdditiveAttention,
    Config,
    DexAdapter,
    DiffAttention,
    EncoderDecoder,
    KVCache,
    MiniGPT,
    Recurrent,
    Seq2Seq,
    VisionTransformer,
    causal_mask,
    make_attention,
    padding_mask,
    rotary,
    sinusoidal,
)
from diffattn_mini.attention.family import (
    KINDS,
    GroupedDiffAttention,
    MeanAttention,
    NormedAttention,
    parameter_surplus,
)
from diffattn_mini.models.transformer import Block


def gpt(seed=0, **options):
    torch.manual_seed(seed)
    return MiniGPT(Config(**{"vocabulary": 13, "dim": 32, "n_heads": 4} | options)).double()


def text(B=2, T=9, seed=0):
    return torch.randint(13, (B, T), generator=torch.Generator().manual_seed(seed))


# Against other libraries


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("pre_norm", [True, False])
def test_a_block_equals_the_encoder_layer_of_torch(pre_norm, dtype):
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(24, 4, 96, dropout=0, activation="gelu", batch_first=True,
                                        norm_first=pre_norm, dtype=dtype)  # fmt: skip
    for p in theirs.parameters():
        nn.init.normal_(p, std=0.3)
    config = Config(1, 24, 4, positions="none", mlp="gelu", norm="layer", pre_norm=pre_norm, bias=True)
    ours = Block(config, layer=1).to(dtype)
    attention, theirs_attention = ours.attention, theirs.self_attn
    pairs = {ours.norm1: theirs.norm1, ours.norm2: theirs.norm2, ours.mlp.up_proj: theirs.linear1,
             ours.mlp.down_proj: theirs.linear2, attention.o_proj: theirs_attention.out_proj}  # fmt: skip
    for mine, other in pairs.items():
        mine.load_state_dict(other.state_dict())
    for i, projection in enumerate((attention.q_proj, attention.k_proj, attention.v_proj)):
        projection.load_state_dict({"weight": theirs_attention.in_proj_weight.chunk(3)[i],
                                    "bias": theirs_attention.in_proj_bias.chunk(3)[i]})  # fmt: skip
    x = torch.randn(2, 7, 24, dtype=dtype)
    tolerance = dict(atol=1e-6 if dtype == torch.float32 else 1e-12, rtol=0)
    torch.testing.assert_close(ours(x, mask=None), theirs(x), **tolerance)
    future = nn.Transformer.generate_square_subsequent_mask(7, dtype=dtype)
    torch.testing.assert_close(ours(x), theirs(x, src_mask=future), **tolerance)
    seen = padding_mask(torch.tensor([7, 4]), 7)
    torch.testing.assert_close(ours(x, seen), theirs(x, src_key_padding_mask=~seen[:, 0, 0]), **tolerance)


def test_the_whole_model_equals_the_diff_llama_of_transformers():
    from test_multi_head import as_diff_llama
    from transformers import DiffLlamaConfig, DiffLlamaForCausalLM

    h, d, dim = 4, 6, 48
    torch.manual_seed(0)
    config = DiffLlamaConfig(
        vocab_size=13, hidden_size=dim, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2 * h,
        num_key_value_heads=2 * h, rms_norm_eps=1e-5, attn_implementation="eager", tie_word_embeddings=False,
    )  # fmt: skip
    theirs = DiffLlamaForCausalLM(config)
    ours = gpt(dim=dim, n_heads=2 * h, n_layers=3, hidden=64, attention="diff", tied=False).float()
    state = {"model.embed_tokens.weight": ours.embedding.tokens.weight, "model.norm.weight": ours.norm.weight,
             "lm_head.weight": ours.head.weight}  # fmt: skip
    for i, block in enumerate(ours.blocks):
        place = f"model.layers.{i}."
        state |= {place + "input_layernorm.weight": block.norm1.weight,
                  place + "post_attention_layernorm.weight": block.norm2.weight}  # fmt: skip
        state |= {f"{place}mlp.{name}": weight for name, weight in block.mlp.named_parameters()}
        for name, weight in block.attention.named_parameters():
            if name[:2] in ("q_", "k_", "v_"):
                weight = as_diff_llama(weight, d, rotated=name[0] != "v")
            if not name.startswith("norm"):  # theirs has no weight there, ours is all ones
                state[f"{place}self_attn.{name}"] = weight
    theirs.load_state_dict(state)
    tokens = text()
    torch.testing.assert_close(ours(tokens), theirs(tokens).logits, atol=2e-6, rtol=0)


# What holds of every kind of attention


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positions", ["rope", "sinusoidal"])
def test_a_language_model_does_not_see_the_future(kind, positions):
    model, tokens = gpt(attention=kind, positions=positions), text()
    changed = tokens.clone()
    changed[:, 5:] = (changed[:, 5:] + 1) % 13
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :5], after[:, :5], rtol=0, atol=1e-14)
    assert not torch.allclose(before[:, 5:], after[:, 5:])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positions", ["rope", "sinusoidal"])
def test_a_language_model_with_caches_says_the_same(kind, positions):
    model, tokens = gpt(attention=kind, positions=positions), text()
    caches = model.new_caches()
    parts = [model(part, caches) for part in tokens.split([4, 1, 3, 1], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens))


@pytest.mark.parametrize("kind", KINDS)
def test_a_translator_takes_no_notice_of_padding_or_of_words_to_come(kind):
    torch.manual_seed(0)
    model = EncoderDecoder(Config(13, 32, 4, attention=kind), source_vocabulary=11).double()
    source, target, lengths = torch.randint(11, (2, 6)), text(), torch.tensor([4, 6])
    before = model(source, target, lengths)
    padded = torch.cat([source, torch.zeros(2, 3, dtype=torch.long)], dim=1)
    torch.testing.assert_close(model(padded, target, lengths), before)
    changed = target.clone()
    changed[:, 5:] = 0
    torch.testing.assert_close(model(source, changed, lengths)[:, :5], before[:, :5])
    other = source.clone()
    other[:, 0] = (other[:, 0] + 1) % 11
    assert not torch.allclose(model(other, target, lengths), before)  # but it does read the source
    caches, memory = model.new_caches(), model.encode(source, lengths)
    parts = [model.decode(part, *memory, caches) for part in target.split([5, 4], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), before)


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_of_every_model_learns(kind):
    torch.manual_seed(0)
    config = Config(13, 32, 4, attention=kind)
    inputs = [
        (MiniGPT(config), (text(),)),
        (EncoderDecoder(config, 11), (torch.randint(11, (2, 6)), text())),
        (VisionTransformer(config, 8, 2), (torch.randn(3, 1, 8, 8),)),
    ]
    for model, batch in inputs:
        model(*batch).logsumexp(-1).sum().backward()
        assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0] == []


@pytest.mark.parametrize("kind", KINDS)
def test_parameter_counts_stand_as_stated(kind):
    """Against ordinary attention of width 64 and four heads, by formula."""
    formula = {"standard": 0, "normed": 16, "diff": 4 * 16 + 32, "diff2": 4 * 64}
    if kind in formula:
        assert parameter_surplus(kind, 64, 4) == formula[kind]
    assert abs(parameter_surplus(kind, 64, 4)) <= 0.02 * 4 * 64**2
    counts = {name: sum(p.numel() for p in gpt(attention=name).parameters()) for name in ("standard", kind)}
    assert counts[kind] - counts["standard"] == 2 * parameter_surplus(kind, 32, 4)


def test_a_translator_of_one_vocabulary_needs_no_second_argument():
    torch.manual_seed(0)
    one = EncoderDecoder(Config(13, 32, 4))
    torch.manual_seed(0)
    two = EncoderDecoder(Config(13, 32, 4), source_vocabulary=13)
    assert one.source_vocabulary == 13 and torch.equal(one(text(), text()), two(text(), text()))


@pytest.mark.parametrize("kind", KINDS)
def test_heads_of_an_odd_width_are_refused_where_they_would_be_turned(kind):
    odd = dict(vocabulary=5, dim=20, n_heads=4, attention=kind)
    says = r"dim=20 and n_heads=4 make heads of 5, .* choose dim from 16, 24, … or other positions"
    with pytest.raises(ValueError, match=says):
        MiniGPT(Config(**odd))
    MiniGPT(Config(**odd, positions="none"))(torch.zeros(1, 3, dtype=torch.long))
    VisionTransformer(Config(**odd), 4, 2)(torch.zeros(1, 1, 4, 4))  # its positions are others


def test_tied_models_read_with_their_embedding():
    model = gpt()
    assert model.head.weight is model.embedding.tokens.weight
    assert sum(p.numel() for p in gpt(tied=False).parameters()) - sum(p.numel() for p in model.parameters()) == 13 * 32


def test_patches_are_the_squares_of_the_picture():
    model = VisionTransformer(Config(10, 32, 4), size=4, patch=2, channels=2)
    picture = torch.arange(32.0).view(1, 2, 4, 4)
    seen = []
    model.patches.register_forward_hook(lambda module, args, output: seen.append(args[0]))
    model(picture)
    expected = [picture[0, :, r : r + 2, c : c + 2].flatten() for r in (0, 2) for c in (0, 2)]
    assert torch.equal(seen[0][0], torch.stack(expected))


# Refusals


@pytest.mark.parametrize(
    ("tokens", "error", "says"),
    [
        (torch.zeros(2, 3), TypeError, "tensor of integers; it is torch.float32"),
        ([[1]], TypeError, "it is list"),
        (torch.zeros(3, dtype=torch.long), ValueError, r"tokens has shape \(3,\)"),
        (torch.full((1, 2), 13), ValueError, r"tokens must lie in 0\.\.12; they run from 13 to 13"),
        (torch.zeros(1, 300, dtype=torch.long), ValueError, "the text has 300 tokens and length=256"),
    ],
)
def test_bad_tokens_are_refused(tokens, error, says):
    with pytest.raises(error, match=says):
        gpt(positions="sinusoidal")(tokens)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Config(5, positions="learned"), "positions='learned'; choose from rope, sinusoidal, none"),
        (lambda: Config(5, mlp="relu"), "mlp='relu'"),
        (lambda: Config(5, norm="batch"), "norm='batch'"),
        (lambda: make_attention("dif", 32, 4), "attention='dif'; choose from standard"),
        (lambda: Config(10, attention="dif"), "attention='dif'; choose from standard"),
        (lambda: make_attention("diff", 30, 3), "n_heads=3 is odd"),
        (lambda: make_attention("diff", 32, 4, bias=True), "has no bias"),
        (lambda: Config(0), "vocabulary must be a whole number from 1 on; it is 0"),
        (lambda: Config(5, dim=64.0), "dim must be a whole number from 1 on; it is 64.0"),
        (lambda: Config(5, n_heads=0), "n_heads must be a whole number from 1 on; it is 0"),
        (lambda: Config(5, n_layers=-1), "n_layers must be a whole number from 1 on; it is -1"),
        (lambda: Config(5, length="9"), "length must be a whole number from 1 on; it is '9'"),
        (lambda: Config(5, hidden=0), "hidden must be a whole number from 1 on; it is 0"),
        (lambda: MiniGPT(Config(5, dim=4, n_heads=4)), "make heads of 1, .* choose dim from 8, 16, …"),
        (lambda: EncoderDecoder(Config(5), 0), "source_vocabulary must be a whole number from 1 on; it is 0"),
        (lambda: EncoderDecoder(Config(5)).encode(torch.zeros(2, 3).long(), torch.tensor([3])), "lengths has shape"),
        (lambda: VisionTransformer(Config(5), 9, 2), "size=9 is not divisible by patch=2; choose patch from 1, 3, 9"),
        (lambda: VisionTransformer(Config(5), 8, 0), "patch must be a whole number from 1 on; it is 0"),
        (lambda: VisionTransformer(Config(5), 8, 2)(torch.full((1, 1, 8, 8), math.nan)), "pictures holds NaN"),
        (lambda: rotary(torch.full((3, 2), math.inf)), "x holds NaN or infinity"),
        (lambda: rotary(torch.zeros(4)), r"x has shape \(4,\); \(..., T, d\) is expected"),
        (lambda: padding_mask(torch.tensor([[1], [3]]), 3), r"lengths has shape \(2, 1\); \(B,\) is expected"),
        (lambda: VisionTransformer(Config(5), 8, 2)(torch.zeros(1, 8, 8)), r"\(B, 1, 8, 8\) is expected"),
    ],
)
def test_choices_that_do_not_exist_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: VisionTransformer(Config(5), 8, 2)(torch.zeros(1, 1, 8, 8).long()),
         r"pictures has dtype torch.int64 .* pictures.to\(torch.float32\)"),
        (lambda: VisionTransformer(Config(5), 8, 2)([[0.0]]), r"not list: torch.as_tensor\(pictures\)"),
        (lambda: rotary(torch.zeros(3, 2).long()), r"x has dtype torch.int64; floats are expected: x.float\(\)"),
        (lambda: rotary(torch.zeros(3, 2).numpy()), r"x must be a torch tensor, not ndarray: torch.as_tensor\(x\)"),
        (lambda: padding_mask(torch.tensor([1.0]), 3), r"lengths has dtype torch.float32; .* lengths.long\(\)"),
        (lambda: padding_mask([1, 3], 3), r"lengths must be a tensor of integers, not list: torch.tensor\(lengths\)"),
    ],
)  # fmt: skip
def test_what_is_no_tensor_or_of_another_kind_is_refused(call, says):
    with pytest.raises(TypeError, match=says):
        call()


@pytest.mark.parametrize("number", [np.int64, np.int32, np.uint8])
def test_numbers_of_numpy_are_as_good_as_plain_ones_and_become_them(number):
    sizes = dict(vocabulary=7, dim=32, n_heads=4, n_layers=1, length=9, hidden=40)
    plain, config = Config(**sizes), Config(**{name: number(n) for name, n in sizes.items()}, eps=np.float32(1e-5))
    assert json.loads(json.dumps(vars(config))) | {"eps": 1e-5} == vars(plain)
    wide = number(200)  # twice that is beyond a uint8
    layers = [make_attention(kind, wide, number(4), layer=number(2)) for kind in KINDS]
    models = [EncoderDecoder(config, number(5)), VisionTransformer(config, number(8), number(2), number(1)),
              Seq2Seq(number(5), number(7), number(100)), Recurrent("lstm", number(3), number(100)),
              AdditiveAttention(wide), DexAdapter(layers[0], torch.ones(4, dtype=torch.bool), number(9), number(2)),
              GroupedDiffAttention(wide, number(2), ratio=number(4)), MeanAttention(wide, number(2), number(5))]
    for part in (part for model in (*layers, *models) for part in model.modules()):
        assert not any(isinstance(value, np.generic) for value in vars(part).values()), part
    assert layers[3](torch.zeros(1, 3, 200)).shape == (1, 3, 200)
    assert causal_mask(number(2), number(3)).shape == sinusoidal(number(2), number(3) + 1)[:, :3].shape
    for bad in (True, np.bool_(True), 4.0, np.float64(4), "4", number(0)):
        with pytest.raises(ValueError, match="n_heads must be a whole number from 1 on"):
            make_attention("standard", 32, bad)


@pytest.mark.parametrize("eps", [0, -1.0, math.nan, math.inf, True, "1e-5"])
def test_an_eps_that_would_spoil_a_norm_is_refused(eps):
    for make in (lambda: Config(5, eps=eps), lambda: NormedAttention(16, 4, eps=eps),
                 lambda: DiffAttention(16, 2, eps=eps)):  # fmt: skip
        with pytest.raises(ValueError, match="eps must be a positive number, 1e-5 for instance; it is"):
            make()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_tokens_may_be_small_integers_which_know_no_vocabulary_of_300(dtype):
    tokens = torch.tensor([[0, 5, 99]])
    gpt, *translators = MiniGPT(Config(300)), EncoderDecoder(Config(300)), Seq2Seq(300, 300, 4)
    torch.testing.assert_close(gpt(tokens.to(dtype)), gpt(tokens))
    for model in translators:
        torch.testing.assert_close(model(tokens.to(dtype), tokens.to(dtype)), model(tokens, tokens))
    with pytest.raises(ValueError, match=r"tokens must lie in 0\.\.49; they run from 0 to 99"):
        MiniGPT(Config(50))(tokens.to(dtype))
    with pytest.raises(TypeError, match="integers; it is torch.complex64"):
        MiniGPT(Config(50))(tokens.to(torch.complex64))


def test_caches_that_are_not_one_a_block_and_all_as_full_are_refused():
    model = gpt(n_layers=2)
    uneven = model.new_caches()
    model.blocks[0](model.embedding(text()), cache=uneven[0])
    for caches in ([], model.new_caches()[:1], [*model.new_caches(), KVCache()], uneven):
        with pytest.raises(ValueError, match="2 are expected, all as full"):
            model(text(), caches)
    one = KVCache()
    with pytest.raises(ValueError, match="cache holds the keys of another layer"):
        model(text(), [one, one])


def test_signals_keep_their_size_at_the_start():
    """The loss of a fresh model is that of guessing: the logarithm of the vocabulary, about."""
    for kind in KINDS:
        scores = gpt(attention=kind, dim=64, n_layers=6)(text(8, 30))
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), text(8, 30, seed=1).flatten())
        assert abs(loss.item() - math.log(13)) < 0.8, kind
