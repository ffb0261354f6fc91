"""Settings of mask transforms: what is refused, and how it is told; what they look like."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from xaigrad import masks
from xaigrad.masks import (
    EMA,
    Abs,
    AcceptedOnly,
    Blur,
    ChannelMean,
    Invert,
    MeanOne,
    NegativePart,
    Normalize,
    Patchwise,
    PositivePart,
    Power,
    RejectedOnly,
    TopK,
)

SIZE = "Parameter `size` should be a whole number of at least 1, or a tuple of one per spatial dimension. Found "
ERRORS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (Normalize, {"per": "pixel"}, 'Parameter `per` should be "sample" or "batch". Found \'pixel\'.'),
    (
        Normalize,
        {"by": "mean"},
        'Parameter `by` should be "max" or "minmax" or "quantile" or "sum". Found \'mean\'.',
    ),
    (Normalize, {"quantile": 0.0}, "Parameter `quantile` should be a number in (0, 1]. Found 0.0."),
    (Normalize, {"quantile": 99}, "Parameter `quantile` should be a number in (0, 1]. Found 99."),
    (Normalize, {"quantile": math.nan}, "Parameter `quantile` should be a number in (0, 1]. Found nan."),
    (MeanOne, {"per": "pixel"}, 'Parameter `per` should be "sample" or "batch". Found \'pixel\'.'),
    (Power, {"exponent": 0}, "Parameter `exponent` should be positive. Found 0."),
    (Power, {"exponent": -1.0}, "Parameter `exponent` should be positive. Found -1.0."),
    (Power, {"exponent": math.inf}, "Parameter `exponent` should be a finite number. Found inf."),
    (Power, {"exponent": "2"}, "Parameter `exponent` should be a finite number. Found '2'."),
    (TopK, {"fraction": 0}, "Parameter `fraction` should be a number in (0, 1]. Found 0."),
    (TopK, {"fraction": 10}, "Parameter `fraction` should be a number in (0, 1]. Found 10."),
    (TopK, {"fraction": None}, "Parameter `fraction` should be a number in (0, 1]. Found None."),
    (TopK, {"fraction": 0.1, "temperature": 0.0}, "Parameter `temperature` should be positive. Found 0.0."),
    (Blur, {"sigma": 0.0}, "Parameter `sigma` should be positive. Found 0.0."),
    (Blur, {"sigma": math.nan}, "Parameter `sigma` should be a finite number. Found nan."),
    (Patchwise, {"size": 0}, f"{SIZE}0. For example 4."),
    (Patchwise, {"size": 2.0}, f"{SIZE}2.0. For example 4."),
    (Patchwise, {"size": True}, f"{SIZE}True. For example 4."),
    (Patchwise, {"size": ()}, f"{SIZE}(). For example 4."),
    (Patchwise, {"size": (2, -1)}, f"{SIZE}(2, -1). For example 4."),
    (Patchwise, {"size": 2, "by": "sum"}, 'Parameter `by` should be "mean" or "max". Found \'sum\'.'),
    (EMA, {"decay": 1}, "Parameter `decay` should be a number in [0, 1). Found 1."),
    (EMA, {"decay": -0.1}, "Parameter `decay` should be a number in [0, 1). Found -0.1."),
    (EMA, {"decay": "slow"}, "Parameter `decay` should be a number in [0, 1). Found 'slow'."),
    (RejectedOnly, {"threshold": math.nan}, "Parameter `threshold` should be a finite number. Found nan."),
    (AcceptedOnly, {"threshold": None}, "Parameter `threshold` should be a finite number. Found None."),
]


@pytest.mark.parametrize(("transform", "settings", "message"), ERRORS)
def test_errors(transform: Callable[..., Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        transform(**settings)


REPRESENTATIONS = {
    Abs(): "Abs()",
    PositivePart(): "PositivePart()",
    NegativePart(): "NegativePart()",
    Normalize(): "Normalize(per='sample', by='max', quantile=0.99)",
    MeanOne(): "MeanOne(per='sample')",
    Power(2): "Power(exponent=2)",
    Invert(): "Invert()",
    TopK(0.1): "TopK(fraction=0.1, soft=False, temperature=0.05)",
    Blur(1.5): "Blur(sigma=1.5, shape=None)",
    Patchwise(4): "Patchwise(size=4, by='mean', shape=None)",
    Patchwise((2, 3), shape=[1, 4, 6]): "Patchwise(size=(2, 3), by='mean', shape=(1, 4, 6))",  # type: ignore[arg-type]
    ChannelMean(): "ChannelMean(shape=None)",
    EMA(): "EMA(decay=0.9)",
    RejectedOnly(): "RejectedOnly(threshold=0.0)",
    AcceptedOnly(0.5): "AcceptedOnly(threshold=0.5)",
}


@pytest.mark.parametrize(("transform", "expected"), REPRESENTATIONS.items(), ids=map(str, REPRESENTATIONS))
def test_repr_and_equality(transform: Any, expected: str) -> None:
    assert repr(transform) == expected
    assert eval(expected, vars(masks)) == transform
    assert [other for other in REPRESENTATIONS if other == transform] == [transform]


def test_every_name_is_listed_and_documented() -> None:
    assert sorted(masks.__all__, key=lambda name: (not name.isupper(), name)) == masks.__all__
    for name in masks.__all__:
        assert f":class:`{name}`" in str(masks.__doc__)
