"""A node that signs with a key it does not publish gets nowhere."""

import pytest

from federation.signing import Signer
from node import demo_story
from node.demo_story import NotShown
from node.founding import make_keys
from protocols.key_formats import load_private_pem
from tests.journeys.conftest import Street


@pytest.mark.slow
async def test_a_wrong_signing_key_is_found_out(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starts three nodes and waits in vain for a Follow: three seconds."""
    monkeypatch.setattr(demo_story, "PATIENCE_SECONDS", 2.0)
    story = street.story
    near = story.near.node
    signer = await near.own_keys.signer(story.bob.id)
    assert signer is not None
    other = load_private_pem(make_keys().rsa, trusted=True)
    near.own_keys._signers[story.bob.id, "rsa"] = Signer(key_id=signer.key_id, key=other)

    with pytest.raises(NotShown, match="has bob as a member"):
        await street.play("find", "follow")

    refusals = [arrival.refusal for arrival in story.home.arrivals if arrival.refusal]
    assert any("signature" in str(refusal).lower() for refusal in refusals)
