"""torch-fidelity with LeNet as its feature extractor: features from images, and figures from features."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from xaigrad.benchmarks import extractor
from xaigrad.benchmarks._torchvision import declare_missing_operators
from xaigrad.benchmarks.data import from_pixels

declare_missing_operators()

import torch_fidelity  # noqa: E402
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric  # noqa: E402
from torch_fidelity.metric_kid import kid_features_to_metric  # noqa: E402
from torch_fidelity.metric_prc import prc_features_to_metric  # noqa: E402
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY  # noqa: E402
from torch_fidelity.utils import create_feature_extractor  # noqa: E402

LAYER = "features"
NEIGHBOURS = 3
SUBSETS = 100
INCEPTION, INCEPTION_LAYER = "inception-v3-compat", "2048"
_SUBSET = 1000


class LeNetFeatures(torch_fidelity.FeatureExtractorBase):  # type: ignore[misc]  # torch-fidelity is not typed
    """The features of the LeNet of a data set, for uint8 images of shape (N, 1, 28, 28)."""

    dataset: ClassVar[str]

    def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
        super().__init__(name, features_list)
        self.lenet = extractor.load(self.dataset)

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        """Return the features, as the tuple of one layer that torch-fidelity expects."""
        if pixels.dtype != torch.uint8 or pixels.shape[1:] != (1, 28, 28):
            raise ValueError(
                f"Parameter `pixels` should be uint8 of shape (N, 1, 28, 28). Found {pixels.dtype} of shape "
                f"{tuple(pixels.shape)}. Convert images in [-1, 1] with `xaigrad.benchmarks.data.to_pixels`."
            )
        return (self.lenet.features(from_pixels(pixels)),)

    @staticmethod
    def get_provided_features_list() -> tuple[str]:
        """Return the names of the layers on offer: one."""
        return (LAYER,)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        """Return the layer that a metric reads; FID, KID, precision and recall read the same."""
        return LAYER

    @staticmethod
    def can_be_compiled() -> bool:
        """Return whether ``torch.compile`` may wrap it."""
        return True

    @staticmethod
    def get_dummy_input_for_compile() -> Tensor:
        """Return a black image."""
        return torch.zeros(1, 1, 28, 28, dtype=torch.uint8)


def register(dataset: str) -> str:
    """Register the features of a data set with torch-fidelity, once, and return their name.

    The name ends in the hash of the weights, because torch-fidelity files its cache under the name alone.
    """
    name = f"{extractor.weights_path(dataset).stem}-{extractor.weights_hash(dataset)}"
    if name not in FEATURE_EXTRACTORS_REGISTRY:
        torch_fidelity.register_feature_extractor(name, type("LeNetFeatures", (LeNetFeatures,), {"dataset": dataset}))
    return name


def create(name: str, layer: str = LAYER) -> nn.Module:
    """Return the registered extractor of that name, on the CPU; it returns the tuple of the layer's features."""
    created: nn.Module = create_feature_extractor(name, [layer], cuda=False, verbose=False)
    return created


def statistics(features: Tensor) -> dict[str, Any]:
    """Return mean and covariance."""
    found: dict[str, Any] = fid_features_to_statistics(features)
    return found


def fid(generated: dict[str, Any], real: dict[str, Any]) -> float:
    """Return the Fréchet distance between two pairs of mean and covariance."""
    return float(fid_statistics_to_metric(generated, real, verbose=False)[torch_fidelity.KEY_METRIC_FID])


def kid(generated: Tensor, real: Tensor, subsets: int = SUBSETS) -> float:
    """Return the kernel distance, averaged over pairs of random subsets of at most 1,000 samples.

    Where a subset is the whole set on both sides, all of them are the same, and one is asked.
    """
    size = min(_SUBSET, len(generated), len(real))
    count = 1 if size == len(generated) == len(real) else subsets
    found = kid_features_to_metric(generated, real, kid_subsets=count, kid_subset_size=size, verbose=False)
    return float(found[torch_fidelity.KEY_METRIC_KID_MEAN])


def precision_recall(generated: Tensor, real: Tensor) -> tuple[float, float]:
    """Return the shares of generated and of real samples within a third-neighbour distance of the other set."""
    # In blocks: the whole matrix of distances would take 14 GB for the 60,000 images of MNIST, and more time.
    found = prc_features_to_metric(
        generated, real, prc_neighborhood=NEIGHBOURS, prc_batch_size=_SUBSET, save_cpu_ram=True, verbose=False
    )
    return float(found[torch_fidelity.KEY_METRIC_PRECISION]), float(found[torch_fidelity.KEY_METRIC_RECALL])
