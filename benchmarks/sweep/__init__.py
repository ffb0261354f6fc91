"""Many recipes on the same data and seeds, as a grid or as a search, by any number of workers on one storage."""

from xaigrad.benchmarks.sweep.confirmation import confirmation
from xaigrad.benchmarks.sweep.space import Space
from xaigrad.benchmarks.sweep.storage import folder_of, opened
from xaigrad.benchmarks.sweep.table import show
from xaigrad.benchmarks.sweep.worker import Worker

__all__ = ["Space", "Worker", "confirmation", "folder_of", "opened", "show"]
