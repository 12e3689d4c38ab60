"""What the process itself tells the operator when it cannot do what a command asked.

NodeError         one sentence; the command ends with exit code 1
+-- AddressTaken  another program listens at the address
+-- DataInUse     another process works on the same data folder
+-- Unreadable    a file that was given is not what it should be
+-- Refused       the running node refused; `is_input` says that what was typed is wrong (2)
+-- Refusal       a surface says no to a client, in the words of its protocol
"""

from collections.abc import Mapping


class NodeError(Exception):
    """The message is one sentence for the operator."""


class AddressTaken(NodeError):  # noqa: N818 - says the state
    """The node cannot listen where the settings say."""


class DataInUse(NodeError):  # noqa: N818 - says the state
    """The data folder belongs to another process now."""


class Unreadable(NodeError):  # noqa: N818 - says the state
    """A file (a backup, a list of peers) cannot be read as such."""


class Refused(NodeError):  # noqa: N818 - says what happened
    """A rule, a peer or the database refused what was asked of the running node."""

    def __init__(self, message: str, *, is_input: bool = False) -> None:
        """Keep whether the words of the command are at fault."""
        super().__init__(message)
        self.is_input = is_input


class Refusal(NodeError):  # noqa: N818 - it is an answer, not a fault
    """A surface says no in the words of its protocol: status, sentence, and what else is told."""

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        details: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what the client is told; details and headers are added to the answer."""
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.details = dict(details or {})
        self.headers = dict(headers or {})
