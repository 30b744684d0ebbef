"""Property tests of the REST interface from its own OpenAPI document, by schemathesis: no request, however odd, may
be answered with a 5xx, and every answer must have a status, a content type and a body that the document names.

One line per operation: `ok …` or `not ok …`."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
from nod_process import Relay  # noqa: E402

# How many requests are made up for each operation. CI has the time for these; more find more.
EXAMPLES = os.environ.get("SCHEMA_EXAMPLES", "25")

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

# The same requests every time, so that a failure can be seen again.
SEED = "20261122"


def people(relay, key):
    """Users with something to look at."""
    relay.call(key, "PUT", "/v1/users/ada", {"email": "ada@example.org", "phone": "+46701234567"})
    relay.call(key, "POST", "/v1/users/ada/methods", {"kind": "recovery"})
    relay.call(key, "POST", "/v1/users/ada/methods", {"kind": "totp"})
    relay.call(key, "POST", "/v1/challenges", {"user": "ada", "method": "email"})


def run(relay, key, select):
    """Runs the operations that `select` names; hands back the exit status and what each came to."""
    with tempfile.TemporaryDirectory(prefix="nod-schema-") as folder:
        report = Path(folder) / "junit.xml"
        command = [
            str(Path(os.environ["VENV"]) / "bin" / "schemathesis"), "run", f"{relay.url}/openapi.json",
            "--header", f"Authorization: Bearer {key}",
            "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES,
            "--seed", SEED, "--generation-deterministic", "--continue-on-failure",
            "--request-timeout", "20", "--suppress-health-check", "all", "--no-color",
            "--report", "junit", "--report-junit-path", str(report), *select,
        ]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        text = report.read_text() if report.exists() else ""
    return ended, cases(text)


def cases(text):
    """The operations of a report in JUnit's form, each with its failure or nothing."""
    import xml.etree.ElementTree as tree

    found = {}
    if text:
        for case in tree.fromstring(text).iter("testcase"):
            problems = [piece.get("message") or piece.text or "" for piece in case if piece.tag in ("failure", "error")]
            found[case.get("name")] = "\n".join(problems)
    return found


def main():
    nod = os.environ["NOD_BIN"]
    failed = False
    with tempfile.TemporaryDirectory(prefix="nod-schema-") as folder:
        relay = Relay(nod, folder)
        try:
            admin = relay.admin_key()
            service = relay.call(admin, "POST", "/v1/services", {"name": "Fjordbanken"})
            key = service["api_key"]
            people(relay, key)
            document = relay.call(key, "GET", "/openapi.json")
            operator = [
                f"--include-operation-id={operation['operationId']}"
                for operations in document["paths"].values()
                for operation in operations.values()
                if isinstance(operation, dict) and admin_only(operation)
            ]
            others = [choice.replace("include", "exclude") for choice in operator]
            # A service that makes itself sovereign, or throws its key away, has nothing more to say.
            others += ["--exclude-path-regex=(to-sovereign|api-keys)"]
            for name, token, select in [("service", key, others), ("operator", admin, operator)]:
                ended, results = run(relay, token, select)
                for operation, problem in sorted(results.items()):
                    print(f"{'not ok' if problem else 'ok'} {name}: {operation}")
                if ended.returncode != 0 or not results:
                    failed = True
                    print(ended.stdout[-20000:])
                    print(ended.stderr[-4000:], file=sys.stderr)
            log = relay.output()
            if re.search(r"panicked", log):
                failed = True
                print("not ok the relay panicked")
            else:
                print("ok the relay did not panic")
        finally:
            relay.stop()
    return 1 if failed else 0


def admin_only(operation):
    return "operator" in json.dumps(operation.get("security", "")).lower() or "admin" in json.dumps(
        operation.get("security", "")
    ).lower()


if __name__ == "__main__":
    sys.exit(main())
