"""An authority for certificates, and one certificate of its, for whatever speaks TLS on this machine."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: As whom the API server calls the servers behind it.
PROXY = "front-proxy-client"
_NAMES = ("localhost", "keda-metrics-apiserver.keda.svc", "slack.com", "hooks.slack.com", "github.example.com")


class Authority:
    """Below `folder`: `ca.crt`, and `tls.crt` with `tls.key`, which it signed for client and server alike.

    The certificate is for `names` too.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.certificate, self.leaf, self.key = (folder / name for name in ("ca.crt", "tls.crt", "tls.key"))
        folder.mkdir(parents=True)
        own, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = _named("authority of the scenarios")
        ca = (
            _valid(x509.CertificateBuilder(name, name, own.public_key()))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(own, hashes.SHA256())
        )
        places = [*map(x509.DNSName, (*_NAMES, *names)), x509.IPAddress(ip_address("127.0.0.1"))]
        signed = (
            _valid(x509.CertificateBuilder(name, _named(PROXY), leaf.public_key()))
            .add_extension(x509.SubjectAlternativeName(places), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .sign(own, hashes.SHA256())
        )
        self.certificate.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        self.leaf.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            leaf.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def serving(self) -> ssl.SSLContext:
        """TLS for a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.leaf, self.key)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _valid(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
