"""The node's key towards push services."""

from cryptography.hazmat.primitives.asymmetric import ec

from node.push.keys import PushKey, node_push_key
from storage.store import Storage


async def test_key_is_made_once_and_found_again(storage: Storage) -> None:
    first = await node_push_key(storage)
    second = await node_push_key(storage)

    assert first.public == second.public
    assert len(first.public) == 88, "65 bytes in padded base64"


def test_token_is_read_again_with_the_key_that_sealed_it_alone() -> None:
    key = PushKey(ec.derive_private_key(7, ec.SECP256R1()))
    other = PushKey(ec.derive_private_key(8, ec.SECP256R1()))

    sealed = key.seal("a-token", bytes(12))

    assert b"a-token" not in sealed
    assert key.unseal(sealed) == "a-token"
    assert other.unseal(sealed) == ""
    assert key.unseal(b"") == ""
