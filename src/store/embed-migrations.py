#!/usr/bin/env python3
"""Turns migrations/NNNN-name.sql into C: embed-migrations.py OUT.c FILE.sql ...

Runs them against an SQLite in memory first: a broken migration fails the build, and what they make
(tables in the order in which they can be filled, with their columns) goes into the program too.
"""
import os
import re
import sqlite3
import sys


TYPES = {"TEXT": "SCHEMA_TEXT", "BIGINT": "SCHEMA_BIGINT", "DOUBLE PRECISION": "SCHEMA_DOUBLE"}


def numbered(files):
    """[(version, name, sql)], numbers 1, 2, 3 ... without a gap."""
    found = []
    for path in files:
        name = os.path.basename(path)[: -len(".sql")]
        if not re.fullmatch(r"\d{4}-[a-z0-9-]+", name):
            sys.exit(f"{path}: a migration is called NNNN-some-words.sql")
        with open(path, encoding="utf-8") as f:
            found.append((int(name[:4]), name, f.read()))
    found.sort()
    for i, (version, name, _) in enumerate(found):
        if version != i + 1:
            sys.exit(f"{name}: expected number {i + 1:04}")
    return found


def tables(migrations):
    """[(table, [columns], [types], identity column or None)] in order of creation."""
    db = sqlite3.connect(":memory:")
    for _, name, sql in migrations:
        try:
            db.executescript(sql.replace("{{identity}}", "INTEGER PRIMARY KEY AUTOINCREMENT"))
        except sqlite3.Error as e:
            sys.exit(f"{name}: {e}")
    made = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    ).fetchall()
    result = []
    for table, sql in made:
        columns, types, identity = [], [], None
        for _, column, kind, *_ in db.execute(f"PRAGMA table_info({table})"):
            if kind == "INTEGER" and "AUTOINCREMENT" in sql:
                kind, identity = "BIGINT", column
            if kind not in TYPES:
                sys.exit(f"{table}.{column}: {kind} is not in the common subset")
            columns.append(column)
            types.append(TYPES[kind])
        result.append((table, columns, types, identity))
    return result


def c_bytes(text):
    data = text.encode() + b"\0"
    rows = [data[i : i + 20] for i in range(0, len(data), 20)]
    return ",\n    ".join(", ".join(str(b if b < 128 else b - 256) for b in row) for row in rows)


def main():
    out, files = sys.argv[1], sys.argv[2:]
    migrations = numbered(files)
    with open(out, "w", encoding="utf-8") as f:
        f.write('#include "store/migrations.h"\n\n')
        for version, _, sql in migrations:
            f.write(f"static const char sql_{version}[] = {{\n    {c_bytes(sql)}}};\n\n")
        f.write("const struct migration migrations[] = {\n")
        for version, name, _ in migrations:
            f.write(f'    {{{version}, "{name}", sql_{version}}},\n')
        f.write(f"}};\nconst unsigned migrations_count = {len(migrations)};\n\n")
        f.write("const struct schema_table schema_tables[] = {\n")
        for table, columns, types, identity in tables(migrations):
            names = ", ".join(f'"{c}"' for c in columns)
            identity = f'"{identity}"' if identity else "NULL"
            f.write(f'    {{"{table}", (const char *const[]){{{names}}},\n')
            f.write(f"     (const enum schema_type[]){{{', '.join(types)}}}, {len(columns)}, {identity}}},\n")
        f.write("    {NULL, NULL, NULL, 0, NULL},\n};\n")


main()
