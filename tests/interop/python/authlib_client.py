"""Authlib: discovery by RFC 8414, client credentials, a call, and what must be refused."""

import json
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

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
SCOPE = PARTNER["scopes"]
if not isinstance(SCOPE, str):
    SCOPE = " ".join(SCOPE)


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


class Discovery(unittest.TestCase):
    def test_the_metadata_is_valid(self):
        metadata = discover()
        # Authlib takes an empty list for a missing one; RFC 8414 asks only that it is there.
        keys = set(metadata.REGISTRY_KEYS) - {"response_types_supported"}

        for key in keys:
            getattr(metadata, f"validate_{key}")()

        self.assertEqual(metadata["issuer"], URL)
        self.assertIsInstance(metadata["response_types_supported"], list)
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
        key = self.registered()

        def asked(audience):
            with session(PARTNER["client_id"], key, "private_key_jwt") as it:
                claims = {"exp": int(time.time()) + 60}
                headers = {"kid": "authlib-1"}
                it.register_client_auth_method(
                    PrivateKeyJWT(audience, claims=claims, headers=headers, alg="ES256")
                )
                return token_of(it)

        self.assertIn("access_token", asked(URL))
        with self.assertRaises(OAuthError) as caught:
            asked(discover()["token_endpoint"])
        self.assertEqual(caught.exception.error, "invalid_client")

    def registered(self):
        key = ECKey.generate_key("P-256")
        members = {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
        public = {**members, "kid": "authlib-1"}
        with tempfile.TemporaryDirectory() as folder:
            jwks = Path(folder) / "jwks.json"
            jwks.write_text(json.dumps({"keys": [public]}))
            words = ["admin", "keys", "--client", PARTNER["client_id"], "--jwks", str(jwks)]
            data = ["--data-dir", os.environ["RINGWALL_DATA"]]
            subprocess.run([os.environ["RINGWALL_BINARY"], *words, *data], check=True)
        return key

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
