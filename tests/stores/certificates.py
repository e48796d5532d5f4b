"""An authority of a test's own, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Signs the certificate of a server on 127.0.0.1; its own is in ``file``, which nobody trusts who is not told to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._signed("authority", self._key, None).public_bytes(Encoding.PEM))

    def server_files(self) -> Path:
        """Return a folder with ``public.crt`` and ``private.key``, as MinIO wants them."""
        files = self._folder / "server"
        if not files.exists():
            files.mkdir()
            key = ec.generate_private_key(ec.SECP256R1())
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            certificate = self._signed("server", key, x509.SubjectAlternativeName([address]))
            (files / "public.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
            secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (files / "private.key").write_bytes(secret)
        return files

    def _signed(
        self, name: str, key: ec.EllipticCurvePrivateKey, names: x509.SubjectAlternativeName | None
    ) -> x509.Certificate:
        """Return a server's certificate where it has ``names``, else an authority's."""
        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, who)]) for who in (name, "authority"))
        draft = x509.CertificateBuilder(
            issuer, subject, key.public_key(), x509.random_serial_number(), now - day, now + day
        )
        draft = draft.add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        if names is not None:
            draft = draft.add_extension(names, critical=False)
        return draft.sign(self._key, SHA256())
