"""Naming a device from its user agent: useful for honest ones, harmless for others."""

from __future__ import annotations

import pytest

from sojourn.server.pages.devices import BROWSERS, SYSTEMS, device_of
from sojourn.server.pages.messages import load
from tests.features.pages import samples


@pytest.mark.parametrize(
    ("user_agent", "name", "kind"),
    [
        (samples.FIREFOX, "Firefox on Linux", "computer"),
        (samples.IPHONE, "Safari on iPhone", "phone"),
        (samples.EDGE, "Edge on Windows", "computer"),
        (samples.CHROME, "Chrome on Android", "phone"),
        (samples.SAFARI, "Safari on macOS", "computer"),
        (samples.SOJOURN, "Sojourn on Linux", "terminal"),
        ("curl/8.9.1", "curl", "terminal"),
        ("something else (Windows NT 10.0)", "Windows", "computer"),
        ("", "Unknown device", "computer"),
        (samples.HOSTILE, "Unknown device", "computer"),
    ],
)
def test_a_device_has_a_name(user_agent: str, name: str, kind: str) -> None:
    device = device_of(user_agent)
    assert (load("en").device(device), device.kind) == (name, kind)


def test_nothing_of_the_user_agent_itself_is_ever_shown() -> None:
    device = device_of("Firefox/<script> Linux \u202e" + "x" * 10_000)
    assert device.browser in {name for _, name in BROWSERS}
    assert device.system in {name for _, name, _ in SYSTEMS}
