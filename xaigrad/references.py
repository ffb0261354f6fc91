"""References: ``(samples, context) -> references``, what DeepLIFT and path methods compare each sample with.

The paper's "background selector" (LogicGAN, sections 4.3 and 5.4). A plain function is as good as any class here.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from xaigrad._types import Context


@dataclass(frozen=True, eq=False)
class RandomReferences:
    """One reference per sample, drawn afresh at every update, with replacement, from a bank of real samples.

    The draw comes from the guidance's own random generator, so the user's random state is left alone.

    Args:
        bank: Real samples, shape ``(M, ...)`` with the feature shape of the generated ones and in their range; on any
            device.

    Raises:
        TypeError: If the bank is no tensor.
        ValueError: If it holds no sample.

    Example:
        >>> import torch
        >>> RandomReferences(torch.zeros(6265, 1, 28, 28))
        RandomReferences(6265 samples of shape (1, 28, 28))
    """

    bank: Tensor = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.bank, Tensor):
            raise TypeError(
                "Parameter `references` should be a tensor of real samples or a callable (samples, context) -> "
                f"references. Found {type(self.bank).__name__}. Stack a data set's images first: "
                "torch.stack([image for image, _ in dataset])."
            )
        if not self.bank.is_floating_point():
            raise TypeError(
                "Parameter `references` should be floating, in the range of the generated samples. Found "
                f"{self.bank.dtype}. For pixels and a tanh generator: references.float() / 127.5 - 1."
            )
        if self.bank.dim() < 2 or len(self.bank) == 0:
            raise ValueError(
                "Parameter `references` should hold at least one sample, in shape (M, ...). Found the shape "
                f"{tuple(self.bank.shape)}. Add the missing dimension with references.unsqueeze(0)."
            )

    def __repr__(self) -> str:
        return f"RandomReferences({len(self.bank)} samples of shape {tuple(self.bank.shape[1:])})"

    def __call__(self, samples: Tensor, context: Context) -> Tensor:
        """Return one row of the bank per sample, in the samples' dtype and on their device."""
        index = torch.randint(len(self.bank), (len(samples),), generator=context.rng, device="cpu")
        references = self.bank.detach()[index.to(self.bank.device)]
        return references.to(device=samples.device, dtype=samples.dtype)
