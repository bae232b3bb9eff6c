"""A well-behaved client beside each attack: its p99 must stay below a bound, and no request fail.

Needs a server that takes the PROXY protocol from 127.0.0.1; `cargo xtask attack` starts one.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.parse

import attacks

CLIENT = "192.0.2.44"
EVERY = 0.025
"""Seconds between two requests: fewer than a client's limit lets pass."""
ANEW = 10
"""Each so many requests the client connects anew."""


class Client:
    """Asks evenly, on a connection that it keeps, and now and then on a new one."""

    def __init__(self, target: attacks.Target, token: str) -> None:
        self.target = target
        self.request = (
            f"GET /v1/jobs?limit=1 HTTP/1.1\r\nHost: {target.host}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
        self.line = None
        self.times: list[float] = []
        self.errors: list[str] = []

    async def ask(self, number: int) -> None:
        began = time.perf_counter()
        try:
            if self.line is None or number % ANEW == 0:
                if self.line is not None:
                    self.line[1].close()
                self.line = await self.target.tls(CLIENT)
            reader, writer = self.line
            writer.write(self.request)
            status = await asyncio.wait_for(answer(reader), 10)
            if status != 200:
                self.errors.append(f"status {status}")
        except Exception as error:
            self.errors.append(repr(error))
            self.line = None
        self.times.append((time.perf_counter() - began) * 1000)

    async def run(self, until) -> None:
        number, due = 0, time.perf_counter()
        while not until():
            await self.ask(number)
            number, due = number + 1, max(due + EVERY, time.perf_counter())
            await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def answer(reader) -> int:
    """Reads one answer to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    await reader.readexactly(lengths[0])
    return int(head.split(b" ")[1])


async def token(target: attacks.Target, partner: dict) -> str:
    """An access token, as a partner gets it."""
    form = urllib.parse.urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": partner["client_id"],
            "client_secret": partner["client_secret"],
        }
    )
    reader, writer = await target.tls(CLIENT)
    writer.write(
        f"POST /oauth/token HTTP/1.1\r\nHost: {target.host}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
        f"{form}".encode()
    )
    said = await reader.read()
    return json.loads(said.split(b"\r\n\r\n", 1)[1])["access_token"]


def share(times: list[float], part: float) -> float:
    """The time that this part of all requests took at most."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def resident(pid: str) -> int:
    """Megabytes that the server has in memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024


def main() -> int:
    with open(os.environ["RINGWALL_READY"], encoding="utf-8") as file:
        ready = json.load(file)
    url = urllib.parse.urlsplit(ready["url"])
    target = attacks.Target(url.hostname, url.port, ready["ca_file"])
    bound = float(os.environ.get("P99_MS", "50"))
    partner = ready["tenants"][0]["partners"][0]
    bearer = asyncio.run(token(target, partner))
    wanted = sys.argv[1:] or list(attacks.ATTACKS)
    print(f"| {'attack':34} | took | requests | p50 ms | p99 ms | most ms | errors | MB | |")
    print("|---|---|---|---|---|---|---|---|---|")
    missed = 0
    for name in wanted:
        command = [sys.executable, __file__, "--attack", name]
        client = Client(target, bearer)
        attack = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        asyncio.run(client.run(lambda: attack.poll() is not None))
        took = attack.communicate()[0].strip()
        p99 = share(client.times, 0.99)
        holds = p99 < bound and not client.errors and attack.returncode == 0
        missed += not holds
        print(
            f"| {name:34} | {took} | {len(client.times)} | {share(client.times, 0.5):.1f} "
            f"| {p99:.1f} | {max(client.times):.1f} | {len(client.errors)} "
            f"| {resident(os.environ['RINGWALL_PID'])} | {'holds' if holds else 'MISSED'} |",
            flush=True,
        )
        for error in sorted(set(client.errors)):
            print(f"  {error}", file=sys.stderr)
    print(f"attack: {len(wanted) - missed} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--attack"]:
        with open(os.environ["RINGWALL_READY"], encoding="utf-8") as file:
            ready = json.load(file)
        url = urllib.parse.urlsplit(ready["url"])
        attacks.run(sys.argv[2], attacks.Target(url.hostname, url.port, ready["ca_file"]))
        sys.exit(0)
    sys.exit(main())
