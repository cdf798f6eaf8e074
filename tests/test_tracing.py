"""What engineers expect of a layer that they copy: traced, transformed, mapped, built empty, quantised, copied."""

import copy
import pickle
from functools import partial

import pytest
import torch
from torch import nn
from torch.ao.quantization import quantize_dynamic

from diffattn_mini import (
    AdditiveAttention,
    Config,
    DexAdapter,
    DiffAttention,
    DiffAttentionV2,
    EncoderDecoder,
    KVCache,
    MiniGPT,
    MultiHeadAttention,
    Recurrent,
    Seq2Seq,
    VisionTransformer,
    causal_mask,
)
from diffattn_mini.attention.family import KINDS, make_attention

pytestmark = [
    pytest.mark.filterwarnings("ignore:There is a performance drop"),  # of vmap over torch's fused attention
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor"),  # with which torch itself quantises
]


def adapted(dim=16):
    module = DexAdapter(MultiHeadAttention(dim, 4, rope=True), torch.tensor([True, False, False, True]), 10, layer=2)
    for _ in range(5):
        module.advance()
    return module


LAYERS = {kind: partial(make_attention, kind, 16, 4, layer=2, rope=True) for kind in KINDS} | {"dex": adapted} | {
    f"{name} {form}": partial(kind, 16, n_heads, form=form)
    for name, kind, n_heads in (("diff", DiffAttention, 2), ("diff2", DiffAttentionV2, 4))
    for form in ("maps", "padded", "blocked")
}  # fmt: skip


def config(**options):
    return Config(**dict(vocabulary=7, dim=16, n_layers=1) | options)


def tokens(T=5):
    return torch.randint(7, (2, T), generator=torch.Generator().manual_seed(T))


def floats(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


LENGTHS = torch.tensor([5, 3])
OLD = dict(positions="sinusoidal", mlp="gelu", norm="layer", pre_norm=False, bias=True, tied=False)
MODELS = {f"gpt {kind}": (partial(MiniGPT, config(attention=kind)), tokens()) for kind in KINDS} | {
    "gpt of 2019": (partial(MiniGPT, config(**OLD)), tokens()),
    "encoder-decoder": (partial(EncoderDecoder, config(attention="diff")), tokens(), tokens(4), LENGTHS),
    "vision": (partial(VisionTransformer, config(attention="diff"), 4, 2), floats(2, 1, 4, 4)),
    "recurrent": (partial(Recurrent, "lstm", 3, 4), floats(2, 5, 3), LENGTHS),
    "additive": (partial(AdditiveAttention, 4), floats(2, 4), floats(2, 5, 4), floats(2, 5, 3)),
    "seq2seq": (partial(Seq2Seq, 7, 7, 8), tokens(), tokens(4), LENGTHS),
}  # fmt: skip
EVERYTHING = {name: (make, floats(2, 5, 16)) for name, make in LAYERS.items()} | MODELS


def ready(name, **defaults):
    torch.manual_seed(0)
    make, *arguments = EVERYTHING[name]
    return make(), arguments


def equal(came, expected, **tolerance):
    torch.testing.assert_close(came, expected, **(tolerance or dict(atol=1e-5, rtol=1e-5)))


# Tracing


ALONE = ["dex", *(name for name in LAYERS if " " in name)]  # the layers that no model here is built of


@pytest.mark.parametrize("name", [*MODELS, *ALONE])
def test_an_exported_program_says_the_same(name):
    model, arguments = ready(name)
    equal(torch.export.export(model, tuple(arguments)).module()(*arguments), model(*arguments))


@pytest.mark.parametrize("kind", ["standard", "diff", "grouped", "dint", "selective"])
def test_a_layer_exported_at_one_length_serves_every_other(kind):
    model, x = make_attention(kind, 16, 4, rope=True), floats(2, 5, 16)
    sizes = {0: torch.export.Dim("B"), 1: torch.export.Dim("T")}
    program = torch.export.export(model, (x,), dynamic_shapes=(sizes,)).module()
    for other in (floats(2, 5, 16), floats(3, 2, 16), floats(1, 40, 16)):
        equal(program(other), model(other))


@pytest.fixture
def compiled():
    """Model -> the same as one graph: fullgraph allows no way back to Python."""
    torch._dynamo.reset()
    return partial(torch.compile, fullgraph=True, backend="aot_eager")


@pytest.mark.parametrize("name", [*MODELS, "dex"])
@torch.no_grad()
def test_a_compiled_model_is_one_graph_that_says_the_same(name, compiled):
    model, arguments = ready(name)
    equal(compiled(model)(*arguments), model(*arguments))


@pytest.mark.parametrize("name", ["gpt diff", "gpt dint"])
def test_a_compiled_model_learns_the_same(name, compiled):
    model, (tokens,) = ready(name)
    weights = list(model.parameters())
    found, expected = (torch.autograd.grad(m(tokens).square().sum(), weights) for m in (compiled(model), model))
    equal(found, expected, atol=1e-4, rtol=1e-4)


def test_values_are_checked_again_once_the_tracing_is_over():
    model, x = DiffAttention(16, 2), floats(1, 5, 16)
    blind = causal_mask(5).clone()
    blind[2] = False
    for trace in (lambda: torch.export.export(model, (x,)), lambda: torch.vmap(model)(x[None])):
        trace()
        with pytest.raises(ValueError, match="x holds NaN"):
            model(x * torch.nan)
        with pytest.raises(ValueError, match="nothing to attend to"):
            model(x, blind)
    with pytest.raises(ValueError, match="is expected"):  # shapes are known while torch traces
        torch.export.export(model, (floats(1, 5, 12),))


# torch.func


def weights_of(model):
    return {name: weight.detach() for name, weight in model.named_parameters()}


def size(model, weights, *arguments):
    return torch.func.functional_call(model, weights, arguments).square().sum()


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradients_of_torch_func_are_those_of_backward(name):
    model, (x,) = ready(name)
    model.requires_grad_()
    found = torch.func.grad(lambda weights: size(model, weights, x))(weights_of(model))
    model(x).square().sum().backward()
    equal(found, {name: weight.grad for name, weight in model.named_parameters()})


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_text_by_text_add_up_to_those_of_the_batch(name):
    model, (x,) = ready(name)
    one = torch.func.grad(lambda weights, text: size(model, weights, text[None]))
    each = torch.vmap(one, in_dims=(None, 0))(weights_of(model), x)
    whole = torch.func.grad(lambda weights: size(model, weights, x))(weights_of(model))
    equal({name: grads.sum(0) for name, grads in each.items()}, whole)


@pytest.mark.parametrize("name", EVERYTHING)
def test_mapped_over_texts_it_says_what_it_says_of_the_batch(name):
    model, arguments = ready(name)

    def alone(*texts):
        said = model(*(text[None] for text in texts))
        return tuple(y[0] for y in said) if isinstance(said, tuple) else said[0]

    equal(torch.vmap(alone)(*arguments), model(*arguments))


# Devices: "meta" stands for the second one


@pytest.mark.parametrize("name", EVERYTHING)
def test_built_empty_and_filled_later_it_is_the_model_whose_weights_it_got(name):
    model, arguments = ready(name)
    if name == "dex":  # adapts a layer that is already there
        empty = copy.deepcopy(model).to("meta")
    else:
        with torch.device("meta"):
            empty, _ = ready(name)
    assert {p.device.type for p in empty.parameters()} == {"meta"}
    elsewhere = empty(*(x.to("meta") for x in arguments))
    here = model(*arguments)
    for one, other in zip(*((y if isinstance(y, tuple) else (y,)) for y in (elsewhere, here)), strict=True):
        assert one.is_meta and one.shape == other.shape
    empty.to_empty(device="cpu")
    for x in empty.state_dict().values():
        x.fill_(True)  # what was in that memory before
    empty.load_state_dict(model.state_dict())
    equal(empty(*arguments), here, atol=0, rtol=0)


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_is_made_on_the_way_is_made_where_the_input_is(name):
    model, arguments = ready(name)
    expected = model(*arguments)
    with torch.device("meta"):  # where everything goes that nobody placed
        equal(model(*arguments), expected, atol=0, rtol=0)


def test_tokens_on_another_device_than_the_model_are_refused():
    for name in ("gpt diff", "encoder-decoder", "seq2seq"):
        model, arguments = ready(name)
        with pytest.raises(ValueError, match="is on meta and the model on cpu"):
            model(*(x.to("meta") for x in arguments))


# Quantised


@pytest.mark.parametrize("name", EVERYTHING)
def test_with_weights_of_eight_bits_it_says_nearly_the_same(name):
    model, arguments = ready(name)
    expected = model(*arguments)
    said = quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)(*arguments)
    said, expected = (y[0] if isinstance(y, tuple) else y for y in (said, expected))
    assert (said - expected).norm() < 0.15 * expected.norm()


