"""Room on the disk: looked at before anything new is written."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import DiskFull

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """The disk under a directory, and how much of it must stay free."""

    directory: Path
    reserve_mib: int

    def check(self) -> None:
        """Refuse to go on when there is less than the reserve.

        Raises:
            DiskFull: nothing new is taken in until there is room again.
        """
        there = next(part for part in (self.directory, *self.directory.parents) if part.exists())
        free_mib = shutil.disk_usage(there).free // MIB
        if free_mib < self.reserve_mib:
            raise DiskFull(
                f"The disk of {there} has {free_mib} MiB left, less than the {self.reserve_mib} to be kept free.",
                next_step="Free some space, or lower SONIK_DISK_RESERVE_MIB; then try again.",
            )
