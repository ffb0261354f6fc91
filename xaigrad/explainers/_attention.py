"""Attention, taken apart into linear layers, products and softmax."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """``F.scaled_dot_product_attention``."""
    if enable_gqa:
        key, value = (one.repeat_interleave(query.shape[-3] // one.shape[-3], -3) for one in (key, value))
    logits = torch.matmul(query, key.transpose(-2, -1)) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        allowed = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).tril()
        logits = logits.masked_fill(~allowed, -math.inf)
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -math.inf) if attn_mask.dtype == torch.bool else logits + attn_mask
    return torch.matmul(F.dropout(F.softmax(logits, dim=-1), dropout_p), value)


def multi_head_attention(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True,
    key_padding_mask: Tensor | None = None, need_weights: bool = True, attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """``F.multi_head_attention_forward``, without added keys: sequences first, shape ``(L, N, E)``."""
    if any(one is not None for one in (bias_k, bias_v, static_k, static_v)) or add_zero_attn or query.dim() != 3:
        raise NotImplementedError
    weights: Sequence[Any] = (q_proj_weight, k_proj_weight, v_proj_weight)
    if in_proj_weight is not None and not use_separate_proj_weight:
        weights = in_proj_weight.chunk(3)
    biases = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
    heads = []
    for one, weight, bias in zip((query, key, value), weights, biases, strict=True):
        projected = F.linear(one, weight, bias)
        heads.append(projected.view(*projected.shape[:2], num_heads, -1).permute(1, 2, 0, 3))
    mask = None if attn_mask is None else _additive(attn_mask, query.dtype)
    if mask is not None and mask.dim() == 3:
        mask = mask.view(-1, num_heads, *mask.shape[1:])
    if key_padding_mask is not None:
        padding = _additive(key_padding_mask, query.dtype)[:, None, None]
        mask = padding if mask is None else mask + padding
    q, k, v = heads
    logits = torch.matmul(q, k.transpose(-2, -1)) * q.shape[-1] ** -0.5
    scores = F.softmax(logits if mask is None else logits + mask, dim=-1)
    if training and dropout_p > 0:
        scores = F.dropout(scores, dropout_p)
    joined = torch.matmul(scores, v).permute(2, 0, 1, 3).flatten(2)
    shown = (scores.mean(1) if average_attn_weights else scores) if need_weights else None
    return F.linear(joined, out_proj_weight, out_proj_bias), shown


def _additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, -math.inf)
