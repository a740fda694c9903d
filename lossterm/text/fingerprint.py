"""What tells two contents apart by a short text."""


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content in hexadecimal digits."""
    import hashlib  # loads OpenSSL, which no list and no help needs

    return hashlib.sha256(content).hexdigest()
