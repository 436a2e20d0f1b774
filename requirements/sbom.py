"""What the image is made of, as CycloneDX 1.6 on stdout: its Python and its Debian packages, and Python itself.

The Dockerfile runs it inside the image, with cyclonedx-python-lib from a stage of its own. A document that does
not fit the schema ends the build.
"""

import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

NAME = "car-price-prediction"
CLASSIFIER = "License :: OSI Approved :: "
SHORT = 40
"""Characters of what may be the name of a licence, and not its text."""
DEBIAN_FORM = "${Package}\t${Version}\t${Architecture}\n"


def list_python() -> Iterator[Component]:
    """Python, and every package that it finds, but those beside this file."""
    version = platform.python_version()
    purl = PackageURL("generic", name="python", version=version)
    yield Component(type=ComponentType.APPLICATION, name="python", version=version, purl=purl, bom_ref=str(purl))
    own = Path(__file__).resolve().parent
    for found in distributions(path=[path for path in sys.path if Path(path).resolve() != own]):
        name, version = found.metadata["Name"], found.metadata["Version"]
        purl = PackageURL("pypi", name=name.lower().replace("_", "-"), version=version)
        licence = find_licence(found.metadata)
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            purl=purl,
            bom_ref=str(purl),
            licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        )


def find_licence(about: PackageMetadata) -> str:
    """What a package calls its licence; empty where it does not."""
    short = about.get("License") or ""
    named = [value.removeprefix(CLASSIFIER) for value in about.get_all("Classifier") or [] if CLASSIFIER in value]
    return about.get("License-Expression") or (short if 0 < len(short) < SHORT else "") or ", ".join(named)


def list_debian() -> Iterator[Component]:
    """The packages of the distribution."""
    done = subprocess.run(
        ["dpkg-query", "--show", f"--showformat={DEBIAN_FORM}"], capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        name, version, architecture = line.split("\t")
        purl = PackageURL("deb", "debian", name, version, {"arch": architecture})
        yield Component(type=ComponentType.LIBRARY, name=name, version=version, purl=purl, bom_ref=str(purl))


def main() -> None:
    """Print the document."""
    parts = [*list_python(), *list_debian()]
    image = Component(type=ComponentType.CONTAINER, name=NAME, bom_ref=NAME)
    bom = Bom(components=parts)
    bom.metadata.component = image
    bom.register_dependency(image, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"The document is not CycloneDX 1.6: {problem}")
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
