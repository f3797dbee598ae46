"""The account PostgreSQL runs as when Sonik runs as root, and how that account reaches its files.

PostgreSQL refuses to run as root. Another account may be unable to enter the directories above the data or the
binaries (the home of root, for one); those are not ours to change, so the server gets one capability for it instead.
"""

import os
import pwd
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import Misconfigured
from sonik.stores.embedded.process import OURS, Rights

PREFERRED = ("pgserver", "postgres", "nobody")
CAPABILITY_BITS = {"dac_override": 1, "dac_read_search": 2, "setpcap": 8}


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A system account."""

    name: str
    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """Return the account PostgreSQL must run as: None for our own, else the owner of the data or an unprivileged one.

    Raises:
        Misconfigured: this is root and the system has no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(name=f"uid {owner.st_uid}", uid=owner.st_uid, gid=owner.st_gid)
    for name in PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Misconfigured(
        "PostgreSQL refuses to run as root and there is no unprivileged account.",
        next_step="Run Sonik as an ordinary user, or create an account: `useradd --system pgserver`.",
    )


def rights_for(account: Account | None, *, program: Path, directories: Iterable[Path]) -> Rights:
    """Return how to run `program` as an account so that it can enter the directories.

    Raises:
        Misconfigured: the account cannot get there, and this system has no way to let it.
    """
    if account is None:
        return OURS
    blocked = next((found for path in (program, *directories) if (found := obstacle(path, account))), None)
    if blocked is None:
        return Rights(uid=account.uid, gid=account.gid)
    capability, setpriv = _capability(program, account), shutil.which("setpriv")
    if capability is None or setpriv is None:
        raise _unreachable(blocked, account, lacking="the program setpriv" if capability else "a capability")
    return Rights(wrapper=_wrapper(setpriv, account, capability))


def obstacle(path: Path, account: Account) -> Path | None:
    """Return the first part of a path that the account may not enter or execute."""
    chain = (path, *path.parents)
    return next((part for part in reversed(chain) if part.exists() and not _may_enter(part, account)), None)


def give(path: Path, account: Account | None) -> None:
    """Hand a directory of ours and what is in it to the account, where it still belongs to root."""
    if account is None or path.stat().st_uid == account.uid:
        return
    for directory, _, files in os.walk(path):
        for name in (directory, *(os.path.join(directory, file) for file in files)):  # noqa: PTH118 # thousands
            os.chown(name, account.uid, account.gid, follow_symlinks=False)


def held_capabilities(status: str) -> set[str]:
    """Return which of the capabilities used here are both held and in the bounding set, from /proc/self/status."""
    masks = dict(line.split(":\t") for line in status.splitlines() if line.startswith(("CapPrm", "CapBnd")))
    if len(masks) < 2:  # not Linux
        return set()
    both = int(masks["CapPrm"], 16) & int(masks["CapBnd"], 16)
    return {name for name, bit in CAPABILITY_BITS.items() if both >> bit & 1}


def _capability(program: Path, account: Account) -> str | None:
    file = Path("/proc/self/status")
    held = held_capabilities(file.read_text(encoding="ascii") if file.exists() else "")
    if "setpcap" not in held:
        return None
    if "dac_read_search" in held and _may_enter(program, account):  # it opens directories, not programs
        return "dac_read_search"
    return "dac_override" if "dac_override" in held else None


def _wrapper(setpriv: str, account: Account, capability: str) -> tuple[str, ...]:
    return (
        setpriv,
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        "--securebits=+no_setuid_fixup",  # else access(2), by which PostgreSQL finds its programs, ignores capabilities
        f"--inh-caps=+{capability}",
        f"--ambient-caps=+{capability}",
        "--",
    )


def _may_enter(path: Path, account: Account) -> bool:
    facts = path.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def _unreachable(blocked: Path, account: Account, *, lacking: str) -> Misconfigured:
    return Misconfigured(
        f"PostgreSQL refuses to run as root, and the account {account.name} may not enter {blocked}; "
        f"{lacking} to let it through is missing.",
        next_step="Run Sonik as an ordinary user, set SONIK_HOME to a directory every account may enter (such as "
        "/var/lib/sonik), install util-linux (setpriv), or allow CAP_SETPCAP and CAP_DAC_READ_SEARCH.",
    )
