"""Every way of calling the functions that DeepSHAP takes apart: its answer is D's own, and complete."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaigrad.explainers import CompletenessError

from .elementwise import Layer
from .explaining import error_per_sample, explain

pytestmark = pytest.mark.usefixtures("double")

SHAPE = (4, 3, 4)
WEIGHT = torch.linspace(0.5, 1.5, 4, dtype=torch.float64)
MEAN, VARIANCE = torch.linspace(-1, 1, 4, dtype=torch.float64), torch.linspace(0.5, 2, 4, dtype=torch.float64)
MASK = torch.ones(3, 3, dtype=torch.bool).tril()
HOLES = torch.ones(3, 4, dtype=torch.bool).tril()
CROSSED = torch.eye(3, dtype=torch.bool).flip(0)


def attention(**settings: object) -> Callable[..., nn.Module]:
    torch.manual_seed(2)
    return nn.MultiheadAttention(4, 2, **settings).double().requires_grad_(False).eval()  # type: ignore[arg-type]


BATCH_FIRST = attention(batch_first=True)
PLACES_FIRST = attention()
BIASED = attention(batch_first=True, add_bias_kv=True, add_zero_attn=True)
OTHER_SIZES = attention(batch_first=True, kdim=2, vdim=2)
PADDED = torch.tensor([[False, False, True]])


def each(function: Layer) -> Layer:
    """A function of one sample, for each of a batch."""
    return lambda x: torch.stack([function(row) for row in x])


VARIANTS: dict[str, Callable[[Tensor], Tensor | tuple[Tensor, ...]]] = {
    "std()": each(lambda row: row.std()),
    "std(dim)": lambda x: x.std(1),
    "std(dim, unbiased)": lambda x: x.std(1, False),
    "std(dim, unbiased, keepdim)": lambda x: torch.std(x, 1, True, True),
    "std(dims)": lambda x: x.std((1, 2)),
    "std(keywords)": lambda x: torch.std(x, dim=-1, unbiased=False, keepdim=True),
    "std(correction)": lambda x: torch.std(x, dim=(1, 3), correction=2),
    "var(dim)": lambda x: x.var(2),
    "var(keywords)": lambda x: torch.var(x, dim=[1, 2], correction=0, keepdim=True),
    "var_mean": lambda x: torch.var_mean(x, dim=1),
    "var_mean(unbiased)": lambda x: torch.var_mean(x, 1, False),
    "std_mean": lambda x: torch.std_mean(x, (2, 3), keepdim=True),
    "std_mean(correction)": lambda x: torch.std_mean(x, dim=1, correction=0),
    "norm(p, dim)": lambda x: x.norm(2, 1),
    "norm(keywords)": lambda x: torch.norm(x, p=1, dim=(1, 2), keepdim=True),
    "norm(dim)": lambda x: x.norm(dim=1),
    "norm(p)": each(lambda row: row.norm(3)),
    "norm(inf)": lambda x: x.norm(float("inf"), dim=1),
    "norm(-inf)": lambda x: x.norm(float("-inf"), dim=1),
    "norm(0)": lambda x: torch.norm(x, 0, 1) + x.sum(1),
    "norm(1.5)": lambda x: torch.norm(x, 1.5, 1),
    "norm(fro)": lambda x: torch.norm(x, "fro", (2, 3)),
    "norm(nuc)": lambda x: torch.norm(x, "nuc", (2, 3)),
    "linalg.norm": lambda x: torch.linalg.norm(x, dim=1),
    "linalg.norm of all": each(lambda row: torch.linalg.norm(row)),
    "linalg.norm(1)": lambda x: torch.linalg.norm(x, 1, dim=1),
    "linalg.norm of matrices": lambda x: torch.linalg.norm(x, dim=(2, 3)),
    "linalg.norm, spectral": lambda x: torch.linalg.norm(x, 2, dim=(2, 3)),
    "linalg.norm, column sums": lambda x: torch.linalg.norm(x, 1, dim=(2, 3)),
    "linalg.norm, row sums": lambda x: torch.linalg.norm(x, float("inf"), dim=(2, 3)),
    "linalg.matrix_norm": lambda x: torch.linalg.matrix_norm(x),
    "linalg.matrix_norm, spectral": lambda x: torch.linalg.matrix_norm(x, 2),
    "linalg.vector_norm": lambda x: torch.linalg.vector_norm(x, 2, (1, 2), keepdim=True),
    "linalg.vector_norm(3)": lambda x: torch.linalg.vector_norm(x, ord=3, dim=1),
    "normalize": F.normalize,
    "normalize(keywords)": lambda x: F.normalize(x, p=1, dim=(2, 3), eps=0.1),
    "cosine_similarity": lambda x: F.cosine_similarity(x[:, :2], x[:, 2:], dim=-1),
    "cosine_similarity with a constant": lambda x: F.cosine_similarity(x, MEAN, -1),
    "pairwise_distance": lambda x: F.pairwise_distance(x[:, :2], x[:, 2:], keepdim=True),
    "softmax()": lambda x: torch.softmax(x, -1, torch.float64),
    "softmax of first dimension but one": nn.Softmax(dim=-3),
    "Softmax2d": nn.Softmax2d(),
    "softmax with -inf": lambda x: x.masked_fill(~HOLES, float("-inf")).softmax(-1),
    "log_softmax": lambda x: F.log_softmax(x, -2, dtype=torch.float64),
    "logsumexp of two dimensions": lambda x: x.logsumexp((1, 2), True),
    "logsumexp(keywords)": lambda x: torch.logsumexp(x, dim=-1, keepdim=False),
    "logaddexp": lambda x: torch.logaddexp(x[:, :2], x[:, 2:]),
    "amax of two dimensions": lambda x: x.amax((1, -1)),
    "amax(keepdim)": lambda x: torch.amax(x, dim=(2,), keepdim=True),
    "amax of all": each(lambda row: row.amax()),
    "amin": lambda x: x.amin(-1, True),
    "aminmax": lambda x: tuple(torch.aminmax(x, dim=1)),
    "max of all": each(lambda row: row.max()),
    "max by name": lambda x: torch.max(input=x, dim=2, keepdim=True).values,
    "max, unpacked": lambda x: unpacked(x),
    "max of two by name": lambda x: torch.max(x, other=x.flip(1)),
    "min of all": each(lambda row: torch.min(row)),
    "min with its index": lambda x: x.min(1)[0] + x.gather(1, x.min(1, keepdim=True)[1])[:, 0],
    "maximum with a constant": lambda x: torch.maximum(MEAN, x),
    "max pool with padding": lambda x: F.max_pool2d(x, (2, 3), stride=(1, 2), padding=(1, 1)),
    "max pool with all": lambda x: F.max_pool2d(x, kernel_size=2, stride=1, padding=1, dilation=2, ceil_mode=True),
    "max pool, indices": lambda x: F.max_pool2d_with_indices(x, 2)[0],
    "MaxPool2d, indices": lambda x: nn.MaxPool2d(2, return_indices=True)(x)[0],
    "max pool of one image": each(lambda row: F.max_pool2d(row, 2)),
    "max unpool": lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
    "adaptive max pool, one size": lambda x: F.adaptive_max_pool2d(x, (None, 2)),
    "adaptive max pool, indices": lambda x: F.adaptive_max_pool2d(x, 2, return_indices=True)[0],
    "fractional max pool": lambda x: F.fractional_max_pool2d(x, 2, output_size=2),
    "lp pool": lambda x: F.lp_pool2d(x, 2, 2),
    "lp pool(3)": lambda x: F.lp_pool2d(x.abs(), 3, (1, 2), stride=1),
    "LPPool1d": lambda x: nn.LPPool1d(2, 2)(x.flatten(1, 2)),
    "layer_norm": lambda x: F.layer_norm(x, (3, 4)),
    "layer_norm with weights": lambda x: F.layer_norm(x, [4], WEIGHT, bias=MEAN, eps=1e-3),
    "layer_norm with all": lambda x: torch.layer_norm(x, (4,), WEIGHT, MEAN, 1e-4, False),
    "rms_norm": lambda x: F.rms_norm(x, (4,)),
    "rms_norm with weights": lambda x: F.rms_norm(x, [4], weight=WEIGHT, eps=0.1),
    "group_norm": lambda x: F.group_norm(x, 2, WEIGHT, MEAN, eps=1e-3),
    "torch.group_norm": lambda x: torch.group_norm(x, 4, WEIGHT, MEAN, 1e-4, False),
    "instance_norm": lambda x: F.instance_norm(x, weight=WEIGHT, bias=MEAN, eps=0.1),
    "instance_norm in eval": lambda x: F.instance_norm(x, MEAN, VARIANCE, use_input_stats=False),
    "InstanceNorm that tracks": nn.InstanceNorm2d(4, track_running_stats=True).double().eval(),
    "batch_norm": lambda x: F.batch_norm(x, MEAN, VARIANCE, WEIGHT, MEAN, False, 0.1, 1e-3),
    "batch_norm(keywords)": lambda x: F.batch_norm(x, running_mean=MEAN, running_var=VARIANCE, training=False),
    "local_response_norm": lambda x: F.local_response_norm(x, 3, alpha=0.5, beta=0.6, k=1.5),
    "LocalResponseNorm": nn.LocalResponseNorm(2, alpha=0.3),
    "glu": lambda x: F.glu(x, 1),
    "glu(keyword)": lambda x: F.glu(x, dim=-1),
    "addcmul": lambda x: torch.addcmul(x, x, x.flip(1), value=-0.5),
    "addcmul in place": lambda x: (x * 1).addcmul_(x.tanh(), x.flip(1), value=2),
    "addcdiv": lambda x: torch.addcdiv(MEAN, x, 1 + x.flip(1).square(), value=0.5),
    "addmm": each(lambda row: torch.addmm(row[0], row[1], row[1].T @ row[2], beta=2, alpha=0.5)),
    "addmm with constants": each(lambda row: torch.addmm(MEAN, row[0], torch.outer(MEAN, WEIGHT), beta=0.5)),
    "baddbmm": lambda x: torch.baddbmm(x[:, 0, :, :3], x[:, 0], x[:, 1].mT, beta=0.3, alpha=2),
    "addbmm": each(lambda row: torch.addbmm(row[0, :, :3], row[:2], row[2:].mT)),
    "addmv": each(lambda row: torch.addmv(row[0, :, 0], row[1], row[2, 0], beta=0.5, alpha=2)),
    "addr": each(lambda row: torch.addr(row[0], row[1, :, 0], row[2, 0])),
    "mv": each(lambda row: torch.mv(row[0], row[1, 0])),
    "dot": each(lambda row: torch.dot(row[0, 0], row[1, 0].tanh())),
    "inner": each(lambda row: torch.inner(row[0], row[1])),
    "tensordot": each(lambda row: torch.tensordot(row[0], row[1], dims=([1], [1]))),
    "chain_matmul": each(lambda row: torch.linalg.multi_dot([row[0], row[1].T, row[2]])),
    "lerp": lambda x: torch.lerp(x, x.flip(1), 0.3),
    "lerp of tensors": lambda x: torch.lerp(x, MEAN, x.flip(1).sigmoid()),
    "hypot": lambda x: torch.hypot(x, x.flip(1)),
    "mse_loss": lambda x: F.mse_loss(x, x.flip(1).tanh(), reduction="none"),
    "l1_loss": lambda x: F.l1_loss(x, MEAN.expand_as(x), reduction="none"),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, MEAN.expand_as(x), reduction="none"),
    "huber_loss": lambda x: F.huber_loss(x, MEAN.expand_as(x), reduction="none", delta=0.5),
    "bce with logits": lambda x: F.binary_cross_entropy_with_logits(x, torch.ones_like(x), reduction="none"),
    "div, floor": lambda x: torch.div(x, 1 + x.flip(1).square(), rounding_mode="floor") + x,
    "div, trunc by a constant": lambda x: torch.div(x, 0.3, rounding_mode="trunc"),
    "remainder": lambda x: x % 0.7,
    "pow of tensors": lambda x: (1 + x.square()) ** x.flip(1).tanh(),
    "pow, a constant's": lambda x: torch.pow(VARIANCE, x),
    "pow to constants": lambda x: (1 + x.square()).pow(MEAN),
    "pow(0)": lambda x: x.pow(0) + x,
    "negative to an even power": lambda x: (-x.abs()) ** 2,
    "clamp between activations": lambda x: torch.clamp(x, -x.flip(1).abs(), x.flip(1).abs()),
    "clamp with constants": lambda x: x.clamp(min=MEAN - 1, max=MEAN + 0.5),
    "clip in place": lambda x: (x * 1).clip_(max=0.1),
    "where, numbers": lambda x: torch.where(x > 0, 1.0, -0.3) + x,
    "where of another": lambda x: torch.where(x.flip(1) > 0, x, 0.1 * x),
    "where of a constant": lambda x: torch.where(MEAN > 0, x, x.tanh()),
    "where of a constant, method": lambda x: x.where(MEAN > 0, x.tanh()),
    "where, method, of a number": lambda x: x.where(x > 0, 0.25),
    "where by keywords": lambda x: torch.where(condition=x > 0, input=x.tanh(), other=x),
    "where, turned": lambda x: torch.where(~(x > 0), 0.2 * x, x),
    "where, equal": lambda x: torch.where(x != 0, x.sin(), x),
    "where, compared with a tensor": lambda x: torch.where(torch.le(x, other=MEAN), x, x.tanh()),
    "masked_fill": lambda x: x.masked_fill(x > 0.5, 0.5),
    "masked_fill in place": lambda x: (x * 1).masked_fill_(x < 0, -0.1),
    "masked_fill of a constant": lambda x: x.masked_fill(MEAN > 0, 2.0).tanh(),
    "mask times": lambda x: x * (x > 0) - 0.2 * x * x.lt(0).double(),
    "one minus mask": lambda x: x * (1 - (x > 0).double()),
    "sum of a mask": lambda x: (x > 0).sum(1) * 0.1 + x.sum(1),
    "mean of a mask": lambda x: (x > 0).double().mean(1) + x.sum(1),
    "prod": lambda x: x.prod(1),
    "cumprod": lambda x: x.cumprod(1),
    "bilinear": lambda x: F.bilinear(x, x.flip(1).tanh(), torch.ones(2, 4, 4).tril(), torch.ones(2)),
    "linear of one dimension": lambda x: F.linear(x, WEIGHT),
    "conv with computed weights": each(lambda row: F.conv1d(row, row[:2, :, :3].tanh())),
    "transposed conv with computed weights": each(
        lambda row: F.conv_transpose1d(row[:, :2], row[0, :2, :3, None].tanh())
    ),
    "einsum with dots": lambda x: torch.einsum("n...i,n...j->n...ij", x, x.flip(1)),
    "einsum, a list": lambda x: torch.einsum("ncij,nckj->ncik", [x, x.tanh()]),
    "einsum, the diagonal": lambda x: torch.einsum("ncii->nc", x[..., :3]) * 2,
    "einsum of four": lambda x: torch.einsum("na,nb,nc,nd->n", *x.mean(3).unbind(1)),
    "sdpa": lambda x: F.scaled_dot_product_attention(x, x.flip(1), x.tanh()),
    "sdpa, causal": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True, scale=0.3),
    "sdpa, bool mask": lambda x: F.scaled_dot_product_attention(x, x, x, MASK),
    "sdpa, float mask": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.ones(3, 3).tril()),
    "sdpa, computed mask": lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=x @ x.mT),
    "sdpa, grouped": lambda x: F.scaled_dot_product_attention(x, x[:, :2], x[:, 2:], enable_gqa=True),
    "attention": lambda x: BATCH_FIRST(x[:, 0], x[:, 1], x[:, 2]),
    "attention, weights apart": lambda x: BATCH_FIRST(x[:, 0], x[:, 1], x[:, 2], average_attn_weights=False),
    "attention, bool mask": lambda x: BATCH_FIRST(x[:, 0], x[:, 1], x[:, 2], attn_mask=~MASK)[0],
    "attention, float mask": lambda x: BATCH_FIRST(*[x[:, 0]] * 3, attn_mask=MASK.double(), need_weights=False)[0],
    "attention, causal": lambda x: BATCH_FIRST(x[:, 0], x[:, 0], x[:, 0], attn_mask=~MASK, is_causal=True)[0],
    "attention, padded": lambda x: BATCH_FIRST(*[x[:, 0]] * 3, key_padding_mask=PADDED.expand(len(x), 3))[0],
    "attention, both masks": lambda x: BATCH_FIRST(*[x[:, 0]] * 3, PADDED.expand(len(x), 3), attn_mask=CROSSED)[0],
    "attention, places first": lambda x: PLACES_FIRST(*[x[:, 0].transpose(0, 1)] * 3)[0].transpose(0, 1),
    "attention without a batch": each(lambda row: BATCH_FIRST(row[0], row[1], row[2])[0]),
    "attention with more keys": lambda x: BIASED(x[:, 0], x[:, 1], x[:, 2])[0],
    "attention of other sizes": lambda x: OTHER_SIZES(x[:, 0], x[:, 1, :, :2], x[:, 2, :, 2:])[0],
}  # fmt: skip


def unpacked(x: Tensor) -> Tensor:
    values, indices = x.max(dim=1)
    return values + 0 * indices


LOUD = {
    "norm(-inf)", "norm(nuc)", "linalg.norm, spectral", "linalg.norm, column sums", "linalg.norm, row sums",
    "linalg.matrix_norm", "linalg.matrix_norm, spectral", "aminmax", "min with its index", "max unpool",
    "fractional max pool", "max pool, indices", "addbmm", "addr", "chain_matmul", "smooth_l1_loss", "huber_loss",
    "bce with logits", "div, trunc by a constant", "remainder", "clamp between activations", "masked_fill in place",
    "sum of a mask", "prod", "cumprod", "transposed conv with computed weights", "attention without a batch",
    "attention with more keys",
}  # fmt: skip
"""No discriminator is known to use these, so an error will do."""


@pytest.mark.parametrize("name", VARIANTS)
def test_variant(name: str) -> None:
    """Complete for D itself, or loud: never complete for something that D is not."""
    torch.manual_seed(1)
    samples, references = torch.randn(3, *SHAPE), torch.randn(6, *SHAPE)

    def score(x: Tensor) -> Tensor:
        torch.manual_seed(0)
        answer = VARIANTS[name](1.5 * x)
        answers = answer if isinstance(answer, tuple) else (answer,)
        weighted = [(one.flatten(1) if one.dim() > 1 else one[:, None]).sin() for one in answers]
        return torch.cat(weighted, 1).sum(1)

    try:
        attribution = explain(score, samples, references)
    except CompletenessError as error:
        assert name in LOUD, error  # noqa: PT017
    else:
        assert error_per_sample(score, samples, references, attribution) < 1e-10
