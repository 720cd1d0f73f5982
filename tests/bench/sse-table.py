#!/usr/bin/env python3
"""Medians and ratios of what sse.sh has measured: sse-table.py RESULTS.jsonl (--line: only the last run)."""
import json
import statistics
import sys

COLUMNS = [
    ("last p50 ms", lambda r: r["last_client_ms"]["p50"]),
    ("last p99 ms", lambda r: r["last_client_ms"]["p99"]),
    ("last max ms", lambda r: r["last_client_ms"]["max"]),
    ("CPU s/M", lambda r: r["server_cpu_s_per_million"]),
    ("user s/M", lambda r: r["server_cpu_s_per_million"] * r["server_user_share"]),
    ("B idle", lambda r: r["bytes_per_connection"]),
    ("B after", lambda r: r["bytes_per_connection_end"]),
    ("deliv/s", lambda r: r["deliveries_per_s"]),
    ("conn p99 ms", lambda r: r["connect_ms"]["p99"]),
]
RATIOS = {"last p50 ms", "last p99 ms", "CPU s/M", "conn p99 ms", "deliv/s"}


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def faults(run):
    """What a run must not have: lost, duplicated, disordered, refused, failed."""
    lost = max(0, run["expected"] - run["received"])
    names = {"dup": run["duplicated"], "order": run["out_of_order"], "refused": run["publish_refused"],
             "failed": run["failed"], "closed": run["closed"], "lost": lost}
    return " ".join(f"{name} {n}" for name, n in names.items() if n) or "none"


def others(entry):
    """CPU seconds that everything but server and ssefan used: above 1 or 2 the run is disturbed."""
    return max(0, entry["busy_s"] - entry["run"]["own_cpu_s"] - entry["run"]["server_cpu_s"])


def show_line(entry):
    run = entry["run"]
    if not run:
        print(f"{entry['scenario']:12} {entry['server']:14} no result", flush=True)
        return
    slow = f" slow closed {run['slow_closed']}/{run['slow']}" if run["slow"] else ""
    resumed = f" resumed {run['resumed']}, {run['replayed']} replayed" if run["dropped"] else ""
    print(f"{entry['scenario']:12} {entry['server']:14} last p50 {run['last_client_ms']['p50']:8.1f} "
          f"p99 {run['last_client_ms']['p99']:8.1f} ms  {run['server_cpu_s_per_million']:6.2f} s/M  "
          f"{run['deliveries_per_s']:8.0f}/s  faults: {faults(run)};{slow}{resumed} others {others(entry):.1f} s",
          flush=True)


def medians(entries):
    runs = [e["run"] for e in entries if e["run"]]
    row = {}
    for name, value in COLUMNS:
        found = [value(r) for r in runs if value(r) is not None] if runs else []
        row[name] = statistics.median(found) if found else float("nan")
    row["faults"] = "; ".join(sorted({faults(r) for r in runs})) or "no run"
    row["others"] = max((others(e) for e in entries if e["run"]), default=float("nan"))
    return row


def cell(name, value, floor):
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} ({value / floor[name]:.2f}x)" if name in RATIOS and floor and floor[name] else text


def show_table(entries):
    names = [name for name, _ in COLUMNS]
    print("\n| scenario | server | runs | " + " | ".join(names) + " | faults | others' CPU s, worst |")
    print("|" + " --- |" * (len(names) + 5))
    for scenario in dict.fromkeys(e["scenario"] for e in entries):
        of = {}
        for e in entries:
            if e["scenario"] == scenario:
                of.setdefault(e["server"], []).append(e)
        floor = medians(of["floor"]) if "floor" in of else None
        for server in sorted(of, key=lambda s: (s != "floor", s == "nchan")):
            row = medians(of[server])
            cells = " | ".join(cell(n, row[n], floor) for n in names)
            print(f"| {scenario} | {server} | {len(of[server])} | {cells} | {row['faults']} | {row['others']:.1f} |")


def main():
    entries = read(sys.argv[-1])
    if "--line" in sys.argv:
        show_line(entries[-1])
    else:
        show_table(entries)


main()
