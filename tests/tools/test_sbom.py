"""The bill of materials, of what is installed here and of Debian packages as dpkg tells them."""

import json
import re
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import pytest

from conftest import ROOT
from inventory import python_packages
from locks import Pin, read_locks
from sbom import bill

SYSTEM = {"ID": "debian", "VERSION_ID": "12"}
IMAGE = {
    "Id": "sha256:" + "1" * 64,
    "Architecture": "amd64",
    "RepoDigests": [],
    "Config": {"Labels": {"org.opencontainers.image.revision": "abc", "org.octet.lock": "def"}},
}


def debian(name: str, version: str, source: str, source_version: str, *licenses: str) -> dict[str, Any]:
    names = {"name": name, "version": version, "source": source, "source_version": source_version}
    return {**names, "architecture": "amd64", "licenses": list(licenses)}


LIBC = debian("libc6", "2.36-9+deb12u9", "glibc", "2.36-9+deb12u9")
LOGIN = debian("login", "1:4.13+dfsg1-1", "shadow", "1:4.13+dfsg1-1", "BSD-3-clause", "GPL-2+")
TAR = debian("tar", "1.34+dfsg-1.2", "tar", "1.34+dfsg-1.2")


def python(name: str, **licence: Any) -> dict[str, Any]:
    return {"name": name, "version": "1.0", **licence}


def write(
    packages: list[dict[str, Any]],
    pins: list[Pin] | None = None,
    image: dict[str, Any] = IMAGE,
    system_packages: list[dict[str, Any]] | None = None,
    time: datetime | None = None,
) -> dict[str, Any]:
    inventory = {"system": SYSTEM, "debian": system_packages or [], "python": packages}
    document: dict[str, Any] = json.loads(bill("octet:test", image, inventory, pins or [], time))
    return document


def component(document: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [of for of in document["components"] if of["name"] == name]
    return dict(found)


def test_what_is_installed_here_is_listed_with_its_release_and_the_locks_hashes() -> None:
    some = [package for package in python_packages() if package["name"] in ("numpy", "pytest", "PyYAML")]
    document = write(some, read_locks(ROOT / "requirements"))
    assert {of["name"] for of in document["components"]} == {"debian", "numpy", "pytest", "pyyaml"}
    numpy = component(document, "numpy")
    assert numpy["version"] == version("numpy")
    assert numpy["purl"] == f"pkg:pypi/numpy@{version('numpy')}"
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    [pin] = re.findall(rf"^numpy=={re.escape(version('numpy'))} .*\n((?: +--hash.*\n)+)", lock, flags=re.MULTILINE)
    [file] = numpy["externalReferences"]
    assert {of["content"] for of in file["hashes"]} == set(re.findall(r"sha256:(\w+)", pin))
    [root] = [of for of in document["dependencies"] if of["ref"] == "image"]
    assert root["dependsOn"] == sorted(of["bom-ref"] for of in document["components"])


def test_the_same_packages_in_any_order_give_the_same_bytes() -> None:
    packages, pins = python_packages()[:5], read_locks(ROOT / "requirements")
    first = {"system": SYSTEM, "debian": [LIBC, LOGIN], "python": packages}
    second = {"system": SYSTEM, "debian": [LOGIN, LIBC], "python": packages[::-1]}
    text = bill("octet:test", IMAGE, first, pins, None)
    assert text == bill("octet:test", IMAGE, second, pins[::-1], None)
    assert "timestamp" not in text


def test_the_image_bears_its_id_and_labels() -> None:
    document = write([], time=datetime.fromtimestamp(86400, timezone.utc))
    image = document["metadata"]["component"]
    assert (image["name"], image["version"], image["type"]) == ("octet:test", IMAGE["Id"], "container")
    assert image["properties"] == [
        {"name": "org.octet.lock", "value": "def"},
        {"name": "org.opencontainers.image.revision", "value": "abc"},
    ]
    assert "purl" not in image
    assert document["metadata"]["timestamp"] == "1970-01-02T00:00:00+00:00"
    other = write([], image={**IMAGE, "Id": "sha256:" + "2" * 64})
    assert document["serialNumber"] != other["serialNumber"]


def test_an_image_of_a_registry_has_its_digest() -> None:
    digest = "sha256:" + "a" * 64
    document = write([], image={**IMAGE, "RepoDigests": [f"ghcr.io/me/octet@{digest}"], "Config": {"Labels": None}})
    purl = f"pkg:oci/octet@{digest}?arch=amd64&repository_url=ghcr.io/me/octet"
    assert document["metadata"]["component"]["purl"] == purl


def test_debian_packages_name_their_source_where_it_is_another() -> None:
    document = write([], system_packages=[LIBC, LOGIN, TAR])
    end = "?arch=amd64&distro=debian-12"
    assert component(document, "tar")["purl"] == f"pkg:deb/debian/tar@1.34%2Bdfsg-1.2{end}"
    assert component(document, "login")["purl"] == (
        f"pkg:deb/debian/login@1:4.13%2Bdfsg1-1{end}&upstream=shadow%401:4.13%2Bdfsg1-1"
    )
    assert component(document, "login")["licenses"] == [
        {"license": {"id": "BSD-3-Clause"}},
        {"license": {"name": "GPL-2+"}},
    ]
    assert "licenses" not in component(document, "libc6")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"license_expression": "MIT", "license": "no"}, [{"license": {"id": "MIT"}}]),
        ({"license_expression": "MIT OR Apache-2.0"}, [{"expression": "MIT OR Apache-2.0"}]),
        ({"license": "New BSD"}, [{"license": {"name": "New BSD"}}]),
        (
            {"license": "A whole\nlicence", "classifier": ["Topic :: Tools", "License :: OSI Approved :: MIT License"]},
            [{"license": {"name": "MIT License"}}],
        ),
        ({"license": "UNKNOWN", "classifier": ["License :: OSI Approved"]}, None),
        ({}, None),
    ],
)
def test_a_licence_is_what_the_package_tells_best(told: dict[str, Any], expected: Any) -> None:
    assert component(write([python("Some.Thing", **told)]), "some-thing").get("licenses") == expected


def test_a_package_in_no_lock_has_no_hashes() -> None:
    other = Pin("runtime.txt", "thing", "1.1", ("sha256:" + "0" * 64,))
    assert "externalReferences" not in component(write([python("thing")], [other]), "thing")
    same = Pin("runtime.txt", "thing", "1.0", ("sha256:" + "0" * 64,))
    assert "externalReferences" in component(write([python("thing")], [same]), "thing")


def test_a_document_against_the_schema_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not a CycloneDX 1\.6 document"):
        write([], image={**IMAGE, "Config": {"Labels": {"": 3}}})
