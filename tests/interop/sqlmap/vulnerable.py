"""A test fixture that is open to SQL injection ON PURPOSE. Never serve anything with it.

`cargo xtask interop sqlmap` puts the firewall in front of it: sqlmap must find the hole when the
firewall only watches, and must not when it refuses. It listens on the loopback alone, holds a
made-up table in memory, and says its address on its first line.
"""

import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROWS = [("lamp", 12), ("chair", 40), ("table", 95), ("shelf", 60)]


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price INTEGER)")
    connection.executemany("INSERT INTO items (name, price) VALUES (?, ?)", ROWS)
    return connection


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        statement = "SELECT name, price FROM items"
        if "id" in query:
            # The hole: a number that is not checked.
            statement += " WHERE id = " + query["id"][0]
        elif "name" in query:
            # The hole: a text that is not escaped.
            statement += " WHERE name = '" + query["name"][0] + "'"
        try:
            rows = database().execute(statement).fetchall()
            self.answer(200, "\n".join(f"{name}: {price}" for name, price in rows))
        except sqlite3.Error as error:
            self.answer(500, f"sqlite3.OperationalError: {error}")

    def answer(self, status: int, text: str) -> None:
        body = f"<html><body><pre>{text}</pre></body></html>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Says nothing: what was asked stands in sqlmap's own log."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
