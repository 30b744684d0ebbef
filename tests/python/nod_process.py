"""A relay of its own and a phone, both the real `nod`, and the REST calls of a login server."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

PASSPHRASE = "a passphrase for the tests"
PATIENCE_S = 30


class Relay:
    """`nod relay serve` on a free port of this machine, with its data in a folder of its own."""

    def __init__(self, nod, folder):
        self.data = Path(folder) / "relay"
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.log = open(Path(folder) / "relay.log", "wb")
        self.process = subprocess.Popen(
            [nod, "relay", "serve", "--json", "--listen", self.address, "--data", str(self.data)],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the relay ended with {self.process.returncode}:\n{self.output()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the relay was not ready within {PATIENCE_S} s:\n{self.output()}")

    def output(self):
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")

    def admin_key(self):
        return (self.data / "admin.key").read_text().strip()

    def call(self, key, method, path, body=None, timeout=PATIENCE_S):
        """One REST call; returns the decoded answer, raises with the problem's text otherwise."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def stop(self):
        end(self.process)
        self.log.close()


class Phone:
    """`nod phone` with a vault of its own."""

    def __init__(self, nod, folder):
        self.command = [nod, "phone", "--json", "--vault", str(Path(folder) / "vault")]
        self.environment = {**os.environ, "NOD_PASSPHRASE": PASSPHRASE}

    def run(self, *arguments):
        """Runs one command to its end; returns the JSON objects it printed."""
        done = subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if done.returncode != 0:
            raise RuntimeError(f"nod phone {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def enrol(self, qr, confirm):
        """Scans the QR text, hands the check code to `confirm`, and waits until the phone is enrolled."""
        process = subprocess.Popen(
            [*self.command, "enrol", qr],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"nod phone enrol printed no code:\n{process.stderr.read()}")
            confirm(json.loads(line)["code"])
            _, errors = process.communicate(timeout=PATIENCE_S)
            if process.returncode != 0:
                raise RuntimeError(f"nod phone enrol: exit {process.returncode}\n{errors}")
        finally:
            end(process)

    def pending(self, wanted):
        """Waits until the challenge of that id is on the phone, and returns it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for printed in self.run("pending", "--wait", "10"):
                for challenge in printed["challenges"]:
                    if challenge["id"] == wanted:
                        return challenge
        raise RuntimeError("the challenge did not reach the phone")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process):
    """Ends a process that may have ended already."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
