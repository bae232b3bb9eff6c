"""What Schemathesis cannot know by itself: who it is, which ids exist, and two rules of our own.

`RINGWALL_ROLE` is `partner` (a token on every call) or `stranger` (no credentials at all).
"""

import base64
import itertools
import json
import os
import re
import uuid
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import requests
import schemathesis
from schemathesis import AuthContext, Case, HookContext
from schemathesis.core.parameters import ParameterLocation

READY = json.loads(Path(os.environ["RINGWALL_READY"]).read_text())
URL = READY["url"].rstrip("/")
IS_PARTNER = os.environ["RINGWALL_ROLE"] == "partner"
PARTNER = READY["tenants"][0]["partners"][0]
SCOPE = PARTNER["scopes"] if isinstance(PARTNER["scopes"], str) else " ".join(PARTNER["scopes"])
TOKEN_PATH = "/oauth/token"
# Below these clients prove themselves; below the first refusals have the form of RFC 6749 §5.2.
OAUTH = ("/oauth/", "/v1/auth/")
# People see these in a browser; a refusal there is a page, too.
PAGES = ("/staff", "/oauth/authorize", "/oauth/consent")
REPORT = "/security/leaked-keys"
TIMEOUT = 10
# Below what the edge takes, with room for the path.
REQUEST_LINE_MAX = 7000
# Shorter values turn up in an answer by chance.
ECHO_LENGTH_MIN = 10

# One connection for our own questions; the environment names no proxy and no credentials for it.
own = requests.Session()
own.trust_env = False
own.verify = os.environ["RINGWALL_CA"]
turns = itertools.count()


def basic() -> str:
    pair = f"{PARTNER['client_id']}:{PARTNER['client_secret']}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def bearer() -> str:
    answer = own.post(
        URL + TOKEN_PATH,
        data={"grant_type": "client_credentials", "scope": SCOPE},
        headers={"Authorization": basic()},
        timeout=TIMEOUT,
    )
    answer.raise_for_status()
    return "Bearer " + answer.json()["access_token"]


if IS_PARTNER:

    @schemathesis.auth(
        refresh_interval=300, cache_by_key=lambda case, ctx: ctx.operation.path.startswith(OAUTH)
    )
    class Partner:
        """A token for the API, and the client's own secret where tokens are made."""

        def get(self, case: Case, ctx: AuthContext) -> str:
            return basic() if ctx.operation.path.startswith(OAUTH) else bearer()

        def set(self, case: Case, data: str, ctx: AuthContext) -> None:
            # Public operations are called without credentials, as the public calls them.
            if ctx.operation.definition.raw.get("security"):
                case.headers["Authorization"] = data


@cache
def token() -> str:
    """For our own questions, in either role."""
    return bearer()


@cache
def ids(collection: str) -> list[str]:
    """Ids that exist below a collection's path; empty where it cannot be listed."""
    answer = own.get(URL + collection, headers={"Authorization": token()}, timeout=TIMEOUT)
    if answer.status_code != 200:
        return []
    data = answer.json().get("data", [])
    return [row["id"] for row in data if isinstance(row, dict) and "id" in row]


def etag(path: str) -> str | None:
    answer = own.get(URL + path, headers={"Authorization": token()}, timeout=TIMEOUT)
    return answer.headers.get("ETag") if answer.status_code == 200 else None


def any_of(known: list[str], turn: int) -> str | None:
    return known[turn % len(known)] if known else None


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """A request line has a limit of its own (414), which no schema of one parameter can say."""
    return len(urlencode(case.query or {}, doseq=True)) < REQUEST_LINE_MAX


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict) -> None:
    """Makes calls be about something that exists, so that they get past 404 and 412.

    The coverage phase tries one thing a call, so every call but the one that tries an id or a
    version gets real ones; fuzzing keeps every second call as it was generated. In a stateful walk
    ids come from earlier answers already.
    """
    meta = case.meta
    if meta is None:
        return
    turn, phase = next(turns), meta.phase.name.value
    tried = meta.phase.data.parameter
    is_kept = meta.is_negative_at(ParameterLocation.HEADER) and phase != "coverage"
    headers = {} if is_kept else case.headers or {}
    # A key that was used with another body is refused, and rightly.
    if "Idempotency-Key" in headers and tried != "Idempotency-Key":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    # Cursors are sealed: only the API can make one, and a schema cannot say so.
    if not meta.is_negative_at(ParameterLocation.QUERY):
        (case.query or {}).pop("cursor", None)
    if phase == "stateful" or (phase == "fuzzing" and turn % 2):
        return
    if not meta.is_negative_at(ParameterLocation.PATH):
        use_real_path(case, turn, tried)
    if not meta.is_negative_at(ParameterLocation.BODY) and isinstance(case.body, dict):
        use_real_references(case, turn)
    if "If-Match" in headers and tried != "If-Match":
        # The coverage phase knows no header with quotes in it, and says `0` instead of a version.
        headers["If-Match"] = etag(resource(case)) or '"v1"'


