"""Write the bill of materials of an image, as CycloneDX JSON, to runs/sbom.cdx.json.

Usage: python tools/sbom.py IMAGE        (the client is $DOCKER, or docker)

The same image, locks and SOURCE_DATE_EPOCH give the same bytes; without SOURCE_DATE_EPOCH it bears no time.
Here because cyclonedx-py knows an environment without hashes, or locks without what is installed of them, and no image.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.exceptions import InvalidSpdxLicenseException
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name, canonicalize_version

from locks import Pin, read_locks
from octet.common.errors import UserError
from octet.common.files import whole_file

OUTPUT = Path("runs/sbom.cdx.json")
HASHES = HashTypeFactory()
LICENSES = LicenseFactory()


def bill(name: str, image: dict[str, Any], inventory: dict[str, Any], pins: list[Pin], time: datetime | None) -> str:
    """The bill of materials of an image that `docker image inspect` and inventory.py tell of."""
    system = inventory["system"]
    parts = [
        Component(
            name=system["ID"],
            version=system.get("VERSION_ID"),
            type=ComponentType.OPERATING_SYSTEM,
            bom_ref="system",
        ),
        *(_debian(package, system) for package in inventory["debian"]),
        *(_python(package, pins) for package in inventory["python"]),
    ]
    whole = _image(name, image)
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{name}@{image['Id']}"),
        metadata=BomMetaData(component=whole, timestamp=time),
        components=parts,
    )
    bom.register_dependency(whole, parts)
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    if time is None:  # the library takes the clock's
        del content["metadata"]["timestamp"]
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"not a CycloneDX 1.6 document: {error}")
    return text


def _image(name: str, image: dict[str, Any]) -> Component:
    """The image: its id as version, its labels as properties, and a purl if a registry has it."""
    labels = (image["Config"].get("Labels") or {}).items()
    purl = None
    if digests := sorted(image.get("RepoDigests") or []):
        repository, digest = digests[0].split("@")
        short = repository.rsplit("/", 1)[-1]
        purl = PackageURL("oci", None, short, digest, {"arch": image["Architecture"], "repository_url": repository})
    return Component(
        name=name,
        version=image["Id"],
        type=ComponentType.CONTAINER,
        bom_ref="image",
        purl=purl,
        properties=[Property(name=key, value=value) for key, value in labels],
    )


def _debian(package: dict[str, Any], system: dict[str, str]) -> Component:
    """A Debian package; advisories go by its source package, which the purl therefore names."""
    qualifiers = {"arch": package["architecture"], "distro": f"{system['ID']}-{system.get('VERSION_ID', '')}"}
    if (package["source"], package["source_version"]) != (package["name"], package["version"]):
        qualifiers["upstream"] = f"{package['source']}@{package['source_version']}"
    purl = PackageURL("deb", system["ID"], package["name"], package["version"], qualifiers)
    return Component(
        name=package["name"],
        version=package["version"],
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=_by_id_or_name(package["licenses"]),
    )


def _python(package: dict[str, Any], pins: list[Pin]) -> Component:
    """A Python package, with what the locks say of this release: the hashes of its files, one of which is installed."""
    name, version = _release(package)
    purl = PackageURL("pypi", None, name, version)
    hashes = {hash for pin in pins if (pin.name, pin.version) == (name, version) for hash in pin.hashes}
    file = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{name}/{version}/#files"),
        comment="The files of this release that the locks allow.",
        hashes=[HASHES.from_composite_str(hash) for hash in hashes],
    )
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=_python_licenses(package),
        external_references=[file] if hashes else [],
    )


def _release(package: dict[str, Any]) -> tuple[str, str]:
    """The name and version as the locks spell them."""
    return canonicalize_name(package["name"]), canonicalize_version(package["version"], strip_trailing_zero=False)


def _python_licenses(package: dict[str, Any]) -> list[License]:
    """The SPDX expression, or else the licence's name if it is a name and no text, or else the classifiers."""
    if expression := package.get("license_expression"):
        return [LICENSES.make_from_string(expression)]
    name = package.get("license", "")
    if name and name != "UNKNOWN" and "\n" not in name:
        return [LICENSES.make_from_string(name)]
    classifiers = [text for text in package.get("classifier", []) if text.startswith("License ::")]
    leaves = [classifier.split(" :: ")[-1] for classifier in classifiers]
    return _by_id_or_name(leaf for leaf in leaves if leaf != "OSI Approved")


def _by_id_or_name(names: Iterable[str]) -> list[License]:
    """Licences that all hold; no expressions, of which CycloneDX allows a component only one."""
    licenses: list[License] = []
    for name in names:
        try:
            licenses.append(LICENSES.make_with_id(name))
        except InvalidSpdxLicenseException:
            licenses.append(LICENSES.make_with_name(name))
    return licenses


def source_date() -> datetime | None:
    """The time that reproducible builds bear, if one is told."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch and not epoch.isdigit():
        raise UserError(f"SOURCE_DATE_EPOCH: expected seconds since 1970, found {epoch!r}")
    return datetime.fromtimestamp(int(epoch), timezone.utc) if epoch else None


def docker(*arguments: str, stdin: str | None = None) -> Any:
    """What the Docker client answers, as JSON."""
    command = [*shlex.split(os.environ.get("DOCKER", "docker")), *arguments]
    try:
        result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    except FileNotFoundError:
        raise UserError(f"{command[0]} is not there: install it, or name another client with DOCKER=") from None
    if result.returncode:
        raise UserError(f"`{' '.join(command)}` failed:\n{result.stderr.strip()}")
    return json.loads(result.stdout)


def main(name: str) -> None:
    pins = read_locks(Path("requirements"))
    time = source_date()
    [image] = docker("image", "inspect", name)
    run = ["run", "--rm", "--interactive", "--network=none", "--entrypoint=python", image["Id"], "-I", "-"]
    inventory = docker(*run, stdin=Path(__file__).with_name("inventory.py").read_text())
    with whole_file(OUTPUT) as partial:
        partial.write_text(bill(name, image, inventory, pins, time))
    locked = {(pin.name, pin.version) for pin in pins}
    installed = {_release(package) for package in inventory["python"]}
    print(f"{OUTPUT}: {len(inventory['debian'])} Debian and {len(installed)} Python packages of {name}")
    if loose := sorted(installed - locked):
        print(f"in no lock: {', '.join(' '.join(release) for release in loose)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    try:
        main(parser.parse_args().image)
    except UserError as error:
        sys.exit(f"sbom: {error}")
