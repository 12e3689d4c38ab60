"""Brings documents of peers into the plain shape that parsing reads; the slow ones off the loop.

Spec: security 0.2 and FET-07; house 2.6 "CPU beside the loop".
"""

import asyncio

from protocols.activitypub import contexts
from protocols.strict_json import JsonObject


class DocumentReader:
    """Compacts what is not plain already, one document at a time on a thread of its own.

    One object serves the whole node: however many unusual documents come, one core is the most
    they take.
    """

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._one = asyncio.Semaphore(1)

    async def plain(self, document: JsonObject) -> JsonObject:
        """The document, compacted against the bundled contexts where it is not plain.

        Raises:
            RemoteProtocolError: it cannot be compacted.
        """
        if contexts.is_plain(document):
            return document
        async with self._one:
            return await asyncio.to_thread(contexts.compact, document)
