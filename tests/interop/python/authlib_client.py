"""Authlib: discovery by RFC 8414, client credentials, a call, and what must be refused."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import tempfile
import time
import unittest
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from joserfc.jwk import ECKey

READY = json.loads(Path(os.environ["RINGWALL_READY"]).read_text())
URL = READY["url"].rstrip("/")
CA_FILE = READY["ca_file"]
PARTNER, STRANGER = (tenant["partners"][0] for tenant in READY["tenants"][:2])
AGENCY = READY["tenants"][1]
SCOPE = PARTNER["scopes"]
if not isinstance(SCOPE, str):
    SCOPE = " ".join(SCOPE)
# Gone when the program ends.
FOLDER = tempfile.TemporaryDirectory()
# Authlib sends the client's id alone (RFC 8705 §2), and `requests` shows the certificate.
BY_CERTIFICATE = "none"


def discover():
    answer = requests.get(get_well_known_url(URL, external=True), verify=CA_FILE, timeout=10)
    answer.raise_for_status()
    return AuthorizationServerMetadata(answer.json())


def session(client_id, secret, method="client_secret_basic"):
    it = OAuth2Session(client_id, secret, scope=SCOPE, token_endpoint_auth_method=method)
    # Otherwise a certificate bundle named in the environment wins over this one.
    it.trust_env = False
    it.verify = CA_FILE
    return it


def token_of(it):
    return it.fetch_token(discover()["token_endpoint"], grant_type="client_credentials")


def operator(*words):
    """An operator's command, beside the running server."""
    data = ["--data-dir", os.environ["RINGWALL_DATA"]]
    subprocess.run([os.environ["RINGWALL_BINARY"], *words, *data], check=True)


