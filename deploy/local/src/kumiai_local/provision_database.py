"""A database and two roles for each service, made once and repeatable."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.secret_files import password
from kumiai_local.services import Service


def provision_databases(addresses: StackAddresses, layout: Layout, services: Iterable[Service]) -> None:
    """Create or correct databases and roles.

    The owner owns database and tables and is for migrations; the app role owns nothing, cannot bypass row-level
    security and gets its rights on tables from the migrations. Nobody else may connect.
    """
    for service in services:
        with _admin(addresses, "postgres") as connection:
            for role in (service.owner_role, service.app_role):
                _role(connection, role, password(service.role_password(layout, role)))
            _database(connection, service)
        with _admin(addresses, service.database) as connection:
            connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            connection.execute(
                sql.SQL("ALTER SCHEMA public OWNER TO {owner}").format(owner=sql.Identifier(service.owner_role))
            )
            connection.execute(
                sql.SQL("GRANT USAGE ON SCHEMA public TO {app}").format(app=sql.Identifier(service.app_role))
            )


def _admin(addresses: StackAddresses, database: str) -> psycopg.Connection[tuple[object, ...]]:
    user = addresses.postgres_url.split("//", 1)[1].split("@", 1)[0]
    url = addresses.postgres_url_of(user, database)
    return psycopg.connect(url, password=addresses.postgres_password, autocommit=True, connect_timeout=10)


def _role(connection: psycopg.Connection[tuple[object, ...]], role: str, secret: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    # The server is sent a SCRAM verifier, so the password itself stands in no log and no statement.
    verifier = connection.pgconn.encrypt_password(secret.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL(
            "{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION "
            "PASSWORD {verifier}"
        ).format(
            verb=sql.SQL("ALTER" if exists else "CREATE"), role=sql.Identifier(role), verifier=sql.Literal(verifier)
        )
    )


def _database(connection: psycopg.Connection[tuple[object, ...]], service: Service) -> None:
    names = {
        "database": sql.Identifier(service.database),
        "owner": sql.Identifier(service.owner_role),
        "app": sql.Identifier(service.app_role),
    }
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [service.database]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**names))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {database} TO {app}").format(**names))
