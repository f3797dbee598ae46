"""Where sets are found and where work is kept: the only reader of SONIK_EVAL_* variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class EvalSettings(BaseSettings):
    """The folders of the eval."""

    model_config = SettingsConfigDict(env_prefix="SONIK_EVAL_", extra="ignore", frozen=True)

    data: Path = Field(
        default=ROOT.parent / "shared" / "data" / "multihop", description="Folder whose subfolders are sets."
    )
    work: Path = Field(
        default=ROOT / "build" / "eval", description="Folder for vectors, and for the stores of each set."
    )
    npm: Path = Field(
        default_factory=lambda: Path.home() / ".cache" / "sonik-eval", description="Folder for packages from npm."
    )
