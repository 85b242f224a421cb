"""A real Traefik before real stacks: its files are those of `docker/`, its routes the labels of the compose file.

Only what differs on one machine is changed: ports, a certificate made here, and where each service listens. In place
of Grafana, which no package registry has, stands a server that tells what it was sent.
"""

import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.architecture.source import ROOT
from tests.deploy.compose_files import filled_in, labels_as_dynamic
from tests.ports import free_port

_PROGRAM = Path(sys.executable).with_name("traefik")
_PATIENCE_S = 60


@dataclass
class Site:
    """A stack behind the proxy: its project's name, its host, and where its services listen, several with spaces."""

    project: str
    host: str
    services: Mapping[str, str]


@dataclass
class FrontProxy:
    """A running Traefik; `stop` and `start` keep its port."""

    directory: Path
    port: int
    certificate: Path
    _process: subprocess.Popen[bytes] | None = None

    def url(self, host: str) -> str:
        return f"https://{host}:{self.port}"

    def start(self) -> None:
        with (self.directory / "traefik.log").open("ab") as log:
            command = [_PROGRAM, f"--configfile={self.directory / 'traefik.yaml'}"]
            self._process = subprocess.Popen(command, cwd=self.directory, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE_S
        while not self._routes():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE_S)
            self._process = None

    def ask(self, method: str, host: str, path: str, **options: Any) -> httpx.Response:
        """Ask for a path of a host, as a program of another machine would."""
        headers = {"Host": f"{host}:{self.port}"} | options.pop("headers", {})
        trusted = ssl.create_default_context(cafile=self.certificate)
        with httpx.Client(verify=trusted, timeout=_PATIENCE_S) as client:
            address = f"https://127.0.0.1:{self.port}{path}"
            known = {"sni_hostname": host}
            return client.request(method, address, headers=headers, extensions=known, **options)

    def log(self) -> str:
        return (self.directory / "traefik.log").read_text(errors="replace")[-4000:]

    def _routes(self) -> bool:
        try:
            answer = self.ask("GET", "nobody.localhost", "/")
        except httpx.HTTPError as error:
            # With `sniStrict` a host that no certificate is for gets no answer, and that is one.
            return "unrecognized name" in str(error).lower() or "unrecognized_name" in str(error).lower()
        return answer.status_code == 404


class _Told(BaseHTTPRequestHandler):
    """Answers with what it was asked, as JSON."""

    def _tell(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.rfile.read(length)
        said = json.dumps({"path": self.path, "headers": dict(self.headers.items())}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = _tell  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def stand_in() -> Iterator[str]:
    """A server in place of Grafana; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), _Told)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def before(sites: list[Site], directory: Path) -> Iterator[FrontProxy]:
    """Traefik before these stacks, for as long as the block lasts."""
    certificate = _certificate(directory, [site.host for site in sites])
    (directory / "dynamic").mkdir()
    _write(directory / "dynamic/shared.yaml", _shared(directory))
    for site in sites:
        _write(directory / f"dynamic/{site.project}.yaml", {"http": _routes_of(site)})
    port = free_port()
    _write(directory / "traefik.yaml", _static(directory, port))
    proxy = FrontProxy(directory, port, certificate)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _static(directory: Path, port: int) -> dict[str, Any]:
    made = yaml.safe_load((ROOT / "docker/traefik/traefik.yaml").read_text("utf-8"))
    made["entryPoints"]["web"]["address"] = f"127.0.0.1:{free_port()}"
    made["entryPoints"]["websecure"]["address"] = f"127.0.0.1:{port}"
    made["entryPoints"]["ping"]["address"] = f"127.0.0.1:{free_port()}"
    made["providers"] = {"file": {"directory": str(directory / "dynamic")}}
    del made["certificatesResolvers"]
    return made


def _shared(directory: Path) -> dict[str, Any]:
    made = yaml.safe_load((ROOT / "docker/traefik/shared.yaml").read_text("utf-8"))
    made["tls"]["certificates"] = [
        {"certFile": str(directory / "certificate.pem"), "keyFile": str(directory / "key.pem")}
    ]
    return made


def _routes_of(site: Site) -> dict[str, Any]:
    given = {
        "COMPOSE_PROJECT_NAME": site.project,
        "RUN_MODE": "Client",
        "PORTAL_IMAGE": "x:1",
        "STACK_HOST": site.host,
        "ADMIN_EMAIL": "alice@example.com",
        "EDGE_PROXY_ADDRESS": "127.0.0.1",
    }
    compose = filled_in(ROOT / "docker/compose.yaml", given)
    labels = [label for service in compose["services"].values() for label in service.get("labels", ())]
    made = labels_as_dynamic(labels)["http"]
    for router in made["routers"].values():
        router["tls"] = {}
    for name, service in made["services"].items():
        balancer = service["loadBalancer"]
        del balancer["server"]
        # Pages have two: their files, and the websocket beside them.
        listening = site.services.get(name.removeprefix(f"{site.project}-"), site.services["pages"])
        balancer["servers"] = [{"url": url} for url in listening.split()]
    asked = made["middlewares"][f"{site.project}-signed-in"]["forwardAuth"]
    asked["address"] = asked["address"].replace(
        f"http://{site.project}-portal:8000", site.services["pages"].split()[0]
    )
    return made


def _write(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _certificate(directory: Path, hosts: list[str]) -> Path:
    """Make a certificate for these hosts that only who is shown it believes."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    kept = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (directory / "key.pem").write_bytes(kept)
    path = directory / "certificate.pem"
    path.write_bytes(made.public_bytes(pem))
    return path