def test_a_quantised_layer_takes_float32_and_cannot_be_adapted():
    layer = quantize_dynamic(nn.Sequential(MultiHeadAttention(16, 4)), {nn.Linear})[0]
    with pytest.raises(TypeError, match="x has dtype torch.float64 and the weights torch.float32"):
        layer(floats(2, 5, 16).double())
    with pytest.raises(TypeError, match="attention is quantised and cannot be trained"):
        DexAdapter(layer, torch.ones(4, dtype=torch.bool), 10)


# Copies, threads, checkpoints


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_call_leaves_nothing_on_any_module_so_that_threads_may_share_it_and_copies_say_the_same(name, monkeypatch):
    model, arguments = ready(name)
    calls = [lambda: model(*arguments)]
    if name in LAYERS:
        calls += [lambda: model(*arguments, cache=KVCache()), lambda: model(*arguments, None, context=floats(2, 4, 16))]
    if isinstance(model, MiniGPT):
        calls += [lambda: model(*arguments, model.new_caches())]

    def refuse(module, name, value):
        raise AssertionError(f"{name} was set on {type(module).__name__}")

    with monkeypatch.context() as patch:
        patch.setattr(nn.Module, "__setattr__", refuse)
        expected, *_ = (call() for call in calls)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        equal(twin(*arguments), expected, atol=0, rtol=0)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("use_reentrant", [True, False])
def test_checkpointing_changes_no_gradient_and_is_refused_together_with_a_cache(name, use_reentrant):
    model, (x,) = ready(name)
    x.requires_grad_()

    def gradient(call):
        return torch.autograd.grad(call().square().sum(), x)[0]

    def checkpointed(**options):
        run = partial(torch.utils.checkpoint.checkpoint, use_reentrant=use_reentrant)
        x.grad = None
        run(lambda y: model(y, **options), x).square().sum().backward()
        return x.grad

    expected = gradient(lambda: model(x))
    equal(checkpointed(), expected)
    cache = KVCache()
    equal(gradient(lambda: torch.cat([model(part, cache=cache) for part in x.split([3, 2], 1)], 1)), expected)
    with pytest.raises(RuntimeError, match="runs again in a backward pass"):
        checkpointed(cache=KVCache())
