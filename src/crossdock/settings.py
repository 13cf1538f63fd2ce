"""Environment -> Settings: addresses and secrets. Every problem is reported at once; no secret is ever printed.

Each secret `NAME` may instead be given as `NAME_FILE`, the path of a file that holds it, which is how orchestrators hand them out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crossdock.errors import ConfigError

MASTER_KEY_BYTES = 32
MASTER_KEY = "CROSSDOCK_MASTER_KEY"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process is told from outside. `database_url` None means: our own embedded server."""

    policy_path: Path
    database_url: str | None = field(repr=False, default=None)
    owner_database_url: str | None = field(repr=False, default=None)
    master_keys: tuple[bytes, ...] = field(repr=False, default=())
    postgres_version: int = 18


@dataclass(frozen=True, slots=True)
class ConnectionSecrets:
    """The secrets of one connection. Without a key of AWS its queues are asked with what boto3 finds by itself."""

    lwa_client_id: str
    lwa_client_secret: str = field(repr=False)
    lwa_refresh_token: str = field(repr=False)
    ct_client_id: str
    ct_client_secret: str = field(repr=False)
    ct_setup_client_id: str = ""
    ct_setup_client_secret: str = field(repr=False, default="")
    aws_access_key_id: str = ""
    aws_secret_access_key: str = field(repr=False, default="")


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the process's settings; ConfigError with every problem."""
    problems: list[str] = []
    database_url = _secret(environment, "CROSSDOCK_DATABASE_URL", problems)
    owner_url = _secret(environment, "CROSSDOCK_OWNER_DATABASE_URL", problems)
    problems += [
        f"{name}: is no address of the form postgresql://user:password@host/database"
        for name, url in (("CROSSDOCK_DATABASE_URL", database_url), ("CROSSDOCK_OWNER_DATABASE_URL", owner_url))
        if url and not url.startswith(("postgresql://", "postgres://"))
    ]
    if owner_url and not database_url:
        problems.append("CROSSDOCK_DATABASE_URL: missing, though CROSSDOCK_OWNER_DATABASE_URL is set")
    keys = parse_master_keys(_secret(environment, MASTER_KEY, problems), MASTER_KEY, problems)
    version = environment.get("CROSSDOCK_POSTGRES_VERSION", "18")
    if version not in {"16", "18"}:
        problems.append(f"CROSSDOCK_POSTGRES_VERSION: {version!r} is neither 16 nor 18")
    if problems:
        raise ConfigError(problems)
    return Settings(
        policy_path=Path(environment.get("CROSSDOCK_POLICY", "crossdock.toml")),
        database_url=database_url or None,
        owner_database_url=owner_url or None,
        master_keys=keys,
        postgres_version=int(version),
    )


def load_connection_secrets(environment: Mapping[str, str], connection_id: str) -> ConnectionSecrets:
    """Read one connection's secrets, named `CROSSDOCK_<ID>_...`; ConfigError with every one that is missing."""
    problems: list[str] = []
    prefix = f"CROSSDOCK_{connection_id.upper().replace('-', '_')}_"
    names = ("LWA_CLIENT_ID", "LWA_CLIENT_SECRET", "LWA_REFRESH_TOKEN", "CT_CLIENT_ID", "CT_CLIENT_SECRET")
    values = {name: _secret(environment, prefix + name, problems) for name in names}
    problems += [
        f"{prefix}{name}: missing; set it, or {prefix}{name}_FILE" for name, value in values.items() if not value
    ]
    setup = [_secret(environment, prefix + name, problems) for name in ("CT_SETUP_CLIENT_ID", "CT_SETUP_CLIENT_SECRET")]
    aws = {
        name: _secret(environment, prefix + name, problems) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    if any(aws.values()):
        problems += [
            f"{prefix}{name}: missing, though the other one is set" for name, value in aws.items() if not value
        ]
    if problems:
        raise ConfigError(problems)
    return ConnectionSecrets(*values.values(), *setup, *aws.values())


def parse_master_keys(text: str, where: str, problems: list[str]) -> tuple[bytes, ...]:
    """One or more base64 keys, separated by blanks or commas: the first seals, all open. What is none is a problem of `where`."""
    keys: list[bytes] = []
    for number, part in enumerate(text.replace(",", " ").split(), 1):
        try:
            key = base64.b64decode(part, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != MASTER_KEY_BYTES:
            problems.append(
                f"{where}: key {number} is not {MASTER_KEY_BYTES} bytes in base64; make one with `crossdock init`"
            )
            continue
        keys.append(key)
    return tuple(keys)


def _secret(environment: Mapping[str, str], name: str, problems: list[str]) -> str:
    path = environment.get(f"{name}_FILE")
    if path is None:
        return environment.get(name, "").strip()
    if environment.get(name):
        problems.append(f"{name}: set twice, also as {name}_FILE")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as fault:
        problems.append(f"{name}_FILE: {path} cannot be read: {type(fault).__name__}")
        return ""
