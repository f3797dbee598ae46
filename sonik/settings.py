"""The only reader of the environment: every setting is a field here, read from SONIK_* variables."""

import hashlib
from pathlib import Path
from secrets import token_bytes
from typing import Any, Literal

from pydantic import AwareDatetime, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from sonik.errors import Misconfigured
from sonik.types import Role, Scope

MINILM = "minilm-int8"
# Where Docker and others mount the secrets of a container.
SECRETS = Path("/run/secrets")


class _SecretFiles(SecretsSettingsSource):
    """Settings from files; one that is there and cannot be read is told by its name."""

    def __call__(self) -> dict[str, Any]:
        try:
            return super().__call__()
        except (OSError, SettingsError) as error:
            why = str(error.__cause__ or error)
            step = "Let the account that Sonik runs as read the folder and its files, and keep them as UTF-8 text."
            raise Misconfigured(f"A setting in {self.secrets_dir} cannot be read: {why}", next_step=step) from error


class Settings(BaseSettings):
    """Everything that can be set, with safe defaults: with none of it set, Sonik runs embedded."""

    model_config = SettingsConfigDict(env_prefix="SONIK_", extra="ignore", frozen=True)

    home: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "sonik",
        description="Data directory of the embedded stores.",
    )
    secrets_dir: Path | None = Field(
        None,
        description="Folder of files that hold a setting each, named as its variable in lower case; "
        f"{SECRETS} unless set, where it is there.",
    )
    postgres_url: SecretStr | None = Field(None, description="PostgreSQL 18 for services mode; unset: embedded.")
    postgres_reader_url: SecretStr | None = Field(
        None, description="Login of the reader role; unset: the main login switched to sonik_reader."
    )
    falkordb_url: SecretStr | None = Field(None, description="FalkorDB for services mode; unset: embedded.")
    redis_url: SecretStr | None = Field(None, description="Redis with search for services mode; unset: embedded.")
    lancedb_uri: str | None = Field(None, description="Path or s3:// address of LanceDB; unset: inside home.")

    pg_bin: Path | None = Field(None, description="Directory with other PostgreSQL binaries (postgres, initdb).")
    redis_bin: Path | None = Field(None, description="Another redis-server binary.")
    falkordb_module: Path | None = Field(None, description="Another falkordb.so.")
    redisearch_module: Path | None = Field(None, description="Another redisearch.so.")
    redisearch: Literal["auto", "off"] = Field(
        "auto", description="off: do not load RediSearch even if it is there; the cache then uses Redis vector sets."
    )
    keep_servers: bool = Field(False, description="Leave embedded servers running when the last process goes.")
    start_timeout_seconds: float = Field(30.0, gt=0, description="How long an embedded server may take to start.")

    embedder: str = Field(
        MINILM, description=f"'{MINILM}', or a hub name or local folder for sentence-transformers (extra)."
    )
    embedder_query_prompt: str = Field("", description="Prefix put before a question, for models that want one.")
    embedder_document_prompt: str = Field("", description="Prefix put before a document, for models that want one.")

    now: AwareDatetime | None = Field(None, description="Freeze the clock at this moment (ISO 8601 with offset).")
    market: str | None = Field(None, description="Market assumed when a question names none.")

    secret: SecretStr | None = Field(
        None,
        min_length=1,
        description="Signs cursors; set the same one on every server of a fleet. Unset: a new one each start.",
    )

    audit_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="Marks the seals of the audit log; the same on every process that does jobs, and never changed.",
    )

    http_auth: Literal["required", "off"] = Field(
        "required",
        description="off: whoever reaches the port acts as the local caller; only on this machine's address.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#]+/mcp$",
        description="Address clients use over HTTP, ending in /mcp; its host is let in.",
    )
    http_origins: str = Field("", description="Browser origins let in over HTTP, separated by commas.")
    http_hosts: str = Field(
        "", description="More host names to be reached by over HTTP, separated by commas: those of an inner network."
    )
    http_body_kib: int = Field(1024, ge=16, le=4096, description="Longest request body over HTTP (KiB).")
    http_seconds: float = Field(60.0, gt=0, le=600, description="Longest time for a request body to arrive (s).")
    http_rate_per_minute: int = Field(
        120, ge=0, le=1_000_000, description="Requests a caller over HTTP may make in a minute; 0: no limit."
    )
    http_burst: int = Field(40, ge=1, le=100_000, description="Requests a caller may make at once before that counts.")
    http_org_rate_per_minute: int = Field(
        1200, ge=0, le=1_000_000, description="The same for all callers of an organisation together; 0: no limit."
    )
    http_org_burst: int = Field(
        200, ge=1, le=100_000, description="Requests an organisation may make at once before that counts."
    )
    http_quota_per_day: int = Field(
        0, ge=0, le=1_000_000_000, description="Requests a caller over HTTP may make in a day; 0: no limit."
    )
    http_org_quota_per_day: int = Field(
        0, ge=0, le=1_000_000_000, description="The same for all callers of an organisation together; 0: no limit."
    )
    http_concurrency: int = Field(
        16, ge=0, le=10_000, description="Most requests of a caller at once in one process; 0: no limit."
    )
    http_streams: int = Field(
        8, ge=0, le=10_000, description="Most open streams of a caller in one process; 0: no limit."
    )
    http_streams_in_all: int = Field(
        512, ge=0, le=100_000, description="Most open streams of all callers in one process; 0: no limit."
    )
    http_failures_per_minute: int = Field(
        30, ge=0, le=1_000_000, description="Tokens that fail from one client address in a minute; 0: no limit."
    )
    oauth_issuer: str | None = Field(None, description="Issuer of the access tokens (JWT) that are taken over HTTP.")
    oauth_audience: str | None = Field(None, description="Audience the tokens must name; unset: the public address.")
    oauth_jwks_url: str | None = Field(None, description="Where the issuer's public keys are.")
    oauth_key: SecretStr | None = Field(
        None, min_length=32, description="Key shared with the issuer, in place of public keys; 32 characters or more."
    )

    web: Literal["on", "off"] = Field("on", description="off: no pages for people, who sign in, beside /mcp.")
    session_idle_minutes: int = Field(
        60, ge=5, le=1440, description="A session of a person who signed in ends when it is not used for so long."
    )
    session_hours: int = Field(12, ge=1, le=168, description="Longest time a session of a person lasts.")
    signin_attempts_per_minute: int = Field(
        5,
        ge=1,
        le=1000,
        description="Attempts to sign in by one name from one client address; four times as many by one name in all, "
        "and from one address.",
    )

    role: Role = Field("reader", description="Role of the local caller (stdio and CLI).")
    organisation: str | None = Field(None, description="Organisation of the local caller.")
    user: str | None = Field(None, description="Name of the local caller, for the audit log.")
    collection: str = Field("live", description="Collection that is read and written.")

    cache: Literal["on", "off"] = Field("on", description="Keep answers and give them again while nothing changed.")
    cache_ttl_seconds: int = Field(3600, ge=1, le=86_400, description="Longest time that an answer is kept.")
    edge_budget: int = Field(2000, ge=50, le=20000, description="Most edges fetched from one graph per question.")
    passage_edge_budget: int = Field(
        600, ge=50, le=20000, description="Most edges fetched per question over documents."
    )
    learning_cap: float = Field(
        0.05, gt=0, le=1, description="Most that one organisation's verdicts, of all its accounts, move an edge."
    )  # fmt: skip
    store_timeout_seconds: float = Field(5.0, gt=0, description="Longest wait for one store call.")
    read_seconds: float = Field(15.0, gt=0, le=600, description="Longest time for a call of an agent that reads (s).")
    write_seconds: float = Field(30.0, gt=0, le=600, description="Longest time for a call of an agent that writes (s).")
    pool_size: int = Field(8, ge=2, le=64, description="Most connections per PostgreSQL pool.")
    serve_projector: bool = Field(
        True, description="Project changes in `sonik serve` too; off: leave them to `sonik sync run` or `job work`."
    )
    serve_jobs: bool = Field(True, description="Do jobs in `sonik serve` too; off: leave them to `sonik job work`.")
    disk_reserve_mib: int = Field(
        256, ge=0, description="Room kept free on the disk of home (MiB): with less, nothing new is taken in."
    )
    keep_traces_days: int = Field(90, ge=1, description="Days that what questions walked is kept.")
    keep_evidence_days: int = Field(
        720, ge=1, description="Days that what edges were learned from is kept; it counts half after 90."
    )
    keep_jobs_days: int = Field(30, ge=1, description="Days that ended jobs are kept, failed ones with their input.")
    keep_keys_days: int = Field(30, ge=1, description="Days that a repeat is known by its idempotency key.")
    keep_dead_letters_days: int = Field(90, ge=1, description="Days that a change no sink would take is kept.")
    keep_audit_days: int = Field(365, ge=1, description="Days that rows of the audit log are kept after their seal.")
    keep_outbox_rows: int = Field(
        1_000_000, ge=1000, description="Most changes that wait for a sink; one that is further behind begins anew."
    )
    keep_cached_vectors: int = Field(500_000, ge=0, description="Most vectors kept to spare embedding a text again.")
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^?#]+$",
        description="Collector that traces are sent to over HTTP, as http://127.0.0.1:4318; needs the extra otel.",
    )
    trace_ratio: float = Field(
        1.0, ge=0, le=1, description="Share of the calls that are traced; a caller's traceparent decides before it."
    )
    log_format: Literal["text", "json"] = Field("text", description="json: one JSON object a line.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("WARNING", description="Level of the log.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Read arguments, then the environment, then the files of the secrets folder."""
        del dotenv_settings, file_secret_settings
        named = init_settings().get("secrets_dir") or env_settings().get("secrets_dir")
        folder = Path(named or SECRETS)
        if not folder.is_dir():
            return init_settings, env_settings
        return init_settings, env_settings, _SecretFiles(settings_cls, secrets_dir=folder)

    @field_validator("secrets_dir", mode="after")
    @classmethod
    def _is_there(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError("there is no such folder")
        return folder

    @field_validator("home", "pg_bin", "redis_bin", "falkordb_module", "redisearch_module", mode="after")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        # MCP clients pass their configuration as it is written, and nobody writes a home directory out.
        return path.expanduser().absolute() if path is not None else None

    @property
    def lance_path(self) -> str:
        """Where LanceDB lives."""
        return self.lancedb_uri or str(self.home / "lancedb")

    def key_for(self, purpose: str) -> bytes:
        """Return the key for one purpose: 32 bytes, the same on every server that has the same secret."""
        if self.secret is None:
            return token_bytes(32)
        return hashlib.sha256(f"{purpose}:{self.secret.get_secret_value()}".encode()).digest()

    def scope(self) -> Scope:
        """Return the scope of the local caller."""
        return Scope(role=self.role, organisation=self.organisation, user=self.user, collection=self.collection)
