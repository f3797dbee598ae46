"""Which system package brings a shared library that a server binary misses."""

import re

PACKAGES = {  # library: (Debian and Ubuntu, Homebrew)
    "libgomp": ("libgomp1", "libomp"),
    "libomp": ("libomp5", "libomp"),
    "libssl": ("libssl3", "openssl@3"),
    "libcrypto": ("libssl3", "openssl@3"),
    "libz": ("zlib1g", "zlib"),
    "libstdc++": ("libstdc++6", "gcc"),
    "libgcc_s": ("libgcc-s1", "gcc"),
}

_MISSING = re.compile(r"(?:^|[\s/'\"])(lib[\w+-]+?)[.\d]*\.(?:so|dylib)[.\d]*\b")
_OLD_GLIBC = re.compile(r"version [`']?(GLIBC(?:XX)?_[\d.]+)'? not found")


def remedy(complaint: str) -> str | None:
    """Return what to install for a dynamic loader's complaint, None when it names nothing known."""
    if old := _OLD_GLIBC.search(complaint):
        return f"This system is too old ({old[1]} is missing); use Debian 12, Ubuntu 22.04 or newer."
    for name in _MISSING.findall(complaint):
        if name in PACKAGES:
            apt, brew = PACKAGES[name]
            return f"Install it: `apt-get install {apt}` (Debian, Ubuntu) or `brew install {brew}` (macOS)."
    return None
