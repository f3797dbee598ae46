"""An unknown file looked at: how it is written, what its columns hold, and a mapping that may fit."""
