"""Logic: masks by specifications, formulas that say where the feedback of the discriminator should count.

A specification is a formula of fuzzy logic about the features of a sample: what explains D's verdict, regions of the
image, properties of the sample, what other explainers say. Its truth value at each feature, in [0, 1], is the mask.

>>> from xaigrad.logic import border, deepshap, explanation, parse, saliency
>>> inside = parse("explanation & ~border(2)")                  # the text form, safely read
>>> agreed = Specification(saliency & deepshap, logic=PRODUCT)  # the same from Python
>>> # XAIGuidedGenerator(generator, discriminator, mask=inside)

Names, in the text as in Python; truth values of a sample or a region are given to each of its features. In Python a
comparison needs parentheses, ``(a > 0.5) & b``; in the text it binds more tightly than ``&``.

===================================== ======================================================= =================
name                                  what it says                                            one value per
===================================== ======================================================= =================
``explanation``                       the feature explains the score                          feature
``supports``, ``opposes``             it speaks for a real sample, for a generated one        feature
``saliency``, ``input_x_gradient``,   it explains the score to that explainer, as it is by    feature
``smoothgrad``, ``deeplift``,         default; to another: ``Explained(explainer)``
``deepshap``,
``integrated_gradients``,
``expected_gradients``,
``occlusion``, ``lime``,
``kernelshap``
``border(width)``, ``centre(          it lies there in the image                              pixel
fraction)``, ``disc(radius)``,
``box(top, left, height, width)``
``intensity(low, high)``              its own value, -1 to 1 by default                       feature
``brightness(low, high)``             the mean of it                                          sample
``realness(low, high)``               D takes the sample for real: the sigmoid of the score   sample
``accepted(t)``, ``rejected(t)``      ... its score is above t, or not                        sample
``label(k)``, ``label(k, c)``         the sample is of class k, by D's label or classifier c  sample
``0.5``                               that much, everywhere                                   -
``~a``, ``a & b``, ``a | b``          not, and, or                                            as their parts
``a -> b``, ``a <-> b``               implies, if and only if; in Python ``a.implies(b)``,    as their parts
                                      ``a.iff(b)``
``a > b``, ``>=``, ``<``, ``<=``      1 where it is so, else 0                                as their parts
``at_least(a, t, softness)``,         the same, gradually                                     as their parts
``at_most(a, t, softness)``
``very(a)``, ``somewhat(a)``          the square, the square root                             as their parts
``agree(a, b, ...)``                  all of them                                             as their parts
``forall(a)``, ``exists(a)``,         of all, of some, on average over the features           sample
``mostly(a)``
``forall(a, region)`` and so on       ... inside a region or any formula                      sample
``forall(a, batch)`` and so on        ... at the feature in all samples                       feature
``forall(a, label)`` and so on        ... in all samples of the same class                    class and feature
===================================== ======================================================= =================

Atoms of one's own are tensors, functions, networks (:class:`Region`) and explainers (:class:`Explained`); in the text
by name, ``parse("explanation & face", face=region)``.
"""

from xaigrad.logic._atoms import Constant, explanation, opposes, supports
from xaigrad.logic._connectives import agree
from xaigrad.logic._domains import batch, label
from xaigrad.logic._explained import (
    Explained,
    deeplift,
    deepshap,
    expected_gradients,
    input_x_gradient,
    integrated_gradients,
    kernelshap,
    lime,
    occlusion,
    saliency,
    smoothgrad,
)
from xaigrad.logic._formula import Formula
from xaigrad.logic._intensity import brightness, intensity
from xaigrad.logic._logics import GOEDEL, LUKASIEWICZ, PRODUCT, Logic
from xaigrad.logic._parse import parse
from xaigrad.logic._quantifiers import exists, forall, mostly
from xaigrad.logic._realness import accepted, realness, rejected
from xaigrad.logic._region import Region
from xaigrad.logic._shapes import border, box, centre, disc
from xaigrad.logic._specification import Specification
from xaigrad.logic._thresholds import at_least, at_most, somewhat, very

__all__ = [
    "GOEDEL",
    "LUKASIEWICZ",
    "PRODUCT",
    "Constant",
    "Explained",
    "Formula",
    "Logic",
    "Region",
    "Specification",
    "accepted",
    "agree",
    "at_least",
    "at_most",
    "batch",
    "border",
    "box",
    "brightness",
    "centre",
    "deeplift",
    "deepshap",
    "disc",
    "exists",
    "expected_gradients",
    "explanation",
    "forall",
    "input_x_gradient",
    "integrated_gradients",
    "intensity",
    "kernelshap",
    "label",
    "lime",
    "mostly",
    "occlusion",
    "opposes",
    "parse",
    "realness",
    "rejected",
    "saliency",
    "smoothgrad",
    "somewhat",
    "supports",
    "very",
]
