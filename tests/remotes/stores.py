"""Places for a DVC remote, on real servers on loopback: a folder, OpenSSH's sshd, and moto's S3."""

import getpass
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from helpers.ports import free_ports

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
BUCKET = "octet"


class Folder:
    """A folder; what lies in it goes by its path from there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def options(self, port: int | None = None) -> dict[str, str]:
        """What `dvc remote` is told; another port leads through something that listens there."""
        assert port is None
        return {"url": str(self.root)}

    def gone(self) -> dict[str, str]:
        """The same where nobody answers."""
        return {"url": f"{self.root}-not-mounted"}

    def names(self) -> list[str]:
        return [str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()]

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)  # as DVC leaves it

    def delete(self, name: str) -> None:
        (self.root / name).unlink()


class Sftp(Folder):
    """A folder behind sshd."""

    def __init__(self, root: Path, server: "Sshd") -> None:
        super().__init__(root)
        self.server = server

    def options(self, port: int | None = None) -> dict[str, str]:
        return {
            "url": f"ssh://127.0.0.1:{port or self.server.port}{self.root}",
            "user": getpass.getuser(),
            "keyfile": str(self.server.keys / "mine"),
        }

    def refused(self) -> dict[str, str]:
        """The same with credentials that the server does not accept."""
        return {**self.options(), "keyfile": str(self.server.keys / "anothers")}

    def gone(self) -> dict[str, str]:
        return self.options(port=free_ports(1)[0])


class S3:
    """A prefix of the bucket."""

    def __init__(self, prefix: str, server: "Moto") -> None:
        self.prefix = prefix
        self.server = server

    def options(self, port: int | None = None) -> dict[str, str]:
        return {
            "url": f"s3://{BUCKET}/{self.prefix}",
            "endpointurl": f"http://127.0.0.1:{port or self.server.port}",
            "region": "us-east-1",
            **self.server.credentials,
        }

    def refused(self) -> dict[str, str]:
        return {**self.options(), "secret_access_key": "not-the-key"}

    def gone(self) -> dict[str, str]:
        return self.options(port=free_ports(1)[0])

    def names(self) -> list[str]:
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.prefix}/")
        return [each["Key"].removeprefix(f"{self.prefix}/") for page in pages for each in page.get("Contents", ())]

    def read(self, name: str) -> bytes:
        content: bytes = self.server.client.get_object(Bucket=BUCKET, Key=f"{self.prefix}/{name}")["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        self.server.client.put_object(Bucket=BUCKET, Key=f"{self.prefix}/{name}", Body=content)

    def delete(self, name: str) -> None:
        self.server.client.delete_object(Bucket=BUCKET, Key=f"{self.prefix}/{name}")


Store = Folder | S3


class Sshd:
    """OpenSSH's server for one user, with keys and a configuration of its own."""

    def __init__(self, folder: Path) -> None:
        self.keys = folder
        self.port = free_ports(1)[0]
        for key in ("host", "mine", "anothers"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/mine.pub\n"
            "AuthenticationMethods publickey\nStrictModes no\nUsePAM no\nPidFile none\nSubsystem sftp internal-sftp\n"
        )

    @contextmanager
    def running(self) -> Iterator["Sshd"]:
        assert SSHD
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd locks itself in; a service makes it at boot
        with subprocess.Popen([SSHD, "-D", "-e", "-f", self.keys / "sshd_config"], stderr=subprocess.PIPE) as process:
            try:
                wait_for(self.port)
                yield self
            finally:
                process.terminate()


class Moto:
    """moto's S3 with one bucket and one user, who alone may use it."""

    def __init__(self) -> None:
        self.server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)

    @contextmanager
    def running(self) -> Iterator["Moto"]:
        self.server.start()
        try:
            _, self.port = self.server.get_host_and_port()
            anyone = {"access_key_id": "anyone", "secret_access_key": "anything"}
            self._client("s3", anyone).create_bucket(Bucket=BUCKET)
            iam = self._client("iam", anyone)
            iam.create_user(UserName="octet")
            iam.put_user_policy(
                UserName="octet",
                PolicyName="the-bucket",
                PolicyDocument='{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", '
                f'"Resource": ["arn:aws:s3:::{BUCKET}", "arn:aws:s3:::{BUCKET}/*"]}}}}',
            )
            key = iam.create_access_key(UserName="octet")["AccessKey"]
            self.credentials = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
            self._check_credentials_from_now_on()
            self.client = self._client("s3", self.credentials)
            yield self
        finally:
            self.server.stop()

    def _client(self, service: str, credentials: dict[str, str]) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=credentials["access_key_id"],
            aws_secret_access_key=credentials["secret_access_key"],
        )

    def _check_credentials_from_now_on(self) -> None:
        address = f"http://127.0.0.1:{self.port}/moto-api/reset-auth"
        with urllib.request.urlopen(urllib.request.Request(address, b"0", {"Content-Type": "text/plain"})):
            pass


def wait_for(port: int) -> None:
    """Until someone listens there."""
    deadline = time.monotonic() + 20
    while True:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < deadline, f"nobody came to listen on port {port}"
        time.sleep(0.05)
