"""The TCP side (RFC 7766): pipelined queries, answered in order. `EmbeddedServer` starts it in its event loop."""

import asyncio
import socket
from contextlib import suppress

from alpage.products.dns.server.responder import Responder
from alpage.products.dns.server.sockets import client_host


class TcpListener:
    """Answers the connections of one bound socket."""

    def __init__(self, bound: socket.socket, responder: Responder, *, connections: int, idle_seconds: float):
        self._socket = bound
        self._responder = responder
        self._connections = connections
        self._idle_seconds = idle_seconds
        self._open = 0

    async def start(self) -> asyncio.Server:
        """Begin to answer, until the server that is returned gets closed."""
        return await asyncio.start_server(self._serve, sock=self._socket)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= self._connections:
                await self._converse(reader, writer)
        finally:
            self._open -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = client_host(writer.get_extra_info("peername"))
        with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            while True:
                async with asyncio.timeout(self._idle_seconds):
                    size = int.from_bytes(await reader.readexactly(2))
                    wire = await reader.readexactly(size)
                for message in self._responder.stream(wire, host):
                    writer.write(len(message).to_bytes(2) + message)
                    async with asyncio.timeout(self._idle_seconds):
                        await writer.drain()
                    await asyncio.sleep(0)  # a large transfer lets the others have their turn
