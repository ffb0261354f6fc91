"""What paired seeds say of an arm: how much better or worse it is, how sure that is, and how many seeds would tell.

- runs: :func:`recorded` puts a run's measurements together as a :class:`History`, which says the :class:`Moment` when a
  level was reached or the metric settled; :func:`readouts` returns what seeds are compared by, the mean of the
  :data:`LAST` measurements among it;
- arms: :func:`compare`, or :func:`compare_arms` with the correction of :func:`holm`, gives each a
  :class:`Comparison` of a :class:`Readout` (:data:`FID`, :data:`KID`, :data:`PRECISION`, :data:`RECALL`, or any
  other);
- words: :func:`verdict` ("better", "worse", "no difference shown at n = 10") and :func:`effect_in_words`;
- does the explanation help? :func:`judge` and :func:`judge_arms` make a :class:`Claim` against all of its controls;
- noise: :func:`spreads` returns each readout's :class:`Spread` between two arms that do the same, with the seeds that
  an effect needs; :func:`spread_in_words`, :func:`needed_seeds`, :func:`fewest_seeds`.

A run that diverged has NaN or infinity for a value. It is left out of means, counted, and said.
"""

from xaigrad.benchmarks.statistics.claim import Claim, judge, judge_arms
from xaigrad.benchmarks.statistics.comparison import Comparison, compare, compare_arms
from xaigrad.benchmarks.statistics.history import LAST, History, Moment
from xaigrad.benchmarks.statistics.inference import holm
from xaigrad.benchmarks.statistics.pairs import FID, KID, PRECISION, RECALL, Readout
from xaigrad.benchmarks.statistics.power import fewest_seeds, needed_seeds
from xaigrad.benchmarks.statistics.reading import readouts, recorded
from xaigrad.benchmarks.statistics.spread import Spread, spread_in_words, spreads
from xaigrad.benchmarks.statistics.wording import effect_in_words, verdict

__all__ = [
    "FID",
    "KID",
    "LAST",
    "PRECISION",
    "RECALL",
    "Claim",
    "Comparison",
    "History",
    "Moment",
    "Readout",
    "Spread",
    "compare",
    "compare_arms",
    "effect_in_words",
    "fewest_seeds",
    "holm",
    "judge",
    "judge_arms",
    "needed_seeds",
    "readouts",
    "recorded",
    "spread_in_words",
    "spreads",
    "verdict",
]
