#!/usr/bin/env python3
"""Which of the agent's functions run each second: callgrind's outputs → src/agent/hot.ld on standard output.

    AGENT=(a script that runs build/hydra-agent under valgrind --tool=callgrind --instr-atstart=no) STAY=1 tests/bench/agent.sh
    callgrind_control -i on PID     (when it has been linked for a while; dump with -d after a minute)
    tests/bench/hot.py callgrind.out.* > src/agent/hot.ld
"""
import os
import re
import sys

HEAD = """/* Puts the functions that run each second beside each other. The kernel maps files 64 KiB at a time, so what lies
 * between pages in use is in memory, too. Only a matter of place: a function that is missing here, or no longer
 * runs each second, costs nothing but memory. Made by tests/bench/hot.py. */
SECTIONS
{
  .text.each_second :
  {
"""
TAIL = "  }\n}\nINSERT AFTER .text;\n"


def name(names, said):
    """callgrind says "(7) name" once and "(7)" from then on."""
    number, text = re.match(r"\((\d+)\)(?: (.*))?", said).groups()
    if text:
        names[number] = text
    return names[number]


def functions(path):
    """The program's functions that ran. After the agent gave pages back, callgrind no longer knows whose its own are."""
    objects, names, obj = {}, {}, None
    for line in open(path, encoding="utf8"):
        key, _, said = line.rstrip("\n").partition("=")
        if key == "ob":
            obj = name(objects, said)
        elif key == "cob":
            name(objects, said)
        elif key == "cfn":
            name(names, said)
        elif key == "fn":
            function = re.sub(r"'.*", "", name(names, said))
            if os.path.basename(obj or "") in ("hydra-agent", "???") and re.fullmatch(r"[a-z][\w.]*", function):
                yield function


def main():
    print(HEAD, end="")
    line = "    *("
    for function in sorted({f for path in sys.argv[1:] for f in functions(path)}):
        word = f".text.{function} "
        if len(line) + len(word) > 118:
            print(line.rstrip())
            line = "      "
        line += word
    print(line.rstrip() + ")")
    print(TAIL, end="")


main()
