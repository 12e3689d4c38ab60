"""Protocol errors: whose fault, which status, and a text that is safe to show."""

from protocols.errors import (
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    SignatureRefused,
)


def test_fault_of_the_peer_hints_at_400_and_ours_at_500() -> None:
    assert RemoteProtocolError("bad").status_hint == 400
    assert LocalProtocolError("bad").status_hint == 500


def test_status_and_errcode_can_be_said_for_one_error_only() -> None:
    error = RemoteProtocolError("too large", status_hint=413, errcode="M_TOO_LARGE")

    assert (error.status_hint, error.errcode, str(error)) == (413, "M_TOO_LARGE", "too large")
    assert RemoteProtocolError("bad").status_hint == 400


def test_refused_signature_is_a_401_that_names_its_reason() -> None:
    error = SignatureRefused("clock", "unreadable Date")

    assert isinstance(error, ProtocolError)
    assert (error.status_hint, error.errcode) == (401, "M_UNAUTHORIZED")
    assert error.reason == "clock"
    assert str(error) == "signature refused: clock (unreadable Date)"
