"""Trust in an authority of one's own, for clients that take no certificate by argument: delta-rs, and the JVM's.

Both know one place where trust lies for the whole process: a file that the environment names, a key store that the command line
names. What is put there holds the usual authorities as well, so that image servers and Maven stay reachable.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import tempfile
import warnings
from pathlib import Path

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL)
_USUAL = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian and Red Hat keep the authorities of the system."""


class CaBundleError(ValueError):
    """The file that was named as CA bundle can't be used; the message says why."""


def trust(ca_bundle: str) -> None:
    """Let this process, and those that it starts, trust an authority beside the usual ones (``SSL_CERT_FILE``).

    Raises:
        CaBundleError: there is no such file, or no certificate in it.
    """
    os.environ["SSL_CERT_FILE"] = str(_kept("pem", b"".join(_authorities(ca_bundle))))


def java_trust_store(ca_bundle: str) -> Path:
    """Return a PKCS #12 store without a password, as the JVM takes it, of that authority and the usual ones.

    Raises:
        CaBundleError: there is no such file, or no certificate in it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    entries = []
    for number, pem in enumerate(_authorities(ca_bundle)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # some of the usual authorities are older than the rules
                certificate = x509.load_pem_x509_certificate(pem)
        except ValueError as error:
            if number == 0:
                raise CaBundleError(
                    f"HERITAGE_S3_CA_BUNDLE: the certificate in {ca_bundle} is broken: {error}"
                ) from error
            continue
        entries.append(pkcs12.PKCS12Certificate(certificate, str(number).encode()))
    return _kept("p12", pkcs12.serialize_java_truststore(entries, NoEncryption()))


def _authorities(ca_bundle: str) -> list[bytes]:
    """Return certificates as PEM, each once: those of the bundle first, then those that are trusted anyway."""
    try:
        own = _PEM.findall(Path(ca_bundle).expanduser().read_bytes())
    except OSError as error:
        raise CaBundleError(f"HERITAGE_S3_CA_BUNDLE: {ca_bundle} can't be read: {error.strerror}") from error
    if not own:
        raise CaBundleError(f"HERITAGE_S3_CA_BUNDLE: {ca_bundle} holds no certificate in PEM form")
    usual = _PEM.findall(_usual_bundle().read_bytes())
    return list(dict.fromkeys(pem.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n" for pem in (*own, *usual)))


def _usual_bundle() -> Path:
    """Return the file of authorities that this process trusts now, else the system's, else certifi's."""
    for named in (ssl.get_default_verify_paths().cafile, *_USUAL):
        if named and Path(named).is_file():
            return Path(named)
    import certifi

    return Path(certifi.where())


def _kept(suffix: str, content: bytes) -> Path:
    """Keep content in the user's cache under a name that is made of it, so that processes may share and outlive it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "heritage_assets" / "trust"
    target = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.{suffix}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(target)
    return target
