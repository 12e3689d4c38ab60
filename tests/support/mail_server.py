"""A mail server on loopback that keeps what it gets; it says no when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(slots=True)
class MailServer:
    """What came, and what it answers to the steps of a delivery instead of yes."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client. Spec: RFC 5321 4.1."""
        try:
            await self._say(writer, "220 post.example")
            while line := (await reader.readline()).decode().strip():
                verb = line.split(":")[0].split()[0].upper()
                if verb in self.answers:
                    await self._say(writer, self.answers[verb])
                elif verb == "DATA":
                    await self._say(writer, "354 go on")
                    self._keep(await reader.readuntil(b"\r\n.\r\n"))
                    await self._say(writer, self.answers.get("END", "250 taken"))
                elif verb == "QUIT":
                    await self._say(writer, "221 bye")
                    return
                else:
                    if verb == "RCPT":
                        self.recipients.append(line.partition("<")[2].partition(">")[0])
                    await self._say(writer, "250 post.example")
        finally:
            writer.close()

    def _keep(self, data: bytes) -> None:
        plain = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        plain = plain.replace(b"\r\n", b"\n")
        self.mails.append(message_from_bytes(plain, policy=policy.default))

    async def _say(self, writer: asyncio.StreamWriter, line: str) -> None:
        writer.write(f"{line}\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server that listens inside the block."""
    made = MailServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
