"""`make audit` against a real pip-audit and a vulnerability service on this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from conftest import ROOT

HASH = "--hash=sha256:" + "0" * 64
BAD = {"id": "GHSA-0000", "aliases": ["CVE-2026-1"], "summary": "Reads what it should not", "affected": []}
OLD_BAD = {"id": "PYSEC-0", "summary": "Known to every service", "affected": []}


class Service:
    """Answers like OSV; `knows` says what it knows of a release."""

    def __init__(self) -> None:
        self.knows: dict[tuple[str, str], list[dict[str, Any]]] = {("jinja2", "2.4.1"): [OLD_BAD]}
        self.asked: list[tuple[str, str]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                release = (query["package"]["name"], query["version"])
                service.asked.append(release)
                found = service.knows.get(release)
                body = json.dumps({"vulns": found} if found else {}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/query"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = Thread(target=service.server.serve_forever)
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with two locks that share a package, one of them with a pin that is for no Python of today."""
    (tmp_path / "requirements").mkdir()
    runtime = f"alpha==1.0 {HASH}\nbeta==1.0 ; python_version < '3' {HASH}\nbeta==2.0 ; python_version >= '3' {HASH}\n"
    (tmp_path / "requirements" / "runtime.txt").write_text(runtime)
    (tmp_path / "requirements" / "dev.txt").write_text(f"alpha==1.0 {HASH}\n")
    write_exceptions(tmp_path, "[]")
    return tmp_path


def write_exceptions(folder: Path, text: str) -> None:
    (folder / "requirements" / "audit.yaml").write_text(f"exceptions: {text}\n")


def audit(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "audit.py"), "--url", url],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "HOME": str(folder)},
        capture_output=True,
        text=True,
    )


def test_every_release_of_every_lock_is_asked_for_once(folder: Path, service: Service) -> None:
    result = audit(folder, service.url)
    assert (result.returncode, result.stderr) == (0, "")
    assert "3 releases in dev.txt, runtime.txt" in result.stdout
    assert "no known vulnerabilities" in result.stdout
    assert sorted(service.asked) == [("alpha", "1.0"), ("beta", "1.0"), ("beta", "2.0"), ("jinja2", "2.4.1")]


def test_a_vulnerability_is_told_with_its_names_locks_and_cure(folder: Path, service: Service) -> None:
    fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}
    service.knows["alpha", "1.0"] = [
        {**BAD, "affected": [{"package": {"name": "alpha", "ecosystem": "PyPI"}, "ranges": [fixed]}]}
    ]
    service.knows["beta", "1.0"] = [{**BAD, "id": "GHSA-1111", "aliases": []}]
    result = audit(folder, service.url)
    assert result.returncode == 1
    for words in (
        "alpha 1.0 (dev.txt, runtime.txt): CVE-2026-1, GHSA-0000",
        "Reads what it should not",
        "fixed in: 1.1",
        "beta 1.0 (runtime.txt): GHSA-1111",
    ):
        assert words in result.stderr
    assert "no known" not in result.stdout


@pytest.mark.parametrize("name", ["CVE-2026-1", "GHSA-0000"])
def test_an_exception_lets_pass_by_any_name(folder: Path, service: Service, name: str) -> None:
    service.knows["alpha", "1.0"] = [BAD]
    write_exceptions(folder, f"[{{id: {name}, reason: we never read, until: 2999-12-31}}]")
    result = audit(folder, service.url)
    assert (result.returncode, result.stderr) == (0, "")
    assert "let pass until 2999-12-31: alpha 1.0" in result.stdout
    assert "we never read" in result.stdout


def test_an_exception_lets_nothing_else_pass(folder: Path, service: Service) -> None:
    service.knows["alpha", "1.0"] = [BAD, {**BAD, "id": "GHSA-2222", "aliases": []}]
    write_exceptions(folder, "[{id: CVE-2026-1, reason: we never read, until: 2999-12-31}]")
    result = audit(folder, service.url)
    assert result.returncode == 1
    assert "GHSA-2222" in result.stderr
    assert "CVE-2026-1" not in result.stderr


def test_an_exception_past_its_day_fails(folder: Path, service: Service) -> None:
    service.knows["alpha", "1.0"] = [BAD]
    write_exceptions(folder, "[{id: CVE-2026-1, reason: we never read, until: 2020-01-31}]")
    result = audit(folder, service.url)
    assert result.returncode == 1
    assert "requirements/audit.yaml: CVE-2026-1 was let pass until 2020-01-31: look at it again" in result.stderr


def test_an_exception_that_matches_nothing_fails(folder: Path, service: Service) -> None:
    write_exceptions(folder, "[{id: CVE-2026-1, reason: we never read, until: 2999-12-31}]")
    result = audit(folder, service.url)
    assert result.returncode == 1
    assert "requirements/audit.yaml: CVE-2026-1 is in no locked package (any more)" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{id: CVE-1, reason: '', until: 2999-12-31}]", "exceptions.0.reason: String should have at least 1"),
        ("[{id: CVE-1, reason: why, until: soon}]", "exceptions.0.until"),
        ("[{id: CVE-1, reason: why}]", "exceptions.0.until: Field required"),
        ("[", "not valid YAML"),
    ],
)
def test_a_bad_exceptions_file_is_said(folder: Path, text: str, message: str) -> None:
    write_exceptions(folder, text)
    result = audit(folder, "http://127.0.0.1:9/")
    assert result.returncode == 1
    assert f"requirements/audit.yaml: {message}" in result.stderr


@pytest.mark.parametrize("line", ["alpha>=1.0", "alpha==1.0", f"https://example.org/alpha.whl {HASH}"])
def test_a_lock_that_does_not_hold_a_package_fast_is_refused(folder: Path, line: str) -> None:
    (folder / "requirements" / "dev.txt").write_text(f"# a comment\n{line}\n")
    result = audit(folder, "http://127.0.0.1:9/")
    assert result.returncode == 1
    assert "requirements/dev.txt, line 2" in result.stderr


def test_no_service_is_never_no_vulnerability(folder: Path, service: Service) -> None:
    nobody = audit(folder, "http://127.0.0.1:9/v1/query")
    service.knows.clear()
    ignorant = audit(folder, service.url)
    for result in (nobody, ignorant):
        assert result.returncode == 69
        assert "NOT DONE" in result.stderr
        assert "no known" not in result.stdout
    assert "Connection refused" in nobody.stderr
    assert "knows of no vulnerability in jinja2 2.4.1" in ignorant.stderr
