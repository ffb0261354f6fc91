"""The parts that discriminators are made of, as layers for a given shape of features (without the batch's dimension).

A layer is a module or a function. Its weights are random from torch's own generator, its denominators, logarithms and
roots far from zero, so that completeness may be asked to the last digits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from .elementwise import ELEMENTWISE, Layer, spellings
from .layers import (
    BatchStatistics,
    Chain,
    Constant,
    Shape,
    Using,
    again,
    attention_by_hand,
    attention_with_places_first,
    by_rows,
    checkpointed,
    computed_convolution,
    elementwise,
    fourier,
    minibatch_deviation,
    minibatch_deviation_in_groups,
    minibatch_discrimination,
    old,
    pixel_norm,
    residual_in_place,
    rows_written,
    scaled_dot_product,
    squeeze_excite,
    times_in_place,
    variance_and_mean,
    views_written,
    with_running_statistics,
)


@dataclass(frozen=True)
class Block:
    """A part of a discriminator.

    Attributes:
        kind: What features it takes: ``"flat"`` (C,), ``"sequence"`` (T, C), ``"image"`` (C, H, W), ``"channels"``
            (any, with a first dimension of at least 3) or ``"any"``.
        make: The layer for features of a shape.
        mixes: Whether a sample's features depend on the other samples.
    """

    kind: str
    make: Callable[[Shape], Layer]
    mixes: bool = False


def conv(shape: Shape, channels: int | None = None, size: int = 3, **settings: int) -> nn.Module:
    settings = {"padding": size // 2} | settings
    return nn.Conv2d(shape[0], channels or shape[0], size, **settings)


def wide(shape: Shape) -> int:
    return min(shape[0] + 1, 6)


def image(function: Layer) -> Block:
    return Block("image", lambda shape: function)


def sequence(function: Layer) -> Block:
    return Block("sequence", lambda shape: function)


def flat(function: Layer) -> Block:
    return Block("flat", lambda shape: function)


def anywhere(function: Layer) -> Block:
    return Block("any", lambda shape: function)


def across(function: Layer) -> Block:
    return Block("channels", lambda shape: function)


def of_two(function: Callable[[Tensor, Tensor], Tensor]) -> Block:
    """A function of two linear functions of an image."""
    return Block(
        "image",
        lambda shape: Using(lambda x, a, b: function(a(x), b(x)), conv(shape, wide(shape)), conv(shape, wide(shape))),
    )


def of_two_flat(function: Callable[[Tensor, Tensor], Tensor]) -> Block:
    """A function of two linear functions of a vector."""
    return Block(
        "flat",
        lambda shape: Using(lambda x, a, b: function(a(x), b(x)), nn.Linear(shape[0], 6), nn.Linear(shape[0], 6)),
    )


LINEAR = {
    "convolution": Block("image", lambda shape: conv(shape, wide(shape))),
    "strided convolution": Block("image", lambda shape: conv(shape, wide(shape), 4, stride=2, padding=1)),
    "functional convolution": Block(
        "image", lambda shape: Constant(lambda x, w: F.conv2d(x, w, padding=1), (wide(shape), shape[0], 3, 3))
    ),
    "depthwise convolution": Block("image", lambda shape: conv(shape, groups=shape[0], bias=False)),
    "transposed convolution": Block("image", lambda shape: nn.ConvTranspose2d(shape[0], 3, 4, 2, 1)),
    "convolution in 1d": Block(
        "image",
        lambda shape: Chain(nn.Flatten(2), nn.Conv1d(shape[0], 3, 3, padding=1), nn.Unflatten(2, shape[1:])),
    ),
    "convolution in 3d": Block(
        "image",
        lambda shape: Chain(
            lambda x: x[:, None], nn.Conv3d(1, 2, 3, padding=1), nn.MaxPool3d((1, 2, 2)), nn.Flatten(1, 2)
        ),
    ),
    "transposed convolution in 1d": Block("sequence", lambda shape: nn.ConvTranspose1d(shape[0], 4, 3, padding=1)),
    "old spectral norm": Block("image", lambda shape: old(nn.utils.spectral_norm)(conv(shape, wide(shape)))),
    "new spectral norm": Block("image", lambda shape: parametrizations.spectral_norm(conv(shape, wide(shape)))),
    "old weight norm": Block("image", lambda shape: old(nn.utils.weight_norm)(conv(shape, wide(shape)))),
    "new weight norm": Block("image", lambda shape: parametrizations.weight_norm(conv(shape, wide(shape)))),
    "equalised convolution": Block(
        "image", lambda shape: Constant(lambda x, w: F.conv2d(x, w * 2**0.5, padding=1), (3, shape[0], 3, 3))
    ),
    "linear": Block("flat", lambda shape: nn.Linear(shape[0], 6)),
    "old spectral norm, linear": Block("flat", lambda shape: old(nn.utils.spectral_norm)(nn.Linear(shape[0], 6))),
    "operator": Block("flat", lambda shape: Constant(lambda x, w: x @ w, (shape[0], 6))),
    "matmul": Block("flat", lambda shape: Constant(lambda x, w: torch.matmul(x, w), (shape[0], 6))),
    "addmm": Block("flat", lambda shape: Constant(lambda x, b, w: torch.addmm(b, x, w), (6,), (shape[0], 6))),
    "linear over channels": Block("sequence", lambda shape: nn.Linear(shape[1], 4)),
    "einsum with a constant": Block(
        "image", lambda shape: Constant(lambda x, w: torch.einsum("nchw,dc->ndhw", x, w), (4, shape[0]))
    ),
    "BatchNorm in eval": Block("image", lambda shape: with_running_statistics(nn.BatchNorm2d(shape[0]))),
    "BatchNorm1d in eval": Block("flat", lambda shape: with_running_statistics(nn.BatchNorm1d(shape[0]))),
    "dropout in eval": anywhere(nn.Dropout(0.5)),
    "average pool": image(nn.AvgPool2d(2)),
    "average pool, functional": image(lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)),
    "adaptive average pool": image(nn.AdaptiveAvgPool2d(3)),
    "nearest": image(lambda x: F.interpolate(x, scale_factor=2)),
    "bilinear": image(lambda x: F.interpolate(x, size=(5, 5), mode="bilinear", align_corners=False)),
    "bicubic": image(nn.Upsample(size=(4, 4), mode="bicubic")),
    "pixel shuffle": Block("image", lambda shape: Chain(conv(shape, 8, 1), nn.PixelShuffle(2))),
    "pixel unshuffle": Block(
        "image", lambda shape: Chain(conv(shape, 1, 1), nn.AdaptiveAvgPool2d(4), nn.PixelUnshuffle(2))
    ),
    "reflection": image(lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect")),
    "zero padding": image(nn.ZeroPad2d((1, 0, 1, 0))),
    "replication": image(nn.ReplicationPad2d(1)),
    "blur": image(lambda x: F.conv2d(x, torch.ones(x.shape[1], 1, 2, 2).to(x) / 4, stride=1, groups=x.shape[1])),
    "permuted": image(lambda x: x.permute(0, 1, 3, 2).contiguous().flip(-1).roll(1, 2)),
    "indexed": image(lambda x: torch.cat([x[:, :1], x[:, [-1, 0]], x.index_select(1, torch.tensor([0]))], 1)),
    "split": anywhere(lambda x: torch.cat(x.chunk(2, 1)[::-1], dim=1)),
    "stacked": image(lambda x: torch.stack([x, x.mean(1, keepdim=True).expand_as(x)], 2).sum(2)),
    "cumulative": sequence(lambda x: x.cumsum(1) / x.shape[1]),
    "differences": image(lambda x: x[..., 1:] - x[..., :-1]),
}

POOLS = {
    "max pool": image(nn.MaxPool2d(2)),
    "max pool, functional": image(lambda x: F.max_pool2d(x, 3, 1, 1)),
    "max pool by keywords": image(lambda x: torch.max_pool2d(x, kernel_size=2, stride=1)),
    "max pool with ceiling": image(nn.MaxPool2d(3, 2, 1, ceil_mode=True)),
    "dilated max pool": image(nn.MaxPool2d(2, 1, dilation=2)),
    "max pool after ReLU": image(lambda x: F.max_pool2d(F.relu(x), 2)),
    "max pool before ReLU": image(lambda x: F.max_pool2d(x, 2).relu_()),
    "max pool with its indices": image(lambda x: F.max_pool2d(x, 2, return_indices=True)[0]),
    "adaptive max pool": image(nn.AdaptiveMaxPool2d(2)),
    "adaptive max pool after ReLU": image(lambda x: F.adaptive_max_pool2d(x.relu(), (3, 2))),
    "global max pool": image(lambda x: F.adaptive_max_pool2d(x, 1).expand(-1, -1, 4, 4)),
    "max pool in 1d": sequence(lambda x: F.max_pool1d(x, 2, 1, 1)),
    "adaptive max pool in 1d": sequence(nn.AdaptiveMaxPool1d(2)),
    "max pool in 3d": image(lambda x: F.max_pool3d(x[:, None], (1, 2, 2)).squeeze(1)),
    "adaptive max pool in 3d": image(lambda x: F.adaptive_max_pool3d(x[:, None], (2, 3, 3))[:, 0]),
    "amax": image(lambda x: x - x.amax((2, 3), keepdim=True)),
    "amin": image(lambda x: torch.amin(x, 1, True) + x),
    "max over a dimension": image(lambda x: x.max(2).values[:, :, None] + x),
    "min over a dimension": sequence(lambda x: x - torch.min(x, dim=1, keepdim=True)[0]),
    "maximum": of_two(torch.maximum),
    "minimum": of_two(lambda a, b: torch.minimum(a, b)),
    "max of two": of_two(lambda a, b: a.max(b)),
    "fmax": of_two(torch.fmax),
    "where one is larger": of_two(lambda a, b: torch.where(a > b, a, b)),
    "maxout": Block("flat", lambda shape: Chain(nn.Linear(shape[0], 12), lambda x: x.view(-1, 6, 2).max(-1)[0])),
}

PRODUCTS = {
    "mul": of_two(torch.mul),
    "operator *": of_two(lambda a, b: a * torch.tanh(b)),
    "mul in place": of_two(lambda a, b: torch.tanh(a).mul_(b)),
    "operator *=": of_two(times_in_place),
    "gate": of_two(lambda a, b: a * torch.sigmoid(b)),
    "product of three": of_two(lambda a, b: a * b * torch.tanh(a)),
    "quotient": of_two(lambda a, b: a / (1 + b.abs())),
    "div": of_two(lambda a, b: torch.div(a, 1 + b.square())),
    "div in place": of_two(lambda a, b: torch.tanh(a).div_(1 + b.abs())),
    "inverse": of_two(lambda a, b: 1 / (1 + a.square() + b.square())),
    "addcmul": of_two(lambda a, b: torch.addcmul(a, a, torch.tanh(b), value=0.5)),
    "lerp": of_two(lambda a, b: torch.lerp(a, b, torch.sigmoid(a))),
    "matmul of two": of_two(lambda a, b: torch.matmul(a, b.transpose(2, 3)) / a.shape[3]),
    "operator @": of_two(lambda a, b: a.transpose(2, 3) @ torch.tanh(b) / a.shape[2]),
    "bmm of two": of_two_flat(lambda a, b: torch.bmm(a.view(-1, 3, 2), b.view(-1, 2, 3)).flatten(1)),
    "einsum of two": of_two(lambda a, b: torch.einsum("nchw,ndhw->ncd", a, b)[:, :, None] / a.shape[2]),
    "einsum of three": of_two(
        lambda a, b: torch.einsum("nchw,nchw,nc->nhw", a, torch.tanh(b), a.mean((2, 3)))[:, None] / a.shape[1]
    ),
    "bilinear forms": of_two_flat(lambda a, b: torch.einsum("ni,nj->nij", a, b).flatten(1)),
    "inner product": of_two_flat(lambda a, b: torch.cat([a, (a * b).sum(1, keepdim=True)], 1)),
    "baddbmm": of_two_flat(
        lambda a, b: torch.baddbmm(a.view(-1, 2, 3), a.view(-1, 2, 3), torch.tanh(b[:, :3]).diag_embed()).flatten(1)
    ),
    "linear with computed weights": of_two_flat(by_rows),
    "convolution with computed weights": of_two_flat(computed_convolution),
    "glu": Block("image", lambda shape: Chain(conv(shape, 6), nn.GLU(1))),
    "glu, functional": Block("sequence", lambda shape: Chain(nn.Linear(shape[1], 8), F.glu)),
    "squeeze and excite": Block("image", lambda shape: Using(squeeze_excite, nn.Linear(shape[0], shape[0]))),
    "powers of two activations": of_two(lambda a, b: (1 + a.square()) ** torch.tanh(b)),
}

NORMS = {
    "instance norm": image(lambda x: F.instance_norm(x, eps=0.1)),
    "InstanceNorm": Block("image", lambda shape: nn.InstanceNorm2d(shape[0], eps=0.1, affine=True)),
    "GroupNorm": Block("image", lambda shape: Chain(conv(shape, 4), nn.GroupNorm(2, 4, eps=0.1))),
    "group norm": image(lambda x: F.group_norm(x, 1, eps=0.1)),
    "LayerNorm": Block("any", lambda shape: nn.LayerNorm(shape, eps=0.1)),
    "layer norm": anywhere(lambda x: F.layer_norm(x, x.shape[-1:], eps=0.1)),
    "layer norm with weights": Block(
        "any", lambda shape: Constant(lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, 0.1), shape[-1:], shape[-1:])
    ),
    "RMSNorm": Block("any", lambda shape: nn.RMSNorm(shape, eps=0.1)),
    "local response norm": image(lambda x: F.local_response_norm(x, 2)),
    "pixel norm": across(pixel_norm),
    "normalize": across(lambda x: F.normalize(x + 0.1, dim=1, eps=1e-3)),
    "softmax": across(lambda x: torch.softmax(x, 1)),
    "softmax, module": Block("sequence", lambda shape: nn.Softmax(-1)),
    "softmax, method": anywhere(lambda x: x.softmax(dim=-1)),
    "softmin": across(lambda x: F.softmin(x, dim=1)),
    "log softmax": across(lambda x: F.log_softmax(x, dim=1)),
    "log softmax, module": across(nn.LogSoftmax(1)),
    "logsumexp": across(lambda x: x - torch.logsumexp(x, 1, keepdim=True)),
    "std": across(lambda x: x / (0.3 + x.std(1, keepdim=True, unbiased=False))),
    "var": across(lambda x: x + torch.var(x, dim=1, correction=0, keepdim=True)),
    "var and mean": across(variance_and_mean),
    "norm": anywhere(lambda x: x * x.flatten(1).norm(dim=1).view(-1, *[1] * (x.dim() - 1)) / x[0].numel() ** 0.5),
    "vector norm": anywhere(lambda x: x + torch.linalg.vector_norm(x, dim=-1, keepdim=True)),
    "mean absolute value": across(lambda x: x / (0.2 + x.abs().mean(1, keepdim=True))),
    "minibatch deviation": Block("image", lambda shape: minibatch_deviation, mixes=True),
    "minibatch deviation in groups": Block("image", lambda shape: minibatch_deviation_in_groups, mixes=True),
    "minibatch discrimination": Block("flat", lambda shape: minibatch_discrimination, mixes=True),
    "BatchNorm without running statistics": Block(
        "image", lambda shape: nn.BatchNorm2d(shape[0], eps=0.1, track_running_stats=False), mixes=True
    ),
    "BatchNorm of the batch": Block("image", lambda shape: BatchStatistics(False), mixes=True),
    "BatchNorm in train mode": Block("flat", lambda shape: BatchStatistics(True), mixes=True),
}

ATTENTION = {
    "self-attention by hand": Block(
        "image", lambda shape: Using(attention_by_hand, conv(shape, 2, 1), conv(shape, 2, 1), conv(shape, shape[0], 1))
    ),
    "scaled dot product": Block(
        "sequence", lambda shape: Using(lambda x, p: scaled_dot_product(x, p, False), nn.Linear(shape[1], 12))
    ),
    "causal scaled dot product": Block(
        "sequence", lambda shape: Using(lambda x, p: scaled_dot_product(x, p, True), nn.Linear(shape[1], 12))
    ),
    "scaled dot product with a mask": sequence(
        lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.ones(x.shape[1], x.shape[1]).tril().to(x))
    ),
    "MultiheadAttention": Block(
        "sequence",
        lambda shape: Chain(
            nn.Linear(shape[1], 4), Using(lambda x, a: a(x, x, x)[0], nn.MultiheadAttention(4, 2, batch_first=True))
        ),
    ),
    "MultiheadAttention without weights": Block(
        "sequence",
        lambda shape: Chain(
            nn.Linear(shape[1], 4),
            Using(
                lambda x, a: a(x, x.roll(1, 1), x, need_weights=False)[0],
                nn.MultiheadAttention(4, 2, batch_first=True),
            ),
        ),
    ),
    "MultiheadAttention, places first": Block(
        "sequence",
        lambda shape: Chain(nn.Linear(shape[1], 4), Using(attention_with_places_first, nn.MultiheadAttention(4, 1))),
    ),
    "transformer layer": Block(
        "sequence",
        lambda shape: Chain(
            nn.Linear(shape[1], 4),
            nn.TransformerEncoderLayer(4, 2, 8, 0.1, "gelu", layer_norm_eps=0.1, batch_first=True),
        ),
    ),
    "transformer layer, norm first": Block(
        "sequence",
        lambda shape: Chain(
            nn.Linear(shape[1], 4),
            nn.TransformerEncoderLayer(4, 1, 8, 0.0, F.silu, 0.1, batch_first=True, norm_first=True),
        ),
    ),
}

WIRING = {
    "residual": Block("image", lambda shape: Using(lambda x, f: x + F.leaky_relu(f(x), 0.2), conv(shape))),
    "residual in place": Block("image", lambda shape: Using(residual_in_place, conv(shape))),
    "downsampling residual": Block(
        "image",
        lambda shape: Using(
            lambda x, f, s: (F.avg_pool2d(f(F.relu(x)), 2) + F.avg_pool2d(s(x), 2)) / 2**0.5,
            conv(shape, 3),
            conv(shape, 3, 1),
        ),
    ),
    "concatenation": anywhere(lambda x: torch.cat([torch.sin(x), x], 1)),
    "dense": Block("image", lambda shape: Using(lambda x, f: torch.cat([x, torch.relu(f(x))], 1), conv(shape, 2))),
    "Fourier features": Block("flat", lambda shape: Constant(fourier, (shape[0], 3))),
    "rows written": anywhere(rows_written),
    "views written": anywhere(views_written),
    "checkpoint": Block("image", lambda shape: Using(checkpointed, conv(shape))),
    "neighbours in the batch": Block("any", lambda shape: lambda x: x * torch.tanh(x.roll(1, 0)), mixes=True),
    "the batch in reverse": Block("any", lambda shape: lambda x: torch.tanh(x) + F.gelu(x.flip(0)), mixes=True),
    "masked": anywhere(lambda x: x.masked_fill(x < -0.5, -0.5)),
    "clipped by where": anywhere(lambda x: torch.where(x > 0, x, 0.2 * x)),
    "where, a number": anywhere(lambda x: torch.where(x.abs() > 1, x.sign(), x)),
    "where after comparison by function": anywhere(lambda x: torch.where(torch.gt(x, 0.1), F.silu(x), x)),
    "unfold": image(lambda x: F.fold(F.unfold(x, 2).tanh(), x.shape[2:], 2)),
    "one activation again and again": Block("image", lambda shape: Using(again, conv(shape), nn.LeakyReLU(0.2))),
    "one activation again, in place": Block("image", lambda shape: Using(again, conv(shape), nn.ELU(inplace=True))),
    "one weight again and again": Block("image", lambda shape: Using(lambda x, f: f(torch.tanh(f(x))), conv(shape))),
    "Sequential": Block("flat", lambda shape: nn.Sequential(nn.Linear(shape[0], 8), nn.ReLU(True), nn.Linear(8, 6))),
    "Sequential with in-place after in-place": Block(
        "image", lambda shape: nn.Sequential(conv(shape, 3), nn.ReLU6(True), nn.Hardswish(True), nn.SiLU(True))
    ),
}

ACTIVATIONS = {
    f"{name}: {spelling}": Block("any", lambda shape, name=name, spelling=spelling: elementwise(name, spelling))
    for name in ELEMENTWISE
    for spelling in spellings(name)
}

BLOCKS = LINEAR | POOLS | PRODUCTS | NORMS | ATTENTION | WIRING
"""All but the elementwise ones, by name."""