def use_real_path(case: Case, turn: int, tried: str | None) -> None:
    for match in re.finditer(r"\{(\w+)\}", case.operation.path):
        name = match.group(1)
        collection = case.operation.path[: match.start()].rstrip("/")
        if "{" in collection or name == tried or not name.endswith("id"):
            continue
        known = any_of(ids(collection), turn)
        if known:
            case.path_parameters[name] = known


def use_real_references(case: Case, turn: int) -> None:
    """`client_id` is an id from `/v1/clients`, and so on; in OAuth's form it is something else."""
    if case.operation.path.startswith(OAUTH):
        return
    body = case.body
    for name, value in body.items():
        if name.endswith("_id") and isinstance(value, str):
            known = any_of(ids(f"/v1/{name.removesuffix('_id')}s"), turn)
            if known:
                body[name] = known


def resource(case: Case) -> str:
    """The path up to and with its first id: what an action such as `…/publish` is about."""
    path = re.sub(r"(\{\w+\}).*", r"\1", case.operation.path)
    return re.sub(r"\{(\w+)\}", lambda m: str(case.path_parameters.get(m.group(1))), path)


@schemathesis.check
def the_contract_does_not_refuse_what_it_allows(ctx, response, case) -> None:
    """A 422 for data that fits the document must come from the domain, not from the document.

    Nor may a rule of the firewall take such data for an attack.
    """
    meta = case.meta
    is_refused = response.status_code in (403, 422)
    if not is_refused or meta is None or not meta.generation.mode.is_positive:
        return
    code = problem(response).get("code", "")
    if case.operation.path == REPORT and code.startswith("firewall."):
        # Scanners may say more than we declare; that, and no more, is judged by the rules.
        assert says_more(case.body), f"`{code}` for a report of what is declared"
        return
    assert not code.startswith(("contract.", "firewall.")), f"`{code}` for data that is allowed"


def says_more(report) -> bool:
    return any(leak.keys() - {"token", "type", "url", "source"} for leak in report)


@schemathesis.check
def refusals_are_problems_that_do_not_echo(ctx, response, case) -> None:
    """RFC 9457 with a request id, and nothing in it that the caller sent."""
    is_oauth = case.operation.path.startswith(OAUTH)
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    told = problem(response)
    kind = response.headers.get("content-type", [""])[0]
    is_page = case.operation.path.startswith(PAGES) and kind.startswith("text/html")
    text = json.dumps(told, ensure_ascii=False)
    if is_page:
        text = response.content.decode()
        assert "<html lang=" in text, "a page that is none"
    elif not is_oauth or "error" not in told:
        assert kind.startswith("application/problem+json"), f"a refusal as `{kind}`"
        missing = {"type", "title", "status", "code", "request_id"} - told.keys()
        assert not missing, f"a problem without {sorted(missing)}"
        assert told["status"] == response.status_code, "a problem with another status"
    documented = json.dumps(case.operation.schema.raw_schema, ensure_ascii=False)
    for value in sent(case.body, case.query):
        is_telling = len(value) >= ECHO_LENGTH_MIN and value not in documented
        assert not (is_telling and value in text), "a refusal repeats a value that was sent"


def problem(response) -> dict:
    try:
        told = json.loads(response.content or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def sent(*values):
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from sent(*value.values())
        elif isinstance(value, list):
            yield from sent(*value)
