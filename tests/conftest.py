"""Fixtures live by topic in fix_*.py beside this file."""

from sonik.stores.allocator import share_arenas

pytest_plugins = [
    "tests.fix_embedded",
    "tests.fix_engine",
    "tests.fix_truth",
    "tests.fix_jobs",
    "tests.fix_sync",
    "tests.fix_mcp",
    "tests.fix_http",
    "tests.fix_metrics",
    "tests.fix_docs",
    "tests.fix_reading",
    "tests.fix_world",
    "tests.fix_eval",
    "tests.fix_learning",
    "tests.fix_browser",
    "tests.fix_desk",
    "tests.fix_outage",
    "tests.fix_organisers",
]


def pytest_configure() -> None:
    """Keep a run small as servers are: it opens hundreds of stores, one after another."""
    share_arenas()
