"""Layers that torch has no module for: functions with parts, norms of the batch, attention by hand."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from .elementwise import ELEMENTWISE, Layer, spellings

Shape = tuple[int, ...]


class Chain(nn.Module):
    """Layers in sequence, modules or functions."""

    def __init__(self, *layers: Layer) -> None:
        super().__init__()
        self.layers = layers
        self.parts = nn.ModuleList(layer for layer in layers if isinstance(layer, nn.Module))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Using(nn.Module):
    """A function of its input and of modules."""

    def __init__(self, function: Callable[..., Tensor], *parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parts)


class Constant(nn.Module):
    """A function of its input and of fixed numbers."""

    def __init__(self, function: Callable[..., Tensor], *shapes: Shape) -> None:
        super().__init__()
        self.function = function
        for index, shape in enumerate(shapes):
            self.register_buffer(str(index), torch.randn(shape) / max(shape[-1], 1) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.buffers())


class BatchStatistics(nn.Module):
    """Batch normalisation by the batch's own statistics, also in eval mode."""

    def __init__(self, track: bool) -> None:
        super().__init__()
        self.track = track

    def forward(self, x: Tensor) -> Tensor:
        if not self.track:
            return F.batch_norm(x, None, None, training=True, eps=0.1)
        mean, variance = torch.zeros(x.shape[1]).to(x), torch.ones(x.shape[1]).to(x)
        return F.batch_norm(x, mean, variance, None, None, True, 0.1, 0.1)


def old(norm: Callable[[nn.Module], nn.Module]) -> Callable[[nn.Module], nn.Module]:
    """A deprecated norm of the weights, used everywhere."""

    def apply(module: nn.Module) -> nn.Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return norm(module)

    return apply


def with_running_statistics(norm: nn.Module) -> nn.Module:
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    return norm


def elementwise(name: str, spelling: str) -> Layer:
    return Chain(ELEMENTWISE[name].domain, spellings(name)[spelling])


def minibatch_deviation(x: Tensor) -> Tensor:
    """StyleGAN's: the spread of the batch, averaged over features and places, as one more channel."""
    spread = (x - x.mean(0, keepdim=True)).square().mean(0, keepdim=True)
    spread = (spread + 0.1).sqrt().mean([1, 2, 3], keepdim=True)
    return torch.cat([x, spread.repeat(len(x), 1, *x.shape[2:])], 1)


def minibatch_deviation_in_groups(x: Tensor) -> Tensor:
    """StyleGAN2's, with one group of samples and one statistic for all channels."""
    groups = x.reshape(len(x), -1, 1, *x.shape[1:])
    groups = groups - groups.mean(dim=0)
    spread = (groups.square().mean(dim=0) + 0.1).sqrt().mean(dim=[2, 3, 4])
    return torch.cat([x, spread.reshape(-1, 1, 1, 1).repeat(len(x), 1, *x.shape[2:])], dim=1)


def minibatch_discrimination(x: Tensor) -> Tensor:
    """Salimans et al.'s: how near the other samples' features are."""
    distance = (x.unsqueeze(0) - x.unsqueeze(1)).abs().sum(2) / x.shape[1]
    return torch.cat([x, torch.exp(-distance).sum(0, keepdim=False).unsqueeze(1)], 1)


def attention_by_hand(x: Tensor, query: nn.Module, key: nn.Module, value: nn.Module) -> Tensor:
    """SAGAN's, over the places of an image."""
    keys = key(x).flatten(2)
    weights = torch.softmax(torch.bmm(query(x).flatten(2).transpose(1, 2), keys) / keys.shape[1] ** 0.5, dim=-1)
    return x + torch.bmm(value(x).flatten(2), weights.permute(0, 2, 1)).view(x.shape)


def squeeze_excite(x: Tensor, gate: nn.Module) -> Tensor:
    return x * torch.sigmoid(gate(F.adaptive_avg_pool2d(x, 1).flatten(1)))[:, :, None, None]


def attention_with_places_first(x: Tensor, attention: nn.Module) -> Tensor:
    places = x.transpose(0, 1)
    return attention(places, places, places)[0].transpose(0, 1)


def scaled_dot_product(x: Tensor, projection: nn.Module, causal: bool) -> Tensor:
    query, key, value = projection(x).chunk(3, -1)
    heads = (part.unflatten(-1, (2, -1)).transpose(1, 2) for part in (query, key, value))
    return F.scaled_dot_product_attention(*heads, is_causal=causal).transpose(1, 2).flatten(2)


def pixel_norm(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 0.1)


def rows_written(x: Tensor) -> Tensor:
    hidden = torch.tanh(x)
    hidden[:, 0] = F.silu(x[:, -1])
    hidden[:, 1:] *= 1.1
    return hidden


def variance_and_mean(x: Tensor) -> Tensor:
    variance, mean = torch.var_mean(x, 1, correction=0, keepdim=True)
    return (x - mean) / (variance + 0.1) ** 0.5


def times_in_place(a: Tensor, b: Tensor) -> Tensor:
    a = torch.tanh(a)
    a *= b
    a /= 1 + b.abs()
    a += b
    return a


def residual_in_place(x: Tensor, branch: nn.Module) -> Tensor:
    hidden = branch(torch.relu(x))
    hidden += x
    return F.leaky_relu_(hidden, 0.1).mul_(2**0.5)


def again(x: Tensor, branch: nn.Module, activation: nn.Module) -> Tensor:
    return activation(branch(activation(branch(x) + 0.1)) + x)


def views_written(x: Tensor) -> Tensor:
    """Activations in place on parts of a tensor, seen through other views of it."""
    hidden = x * 1.5
    hidden.flatten(1)[:, 1:].tanh_()
    hidden[:, :1].relu_().mul_(2)
    hidden[:, -1:] = torch.sigmoid(hidden[:, -1:])
    return hidden


def checkpointed(x: Tensor, branch: nn.Module) -> Tensor:
    return checkpoint(lambda h: F.silu(branch(torch.relu(h))), x, use_reentrant=False)


def fourier(x: Tensor, frequencies: Tensor) -> Tensor:
    phase = x @ frequencies
    return torch.cat([x, torch.sin(phase), torch.cos(phase)], 1)


def by_rows(a: Tensor, b: Tensor) -> Tensor:
    """Every sample's features through a linear layer whose weights are its other features."""
    return torch.stack([F.linear(row, weight.view(2, 3)) for row, weight in zip(a[:, :3], b, strict=True)])


def computed_convolution(a: Tensor, b: Tensor) -> Tensor:
    """A convolution whose weights are activations, with one group for each half of each sample."""
    return F.conv1d(a.reshape(1, -1, 3), b.reshape(-1, 1, 3), padding=1, groups=2 * len(a)).reshape(len(a), -1)
