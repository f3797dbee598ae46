"""Packages of others whose first file is not run before something in it is asked for."""

import sys
from importlib.util import find_spec, module_from_spec


def leave_unrun(name: str) -> None:
    """Let the modules of a package be imported without running its `__init__`, which runs when a name of it is asked.

    For packages that import all they have, of which a driver needs a part.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    loader, package = spec.loader, module_from_spec(spec)

    def run(asked: str) -> object:
        # Whoever looks through all modules asks for such names; nobody defines them.
        if asked.startswith("__"):
            raise AttributeError(asked)
        vars(package).pop("__getattr__", None)
        loader.exec_module(package)
        return getattr(package, asked)

    vars(package)["__getattr__"] = run
    sys.modules[name] = package
