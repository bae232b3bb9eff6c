"""soft-webauthn: a passkey at enrolment, for signing in, and what must be refused.

The pages' script is stood in for: what it reads from a page and puts into a form is read and put here.
"""

import base64
import html
import json
import os
import re
import unittest
from pathlib import Path

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import sha256
from soft_webauthn import SoftWebauthnDevice

READY = json.loads(Path(os.environ["RINGWALL_READY"]).read_text())
URL = READY["url"].rstrip("/")
CA_FILE = READY["ca_file"]
LINKS = [person["enrol_url"] for tenant in READY["tenants"] for person in tenant["staff"]]
ENROL = "/staff/enrol/passkey"
SIGN_IN = "/staff/sign-in/passkey"
VERIFIED = 0x04


class Verifying(SoftWebauthnDevice):
    """A device that asks who is there. The library's own knows nobody, and we take no such device."""

    def create(self, options, origin):
        made = super().create(options, origin)
        said = cbor.decode(made["response"]["attestationObject"])
        said["authData"] = self.verified(said["authData"])
        made["response"]["attestationObject"] = cbor.encode(said)
        return made

    def get(self, options, origin):
        signed = super().get(options, origin)
        parts = signed["response"]
        parts["authenticatorData"] = self.verified(parts["authenticatorData"])
        message = parts["authenticatorData"] + sha256(parts["clientDataJSON"])
        parts["signature"] = self.private_key.sign(message, ec.ECDSA(hashes.SHA256()))
        return signed

    @staticmethod
    def verified(data):
        return data[:32] + bytes([data[32] | VERIFIED]) + data[33:]


class Browser:
    def __init__(self):
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = CA_FILE
        self.page = ""

    def open(self, path):
        answer = self.http.get(path if path.startswith("https") else URL + path, timeout=10)
        self.page = answer.text
        return answer

    def asked(self, action):
        """What the page asks an authenticator for, in a form that is sent there."""
        before, _ = self.page.split(f'<form method="post" action="{action}">')
        return json.loads(html.unescape(before.rsplit('data-options="')[-1].split('"')[0]))

    def send(self, action, parts):
        form = self.page.split(f'<form method="post" action="{action}">')[1].split("</form>")[0]
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
        fields = {name: html.unescape(value) for name, value in hidden}
        fields |= {name: encode(value) for name, value in parts.items()}
        headers = {"Origin": URL, "Sec-Fetch-Site": "same-origin"}
        answer = self.http.post(
            URL + action, data=fields, headers=headers, allow_redirects=False, timeout=10
        )
        self.page = answer.text
        return answer

    def enrol(self, device, origin=URL):
        asked = self.asked(ENROL)
        options = {
            "challenge": decode(asked["challenge"]),
            "rp": {"id": asked["rpId"]},
            "user": {"id": decode(asked["user"]["id"])},
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in asked["algorithms"]],
        }
        made = device.create({"publicKey": options}, origin)["response"]
        parts = {"client_data": made["clientDataJSON"], "attestation": made["attestationObject"]}
        return self.send(ENROL, parts)

    def sign_in(self, device, origin=URL):
        self.open("/staff/sign-in")
        asked = self.asked(SIGN_IN)
        options = {"challenge": decode(asked["challenge"]), "rpId": asked["rpId"]}
        signed = device.get({"publicKey": options}, origin)
        parts = signed["response"]
        return self.send(
            SIGN_IN,
            {
                "credential": signed["rawId"],
                "user": parts["userHandle"],
                "client_data": parts["clientDataJSON"],
                "authenticator_data": parts["authenticatorData"],
                "signature": parts["signature"],
            },
        )


def careless(device):
    """The same passkey on a device that asks nobody."""
    copy = SoftWebauthnDevice()
    copy.__dict__.update(device.__dict__)
    return copy


def encode(value):
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Passkeys(unittest.TestCase):
    def test_a_device_that_does_not_verify_is_refused_and_one_that_does_signs_in(self):
        browser = Browser()
        self.assertEqual(browser.open(LINKS[0]).status_code, 200)

        self.assertEqual(browser.enrol(SoftWebauthnDevice()).status_code, 422)
        self.assertEqual(browser.enrol(Verifying(), "https://evil.example").status_code, 422)
        device = Verifying()
        self.assertEqual(browser.enrol(device).status_code, 200)

        self.assertEqual(Browser().sign_in(device, "https://evil.example").status_code, 403)
        self.assertEqual(Browser().sign_in(careless(device)).status_code, 403)
        there = Browser()
        self.assertEqual(there.sign_in(device).status_code, 303)
        self.assertEqual(there.open("/staff").status_code, 200)
        device.sign_count = 0
        self.assertEqual(Browser().sign_in(device).status_code, 403)


if __name__ == "__main__":
    unittest.main()