def registered(client_id):
    """A key of a partner."""
    key = ECKey.generate_key("P-256")
    members = {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
    public = {**members, "kid": "authlib-1"}
    with tempfile.TemporaryDirectory() as folder:
        jwks = Path(folder) / "jwks.json"
        jwks.write_text(json.dumps({"keys": [public]}))
        operator("admin", "keys", "--client", client_id, "--jwks", str(jwks))
    return key


class Assertion(PrivateKeyJWT):
    """One of a minute. Authlib writes its id into the claims that it is given, so each has its own."""

    def sign(self, auth, token_endpoint):
        self.claims = {"exp": int(time.time()) + 60}
        return super().sign(auth, token_endpoint)


def asserting(it, audience=URL):
    """Has a session sign an assertion for each request."""
    it.register_client_auth_method(Assertion(audience, headers={"kid": "authlib-1"}, alg="ES256"))


def certified(client_id):
    """A certificate of a partner's own and its key: the files, as `requests` takes them."""
    own = self_signed()
    operator("admin", "certificates", "--client", client_id, "--self-signed", own[0])
    return own


def self_signed():
    folder = Path(tempfile.mkdtemp(dir=FOLDER.name))
    files = str(folder / "cert.pem"), str(folder / "key.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words = ["openssl", "req", "-x509", *curve, "-subj", "/CN=authlib", "-days", "2"]
    subprocess.run([*words, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


class Discovery(unittest.TestCase):
    def test_the_metadata_is_valid(self):
        metadata = discover()
        for key in metadata.REGISTRY_KEYS:
            getattr(metadata, f"validate_{key}")()

        self.assertEqual(metadata["issuer"], URL)
        self.assertEqual(metadata["response_types_supported"], ["code"])
        self.assertEqual(metadata["code_challenge_methods_supported"], ["S256"])
        self.assertIn("client_secret_basic", metadata["token_endpoint_auth_methods_supported"])


class Refusals(unittest.TestCase):
    def refused(self, client_id, secret):
        with session(client_id, secret) as it, self.assertRaises(OAuthError) as caught:
            token_of(it)
        return caught.exception

    def test_unknown_clients_and_wrong_secrets_look_the_same(self):
        wrong = self.refused(PARTNER["client_id"], "wrong")
        foreign = self.refused(PARTNER["client_id"], STRANGER["client_secret"])
        unknown = self.refused("pc_nobodyatall00000", PARTNER["client_secret"])

        self.assertEqual(wrong.error, "invalid_client")
        self.assertEqual(
            {(it.error, it.description) for it in (wrong, foreign, unknown)},
            {(wrong.error, wrong.description)},
        )

    def test_a_made_up_token_opens_nothing(self):
        answer = requests.get(
            f"{URL}/v1/jobs",
            headers={"Authorization": "Bearer e30.e30.e30"},
            verify=CA_FILE,
            timeout=10,
        )

        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")

    def test_a_server_with_an_unknown_certificate_is_not_spoken_to(self):
        with self.assertRaises(requests.exceptions.SSLError):
            requests.get(f"{URL}/v1/jobs", timeout=10)


class Proofs(unittest.TestCase):
    def test_a_secret_in_the_form_is_taken_and_a_wrong_one_refused(self):
        with session(PARTNER["client_id"], PARTNER["client_secret"], "client_secret_post") as it:
            self.assertIn("access_token", token_of(it))
        with session(PARTNER["client_id"], "wrong", "client_secret_post") as it:
            with self.assertRaises(OAuthError) as caught:
                token_of(it)
        self.assertEqual(caught.exception.error, "invalid_client")

    def test_an_assertion_is_taken_for_the_issuer_and_refused_for_the_endpoint(self):
        key = registered(PARTNER["client_id"])

        def asked(audience):
            with session(PARTNER["client_id"], key, "private_key_jwt") as it:
                asserting(it, audience)
                return token_of(it)

        self.assertIn("access_token", asked(URL))
        with self.assertRaises(OAuthError) as caught:
            asked(discover()["token_endpoint"])
        self.assertEqual(caught.exception.error, "invalid_client")

    def test_a_certificate_is_taken_and_its_token_is_good_with_it_only(self):
        own, other = certified(PARTNER["client_id"]), self_signed()
        for shown in (other, None):
            with session(PARTNER["client_id"], None, BY_CERTIFICATE) as it:
                it.cert = shown
                with self.assertRaises(OAuthError) as caught:
                    token_of(it)
            self.assertEqual(caught.exception.error, "invalid_client")
        for shown, status in ((own, 200), (other, 401), (None, 401)):
            with session(PARTNER["client_id"], None, BY_CERTIFICATE) as it:
                it.cert = own
                token = token_of(it)
            with session(PARTNER["client_id"], None, BY_CERTIFICATE) as it:
                it.cert, it.token = shown, token
                self.assertEqual(it.get(f"{URL}/v1/jobs", timeout=10).status_code, status)

    def test_a_revoked_token_is_worth_nothing(self):
        metadata = discover()
        with session(PARTNER["client_id"], PARTNER["client_secret"]) as it:
            token = token_of(it)["access_token"]
            worth = it.introspect_token(metadata["introspection_endpoint"], token=token)
            self.assertTrue(worth.json()["active"])

            it.revoke_token(metadata["revocation_endpoint"], token=token)

            worth = it.introspect_token(metadata["introspection_endpoint"], token=token)
            self.assertEqual(worth.json(), {"active": False})
            self.assertEqual(it.get(f"{URL}/v1/jobs", timeout=10).status_code, 401)


class Person(requests.Session):
    """Somebody on the second agency's staff with a browser, who enrols and signs in."""

    PASSWORD = "tandem wicker plinth ode"

    def __init__(self):
        super().__init__()
        self.trust_env, self.verify, self.page = False, CA_FILE, ""
        self.headers["Origin"] = URL
        one = next(person for person in AGENCY["staff"] if person["role"] == "recruiter")
        self.ask(urlsplit(one["enrol_url"]).path)
        key = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', self.page).group(1)
        self.secret = base64.b32decode(key.replace(" ", ""))
        now = time.time()
        code = self.code(now)
        secrets = {"password": self.PASSWORD, "repeated": self.PASSWORD, "code": code}
        assert self.submit("/staff/enrol", secrets).status_code == 200, self.page
        self.ask("/staff/sign-in")
        named = {"agency": AGENCY["slug"], "email": one["email"], "password": self.PASSWORD}
        self.submit("/staff/sign-in", named)
        # Each code counts once; the next one is taken already.
        assert self.submit("/staff/sign-in/code", {"code": self.code(now + 30)}).status_code == 303

    def code(self, at):
        """RFC 6238 §4."""
        counter = int(at // 30).to_bytes(8, "big")
        digest = hmac.new(self.secret, counter, hashlib.sha1).digest()
        start = digest[19] & 15
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"

    def ask(self, path, **more):
        return self.keep(self.get(URL + path, allow_redirects=False, timeout=10, **more))

    def submit(self, path, fields):
        form = self.page.split(f'<form method="post" action="{path}">')[1].split("</form>")[0]
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
        data = {**{name: unescape(value) for name, value in hidden}, **fields}
        return self.keep(self.post(URL + path, data=data, allow_redirects=False, timeout=10))

    def keep(self, answer):
        self.page = answer.text
        return answer

    def decided(self, request, decision="allow"):
        """Where the browser is sent after the person decided."""
        asked = self.keep(self.get(request, allow_redirects=False, timeout=10))
        if asked.status_code == 303:
            return asked.headers["location"]
        assert asked.status_code == 200, self.page
        assert self.ask("/oauth/consent").status_code == 200, self.page
        return self.submit("/oauth/consent", {"decision": decision}).headers["location"]


class Codes(unittest.TestCase):
    """The second agency's partner asks a person of its own."""

    REDIRECT = "http://127.0.0.1:51005/callback"

    @classmethod
    def setUpClass(cls):
        cls.person = Person()

    def asking(self, method="client_secret_basic", secret=None):
        it = OAuth2Session(
            STRANGER["client_id"],
            secret or STRANGER["client_secret"],
            scope="read:jobs read:candidates",
            redirect_uri=self.REDIRECT,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
        )
        it.trust_env, it.verify = False, CA_FILE
        return it

    def granted(self, it, verifier, decision="allow"):
        metadata = discover()
        request, state = it.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier
        )
        answer = self.person.decided(request, decision)
        told = parse_qs(urlsplit(answer).query)
        self.assertEqual(told["iss"], [metadata["issuer"]])
        self.assertEqual(told["state"], [state])
        return answer

    def redeemed(self, it, verifier, answer):
        endpoint = discover()["token_endpoint"]
        return it.fetch_token(endpoint, authorization_response=answer, code_verifier=verifier)

    def granted_and_refreshed(self, it):
        verifier = "v" * 43
        token = self.redeemed(it, verifier, self.granted(it, verifier))
        self.assertEqual(token["scope"], "read:candidates read:jobs")

        next_one = it.refresh_token(discover()["token_endpoint"])

        self.assertNotEqual(next_one["refresh_token"], token["refresh_token"])
        self.assertEqual(it.get(f"{URL}/v1/jobs", timeout=10).status_code, 200)

    def test_a_code_and_a_refresh_by_each_secret(self):
        for method in ("client_secret_basic", "client_secret_post"):
            with self.subTest(method), self.asking(method) as it:
                self.granted_and_refreshed(it)

    def test_a_code_and_a_refresh_by_an_assertion(self):
        with self.asking("private_key_jwt", registered(STRANGER["client_id"])) as it:
            asserting(it)
            self.granted_and_refreshed(it)

    def test_a_code_and_a_refresh_by_a_certificate(self):
        own = certified(STRANGER["client_id"])
        with self.asking(BY_CERTIFICATE) as it:
            it.cert = own
            self.granted_and_refreshed(it)

    def test_a_code_is_burnt_by_another_verifier(self):
        with self.asking() as it:
            answer = self.granted(it, "x" * 43)
            for verifier in ("y" * 43, "x" * 43):
                with self.assertRaises(OAuthError) as caught:
                    self.redeemed(it, verifier, answer)
                self.assertEqual(caught.exception.error, "invalid_grant")

    def test_what_a_person_refuses_is_an_error(self):
        with self.asking() as it:
            answer = self.granted(it, "z" * 43, "refuse")

        self.assertEqual(parse_qs(urlsplit(answer).query)["error"], ["access_denied"])


class Use(unittest.TestCase):
    def test_a_token_from_discovery_opens_the_api(self):
        with session(PARTNER["client_id"], PARTNER["client_secret"]) as it:
            token = token_of(it)
            self.assertEqual(token["token_type"].lower(), "bearer")

            answer = it.get(f"{URL}/v1/jobs", params={"limit": 3}, timeout=10)

        self.assertEqual(answer.status_code, 200)
        self.assertEqual(len(answer.json()["data"]), 3)

    def test_pages_follow_each_other_without_repeating(self):
        with session(PARTNER["client_id"], PARTNER["client_secret"]) as it:
            token_of(it)
            seen, cursor = [], None
            for _ in range(3):
                params = {"limit": 5, **({"cursor": cursor} if cursor else {})}
                page = it.get(f"{URL}/v1/jobs", params=params, timeout=10).json()
                seen += [job["id"] for job in page["data"]]
                cursor = page["page"]["next_cursor"]

        self.assertEqual(len(set(seen)), 15)


if __name__ == "__main__":
    unittest.main()
