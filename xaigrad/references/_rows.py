"""What all references have in common: the check of real samples, and rows in the samples' manner."""

from typing import Any

from torch import Tensor

from xaigrad._types import Context


def check_bank(name: str, bank: Any, alternative: str = "") -> None:
    """Raise ``TypeError`` or ``ValueError`` unless a bank is a floating tensor of shape ``(M, ...)`` with M > 0."""
    if not isinstance(bank, Tensor):
        raise TypeError(
            f"Parameter `{name}` should be a tensor of real samples{alternative}. Found {type(bank).__name__}. Stack a "
            "data set's images first: torch.stack([image for image, _ in dataset])."
        )
    if not bank.is_floating_point():
        raise TypeError(
            f"Parameter `{name}` should be floating, in the range of the generated samples. Found {bank.dtype}. For "
            f"pixels and a tanh generator: {name}.float() / 127.5 - 1."
        )
    if bank.dim() < 2 or len(bank) == 0:
        raise ValueError(
            f"Parameter `{name}` should hold at least one sample, in shape (M, ...). Found the shape "
            f"{tuple(bank.shape)}. Add the missing dimension with {name}.unsqueeze(0)."
        )


def taken(bank: Tensor, index: Tensor, samples: Tensor) -> Tensor:
    """Return rows of a bank, in the samples' dtype and on their device."""
    rows = bank.detach()[placed(index, bank)]
    return placed(rows, samples).to(samples.dtype)


def placed(value: Tensor, other: Tensor) -> Tensor:
    """Return a tensor on the device of another; from a CPU without waiting for the device."""
    return value.to(other.device, non_blocking=value.device.type == "cpu")


def block_count(rows: Tensor, context: Context) -> int:
    """Return K, where the rows are K blocks of the N samples of the context.

    Raises:
        ValueError: If they are no such blocks.
    """
    samples = len(context.gradient)
    if samples == 0 or len(rows) % samples:
        raise ValueError(
            f"References should be asked for whole blocks of the {samples} samples. Found {len(rows)} rows. Tile the "
            "samples with samples.repeat(K, ...)."
        )
    return len(rows) // samples


def fitting(references: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return references that have the shape they should have, or raise ``ValueError``."""
    if references.shape != shape:
        raise ValueError(
            f"Parameter `references` should give references of shape {tuple(shape)}. Found {tuple(references.shape)}. "
            "Reshape the real samples to the discriminator's input."
        )
    return references


def check_features(bank: Tensor, samples: Tensor) -> None:
    """Raise ``ValueError`` unless a bank has the samples' feature shape."""
    fitting(bank[:1].expand(len(samples), *bank.shape[1:]), samples.shape)
