"""Origins of web pages, as browsers name them: https://www.rfc-editor.org/rfc/rfc6454."""

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_origins(text: str) -> frozenset[str]:
    """The origins of a text such as `https://cars.example https://shop.example:8443`.

    Raises ValueError with what is expected and what stands there: a browser compares nothing but whole origins, so
    one that is written otherwise would never match.
    """
    found = text.replace(",", " ").split()
    for item in found:
        if (usual := _write_origin(item)) != item:
            hint = f" such as {usual}" if usual else ", such as https://cars.example"
            raise ValueError(f"should be origins of pages{hint} (got {item!r})")
    return frozenset(found)


def _write_origin(item: str) -> str:
    """The item as a browser would send it; empty where it has no scheme of the web, or no host."""
    try:
        parts = urlsplit(item)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return ""
    if scheme not in DEFAULT_PORTS or not host or not host.isascii() or "*" in host:
        return ""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + (f":{port}" if port not in (None, DEFAULT_PORTS[scheme]) else "")
