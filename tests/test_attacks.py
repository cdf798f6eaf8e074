"""The adversary: it keeps within its strength, climbs the loss, and the ways of its gradient add up."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from diffattn_mini.attention.diff_layers import DiffAttention, DiffAttentionV2
from diffattn_mini.lab.attacks import fgsm, pgd, separate_paths, slope
from diffattn_mini.lab.experiments.robustness import TASK, accuracy, opposition
from diffattn_mini.models.transformer import Config, MiniGPT, VisionTransformer


def model_of(attention="standard", n_layers=2, dtype=torch.float64):
    torch.manual_seed(0)
    return VisionTransformer(Config(10, 16, 4, n_layers, attention=attention), 8, patch=2).to(dtype)


def digits(n=6, dtype=torch.float64):
    pictures, labels = TASK.batch(n, 0)
    return pictures.to(dtype), labels


@pytest.mark.parametrize("strength", [0, 0.03, 0.2, 1])
@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_an_attack_stays_within_its_strength_and_in_0_to_1(attack, strength):
    pictures, labels = digits()
    moved = attack(model_of(), pictures, labels, strength)
    assert moved.shape == pictures.shape and not moved.requires_grad
    assert (moved - pictures).abs().max() <= strength + 1e-12
    assert moved.min() >= 0 and moved.max() <= 1
    assert torch.equal(digits()[0], pictures), "the clean pictures are left alone"


def test_fgsm_moves_every_pixel_the_way_in_which_finite_differences_say_that_the_loss_grows():
    model, (pictures, labels) = model_of(n_layers=1), digits(1)
    pictures = 0.2 + 0.6 * pictures  # away from black and white, so that nothing is cut off
    moved = fgsm(model, pictures, labels, 0.01)

    def loss(x):
        with torch.no_grad():
            return F.cross_entropy(model(x), labels, reduction="sum").item()

    for at in np.ndindex(8, 8):
        small = torch.zeros_like(pictures)
        small[0, 0][at] = 1e-5
        grows = np.sign(loss(pictures + small) - loss(pictures - small))
        assert (moved - pictures)[0, 0][at].item() == pytest.approx(0.01 * grows, abs=1e-9)


def test_each_picture_s_slope_is_its_own():
    model, (pictures, labels) = model_of(), digits(3)
    together = slope(model, pictures, labels)
    for i in range(3):
        assert torch.allclose(together[i : i + 1], slope(model, pictures[i : i + 1], labels[i : i + 1]))


def test_the_adversary_raises_the_loss_and_more_steps_raise_it_more():
    model, (pictures, labels) = model_of(), digits(40)

    def loss(x):
        return F.cross_entropy(model(x), labels).item()

    losses = [loss(pictures), loss(pgd(model, pictures, labels, 0.1, steps=1)), loss(pgd(model, pictures, labels, 0.1))]
    assert losses == sorted(losses) and loss(fgsm(model, pictures, labels, 0.1)) > losses[0]


def test_pgd_begins_at_a_place_that_its_seed_decides():
    model, (pictures, labels) = model_of(), digits()
    first, again, other = (pgd(model, pictures, labels, 0.1, steps=1, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize(("attack", "says"), [
    (lambda m, x, y: fgsm(m, x, y, -0.1), "strength=-0.1"),
    (lambda m, x, y: fgsm(m, x, y, 1.5), "strength=1.5"),
    (lambda m, x, y: pgd(m, x, y, float("nan")), "strength=nan"),
    (lambda m, x, y: pgd(m, x, y, 0.1, steps=0), "steps=0"),
])  # fmt: skip
def test_what_cannot_be_is_refused(attack, says):
    with pytest.raises(ValueError, match=says):
        attack(model_of(), *digits())


# The ways of the gradient

LAYERS = {
    "version 1": lambda rope: DiffAttention(16, 2, layer=3, rope=rope),
    "version 1, shared keys": lambda rope: DiffAttention(16, 4, n_kv_heads=2, rope=rope),
    "version 1, blocked": lambda rope: DiffAttention(16, 2, form="blocked", rope=rope),
    "version 2": lambda rope: DiffAttentionV2(16, 4, rope=rope),
    "version 2, shared keys": lambda rope: DiffAttentionV2(16, 4, n_kv_heads=2, rope=rope),
}


@pytest.mark.parametrize("rope", [False, True])
@pytest.mark.parametrize("mask", [None, "causal"])
@pytest.mark.parametrize("kind", LAYERS)
def test_the_ways_through_a_layer_add_up_to_autograd_s_gradient_and_leave_the_output_alone(kind, mask, rope):
    torch.manual_seed(0)
    layer, x, way = LAYERS[kind](rope).double(), torch.randn(2, 7, 16).double(), torch.randn(2, 7, 16).double()
    x.requires_grad_()
    plain = layer(x, mask)
    [expected] = torch.autograd.grad((plain * way).sum(), x)
    with separate_paths(layer) as paths:
        output = layer(x, mask)
        (output * way).sum().backward()
    assert torch.allclose(output, plain, atol=1e-12)
    assert len(paths) == 1 and ("lambda" in paths[0]) == kind.startswith("version 2")
    assert (sum(copy.grad for copy in paths[0].values()) - expected).abs().max() < 1e-10
    assert (x.grad - expected).abs().max() < 1e-10
    assert torch.equal(layer(x, mask), plain), "the layer is itself again"


@pytest.mark.parametrize("attention", ["diff", "diff2"])
@pytest.mark.parametrize("make", [model_of, None])
def test_the_ways_through_every_layer_of_a_model_add_up_to_the_gradient_of_the_unpatched_model(attention, make):
    torch.manual_seed(0)
    if make:
        model, inputs, labels = make(attention), *digits()
        inputs.requires_grad_()
    else:  # with RoPE and a causal mask
        model = MiniGPT(Config(12, 16, 4, n_layers=3, attention=attention)).double()
        inputs, labels = torch.randint(12, (2, 9)), torch.randint(12, (2, 9))
    layers = [block.attention for block in model.blocks]

    def loss():
        scores = model(inputs)
        return F.cross_entropy(scores.flatten(0, -2), labels.flatten())

    seen = []  # the input of each layer of the unpatched model
    hooks = [layer.register_forward_pre_hook(lambda layer, args: seen.append(args[0])) for layer in layers]
    value = loss()
    expected = torch.autograd.grad(value, seen)
    for hook in hooks:
        hook.remove()
    with separate_paths(model) as paths:
        separated = loss()
        separated.backward()
    assert separated.item() == pytest.approx(value.item(), abs=1e-12)
    assert len(paths) == len(layers) == len(expected)
    for path, gradient in zip(paths, expected, strict=True):
        assert (sum(copy.grad for copy in path.values()) - gradient).abs().max() < 1e-10


def test_the_second_way_has_minus_lambda_in_it():
    """Of two equal maps the second way is -lambda times the first, and the values' way (1 - lambda) times a map's."""
    torch.manual_seed(0)
    layer = DiffAttention(8, 1).double()
    with torch.no_grad():
        for projection in (layer.q_proj, layer.k_proj):
            projection.weight[4:] = projection.weight[:4]
    with separate_paths(layer) as paths:
        (layer(torch.randn(1, 5, 8).double()) * torch.randn(1, 5, 8).double()).sum().backward()
    first, second = paths[0]["map 1"].grad, paths[0]["map 2"].grad
    assert torch.allclose(second, -layer.lam * first, atol=1e-12)


def hand_made(sign):
    """One head on tokens of two numbers: the first map looks where a number is large, the second as sign says."""
    layer = DiffAttentionV2(2, 1).double()
    with torch.no_grad():
        layer.q_proj.weight[:] = torch.tensor([[1.0, 0], [0, 1], [sign, 0], [0, sign]])
        layer.k_proj.weight[:] = layer.v_proj.weight[:] = layer.o_proj.weight[:] = torch.eye(2)
        layer.lambda_proj.weight.zero_()  # lambda = 1/2
    return layer


@pytest.mark.parametrize("sign", [1, -1])
def test_opposed_maps_have_opposed_gradients_and_the_sum_of_the_ways_is_longer(sign):
    x = torch.tensor([[[0.5, 0.1], [0.2, 0.4], [0.1, 0.3]]]).double()
    layer, way = hand_made(sign), torch.tensor([[[1.0, 0.5], [-1.0, 0.2], [0.3, -0.7]]]).double()
    with separate_paths(layer) as paths:
        (layer(x, None) * way).sum().backward()
    g1, g2 = paths[0]["map 1"].grad.flatten(), -paths[0]["map 2"].grad.flatten() / 0.5
    cosine = F.cosine_similarity(g1, g2, dim=0).item()
    assert np.sign(cosine) == sign
    together = (g1 - 0.5 * g2).norm().item()
    assert (together > torch.hypot(g1.norm(), 0.5 * g2.norm()).item()) == (sign < 0)


@pytest.mark.parametrize("attention", ["diff", "diff2"])
def test_the_stored_measures_are_those_of_the_ways(attention):
    model, (pictures, labels) = model_of(attention, dtype=torch.float32), digits(9, torch.float32)
    found = opposition(model, pictures, labels)
    with separate_paths(model) as paths:
        F.cross_entropy(model(pictures), labels, reduction="sum").backward()
    assert set(found) == {"cosines", "opposed", "amplified"}
    for layer, (block, path) in enumerate(zip(model.blocks, paths, strict=True)):
        lam = block.attention.lam.item() if attention == "diff" else 1  # of version 2 lambda stays in g2
        g1, g2 = path["map 1"].grad.flatten(1), path["map 2"].grad.flatten(1) / -lam
        cosines = F.cosine_similarity(g1, g2)
        share = (g1 - lam * g2).square().sum(1) / (g1.square().sum(1) + (lam * g2).square().sum(1))
        assert found["cosines"][layer] == pytest.approx(cosines.mean().item(), abs=1e-5)
        assert found["opposed"][layer] == pytest.approx((cosines < 0).float().mean().item())
        assert found["amplified"][layer] == pytest.approx(share.mean().item(), abs=1e-4)


def test_a_negative_lambda_turns_the_sign_of_the_second_gradient():
    """Of equal maps g1 = g2, whatever the sign of lambda."""
    model, (pictures, labels) = model_of("diff", n_layers=1), digits()
    layer = model.blocks[0].attention
    with torch.no_grad():
        for projection in (layer.q_proj, layer.k_proj):
            rows = projection.weight.unflatten(0, (2, 2, layer.head_dim))  # (heads, maps, d, dim)
            rows[:, 1] = rows[:, 0].clone()
        for vector in (layer.lambda_q1, layer.lambda_q2, layer.lambda_k2):
            vector.zero_()
        layer.lambda_q2[0], layer.lambda_k2[0] = 1, 1  # lambda = 1 - e + lambda_init < 0
    assert layer.lam < 0
    assert opposition(model, pictures, labels)["cosines"][0] == pytest.approx(1, abs=1e-6)


def test_accuracy_counts_right_answers():
    class Says(nn.Module):
        def forward(self, x):
            return F.one_hot(torch.tensor([1, 2, 3, 4]), 10).float()

    assert accuracy(Says(), torch.zeros(4, 1, 8, 8), torch.tensor([1, 2, 0, 0])) == 0.5


def test_where_the_ways_cannot_be_told_apart_there_is_an_error():
    with pytest.raises(ValueError, match="no DiffAttention and no DiffAttentionV2"), separate_paths(model_of()):
        pass
    layer, x = DiffAttention(16, 2), torch.randn(1, 3, 16)
    with separate_paths(layer), pytest.raises(ValueError, match="separate_paths expects neither"):
        layer(x, None, context=x)
