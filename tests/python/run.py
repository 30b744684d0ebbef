"""An answer fetched from the REST API verifies in PyJWT, a JWT library that knows nothing of Nod.

Run by `tests/run python`; prints one `ok` or `not ok` line a test. NOD_BIN names the binary.
"""

import base64
import json
import os
import sys
import tempfile
import traceback

import jwt

from nod_process import Phone, Relay

CONTEXT = {
    "application": "Wiki",
    "domain": "wiki.example.org",
    "ip": "192.0.2.7",
    "place": "Leeds, GB",
    "user_agent": "Firefox on Debian",
}


class World:
    """One relay, one managed service, one enrolled phone, and what came of an approval and a denial."""

    def __init__(self, nod, folder):
        self.relay = Relay(nod, folder)
        try:
            service = self.relay.call(
                self.relay.admin_key(), "POST", "/v1/services", {"name": "Example", "number": "two"}
            )
            self.service_id, self.key = service["service_id"], service["api_key"]
            self.phone = Phone(nod, folder)
            self._enrol()
            self.approved = self._ask("approve")
            self.denied = self._ask("deny")
        except BaseException:
            print(self.relay.output())
            self.relay.stop()
            raise

    def _enrol(self):
        enrolment = self.relay.call(self.key, "POST", "/v1/enrolments", {"user": "ada", "label": "Ada"})
        path = f"/v1/enrolments/{enrolment['enrolment_id']}/confirm"

        def confirm(code):
            result = self.relay.call(self.key, "POST", path, {"code": code})
            self.binding_id = result["binding_id"]

        self.phone.enrol(enrolment["qr"], confirm)

    def _ask(self, decision):
        asked = self.relay.call(
            self.key, "POST", "/v1/challenges", {"user": "ada", "number": "two", "context": CONTEXT}
        )
        shown = self.phone.pending(asked["challenge_id"])
        assert shown["digits"] == 2, shown
        assert shown["context"]["application"] == "Wiki", shown
        number = ["--number", asked["number"]] if decision == "approve" else []
        self.phone.run(decision, asked["challenge_id"], *number)
        result = self.relay.call(self.key, "GET", f"/v1/challenges/{asked['challenge_id']}?wait=20")
        return {**result, "number": asked["number"]}

    def verify(self, result, **changes):
        """What a login server would do with the answer: PyJWT, the binding's key, ES256, the service as audience."""
        arguments = {
            "jwt": result["answer"],
            "key": jwt.PyJWK(result["answer_key"], algorithm="ES256").key,
            "algorithms": ["ES256"],
            "audience": self.service_id,
            "issuer": self.binding_id,
            "options": {"require": ["iss", "aud", "jti", "iat"]},
            # `iat` is the phone's own clock and decides nothing.
            "leeway": 86_400,
        }
        return jwt.decode(**{**arguments, **changes})

    def stop(self):
        self.relay.stop()


def an_approval_verifies_and_says_what_was_asked(world):
    claims = world.verify(world.approved)
    assert world.approved["state"] == "approved", world.approved
    assert claims["decision"] == "approve", claims
    assert claims["jti"] == world.approved["challenge_id"], claims
    assert claims["number"] == world.approved["number"], claims
    assert claims["gen"] == world.approved["binding"]["gen"], claims
    assert jwt.get_unverified_header(world.approved["answer"])["typ"] == "nod-answer+jwt"


def a_denial_verifies_with_the_deny_key(world):
    claims = world.verify(world.denied)
    assert world.denied["state"] == "denied", world.denied
    assert claims["decision"] == "deny", claims
    assert world.denied["answer_key"] != world.approved["answer_key"]


def a_denial_turned_into_an_approval_is_refused(world):
    header, payload, signature = world.denied["answer"].split(".")
    claims = json.loads(from_base64url(payload))
    claims["decision"] = "approve"
    forged = ".".join([header, to_base64url(json.dumps(claims).encode()), signature])
    refused(jwt.InvalidSignatureError, lambda: world.verify({**world.denied, "answer": forged}))


def every_altered_byte_of_the_signature_is_refused(world):
    header, payload, signature = world.approved["answer"].split(".")
    original = from_base64url(signature)
    assert len(original) == 64
    for at in range(len(original)):
        altered = bytearray(original)
        altered[at] ^= 1
        forged = ".".join([header, payload, to_base64url(bytes(altered))])
        refused(jwt.InvalidSignatureError, lambda forged=forged: world.verify({**world.approved, "answer": forged}))


def the_deny_key_does_not_verify_an_approval(world):
    mixed = {**world.approved, "answer_key": world.denied["answer_key"]}
    refused(jwt.InvalidSignatureError, lambda: world.verify(mixed))


def another_service_as_audience_is_refused(world):
    other = "A" * len(world.service_id)
    refused(jwt.InvalidAudienceError, lambda: world.verify(world.approved, audience=other))


def another_binding_as_issuer_is_refused(world):
    other = "A" * len(world.binding_id)
    refused(jwt.InvalidIssuerError, lambda: world.verify(world.approved, issuer=other))


TESTS = [
    an_approval_verifies_and_says_what_was_asked,
    a_denial_verifies_with_the_deny_key,
    a_denial_turned_into_an_approval_is_refused,
    every_altered_byte_of_the_signature_is_refused,
    the_deny_key_does_not_verify_an_approval,
    another_service_as_audience_is_refused,
    another_binding_as_issuer_is_refused,
]


def refused(error, call):
    try:
        claims = call()
    except error:
        return
    raise AssertionError(f"accepted: {claims}")


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main():
    nod = os.environ.get("NOD_BIN", "target/debug/nod")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="nod-python-") as folder:
        world = World(nod, folder)
        try:
            for test in TESTS:
                name = test.__name__.replace("_", " ")
                try:
                    test(world)
                    print(f"ok {name}", flush=True)
                except Exception:
                    failed += 1
                    traceback.print_exc()
                    print(f"not ok {name}", flush=True)
        finally:
            world.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
