"""Fingerprints: short texts that tell contents apart."""


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content in hexadecimal digits."""
    import hashlib  # loads OpenSSL, which lists and help do not need

    return hashlib.sha256(content).hexdigest()
