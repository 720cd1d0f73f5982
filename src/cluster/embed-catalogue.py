#!/usr/bin/env python3
"""Compiles integrations/*.yaml into a C table: embed-catalogue.py DIRECTORY OUTPUT.c [DEPFILE].

Refuses unknown keys and wrong types, so that a slip in a file fails the build, not a lookup.
"""
import glob
import os
import re
import sys

import yaml

KEYS = {"id": str, "name": str, "group": str, "icon": str, "images": list, "ports": list,
        "processes": list, "units": list, "names": list, "web": bool, "database": bool, "health": dict}
HEALTH_KEYS = {"path", "status", "body"}


def fail(file, text):
    sys.exit(f"{file}: {text}")


def check(file, entry):
    for key, value in entry.items():
        if key not in KEYS:
            fail(file, f"unknown key {key!r}; known: {', '.join(KEYS)}")
        if not isinstance(value, KEYS[key]):
            fail(file, f"{key} must be a {KEYS[key].__name__}")
    for key in ("id", "name", "group", "icon"):
        if not entry.get(key):
            fail(file, f"{key} is missing")
    if not re.fullmatch(r"[a-z0-9-]{1,64}", entry["id"]):
        fail(file, "id must be of a-z 0-9 -")
    if entry["id"] + ".yaml" != os.path.basename(file):
        fail(file, "the file must be called after its id")
    health = entry.get("health", {})
    if set(health) - HEALTH_KEYS or (health and not str(health.get("path", "")).startswith("/")):
        fail(file, f"health takes {', '.join(sorted(HEALTH_KEYS))}; the path begins with /")
    if any(not isinstance(p, int) or not 0 < p < 65536 for p in entry.get("ports", [])):
        fail(file, "ports must be numbers from 1 to 65535")
    for image in entry.get("images", []):
        if image != image.lower() or ":" in image or "@" in image:
            fail(file, f"image {image!r}: the repository path alone, in lower case")


def quote(text):
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def strings(values):
    if not values:
        return "NULL"
    return "(const char *const[]){" + ", ".join(quote(str(v)) for v in values) + ", NULL}"


def row(entry):
    health = entry.get("health", {})
    ports = entry.get("ports")
    numbers = "(const uint16_t[]){" + ", ".join(str(p) for p in ports) + ", 0}" if ports else "NULL"
    fields = [quote(entry[k]) for k in ("id", "name", "group", "icon")]
    fields += [strings(entry.get(k)) for k in ("images", "processes", "units", "names")]
    fields += [numbers, *("true" if entry.get(k, v) else "false" for k, v in (("web", True), ("database", False)))]
    fields += [quote(health.get(k)) for k in ("path", "status", "body")]
    return "    {" + ", ".join(fields) + "},\n"


def main():
    directory, output = sys.argv[1:3]
    files = sorted(glob.glob(os.path.join(directory, "*.yaml")))
    rows = []
    for file in files:
        with open(file, encoding="utf-8") as stream:
            entry = yaml.safe_load(stream)
        check(file, entry)
        rows.append(row(entry))
    with open(output, "w", encoding="utf-8") as out:
        out.write("/* Made by embed-catalogue.py from integrations/. */\n")
        out.write('#include "cluster/catalogue.h"\n\n')
        out.write("const struct integration integrations[] = {\n" + "".join(rows) + "};\n")
        out.write(f"const size_t integrations_n = {len(rows)};\n")
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as dep:
            dep.write(f"{output}: {' '.join(files)}\n")


main()
