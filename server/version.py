"""The version that is installed."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("sonik")
except PackageNotFoundError:
    VERSION = "0+source"
