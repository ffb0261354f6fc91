"""References: ``(samples, context) -> references``, what DeepLIFT and path methods compare each sample with.

The paper's "background selector" (LogicGAN, sections 4.3 and 5.4). A plain function is as good as any class here. It is
called with the N samples, or with K blocks of them (row kN + n is sample n), and returns as many references. It may
have a method ``share(samples, count, context) -> (pool, index)``: a pool of P references that all samples share, and an
index of shape ``(count, N)``, so that sample n is compared with ``pool[index[k, n]]``; one small pass of the pool
through D then serves every sample.

One class of real samples, as in the paper's single-class experiments: ``ClassReferences(images, labels, classes=3)``.
The class that a separate classifier assigns to each generated sample, as in its multi-class experiments:
``ClassReferences(images, labels, classes=classifier)``. Where nothing is to be passed: ``HarvestedReferences()``.
"""

from xaigrad.references._blurred import BlurredReferences
from xaigrad.references._class import ClassReferences
from xaigrad.references._fixed import FixedReferences
from xaigrad.references._harvested import HarvestedReferences
from xaigrad.references._random import RandomReferences
from xaigrad.references._zero import ZeroReferences

__all__ = [
    "BlurredReferences",
    "ClassReferences",
    "FixedReferences",
    "HarvestedReferences",
    "RandomReferences",
    "ZeroReferences",
]
