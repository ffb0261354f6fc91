"""A user's own pair, images and features in a benchmark, without a fork.

Each is named by a text, ``module:attribute`` or ``path/to/file.py:attribute``, and what it should be is said by
:func:`model`, :func:`images` and :func:`features`. Every mistake is a ``UsageError`` of one line with its cure.

A file for ``xaigrad run --pair gan.py:make_pair --data gan.py:make_images --features pixels``::

    def make_pair():
        generator = nn.Sequential(nn.Linear(100, 3072), nn.Tanh(), nn.Unflatten(1, (3, 32, 32)))
        discriminator = nn.Sequential(nn.Flatten(), nn.Linear(3072, 1))
        return generator, discriminator

    def make_images():
        return CIFAR10("data", transform=Compose([ToTensor(), Normalize([0.5], [0.5])]))
"""

from xaigrad.benchmarks.yours._features import features
from xaigrad.benchmarks.yours._images import images
from xaigrad.benchmarks.yours._imported import code_of, imported
from xaigrad.benchmarks.yours._model import OwnModel, model

__all__ = ["OwnModel", "code_of", "features", "images", "imported", "model"]
