"""Wrapped at strength 0, every integration is itself unwrapped, to the bit, over fifty steps."""

import pytest

from xaigrad import Guidance
from xaigrad.schedules import Constant

from ..loops import assert_same_bits
from .narrow import INTEGRATIONS, Integration, state

STEPS = 50


@pytest.mark.parametrize("integration", INTEGRATIONS.values(), ids=INTEGRATIONS)
def test_wrapped_at_strength_0_is_unwrapped(integration: Integration) -> None:
    states = []
    for guidance in (None, Guidance(schedule=Constant(0.0))):
        training = integration.start(guidance)
        for _ in range(STEPS):
            training.step(*integration.batch())
        states.append(state(training))
    assert_same_bits(*states)
    assert training.generator.skipped == {"strength 0": STEPS // integration.n_critic}
    assert training.generator.updates == STEPS // integration.n_critic
