"""Starts hydrad and nginx in turn and measures them; see start.sh."""
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
IDLE_S = 30
scratch = tempfile.mkdtemp(prefix='hydra-bench-')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def first_answer(command, port, path):
    """Milliseconds from exec to the first 200; the process goes on."""
    begin = time.perf_counter()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            c = http.client.HTTPConnection('127.0.0.1', port, timeout=2)
            c.request('GET', path)
            if c.getresponse().status == 200:
                return (time.perf_counter() - begin) * 1000, p
        except OSError:
            pass
        time.sleep(0.0005)


def stop(p):
    p.terminate()
    p.wait()


def hydrad(port):
    return ['build/hydrad', '--data', scratch + '/data', '--listen', f'127.0.0.1:{port}']


def nginx(port):
    conf = f'{scratch}/nginx.conf'
    with open(conf, 'w', encoding='ascii') as f:
        f.write(f'daemon off; worker_processes 1; pid {scratch}/pid; error_log /dev/null; events {{}}\n'
                f'http {{ access_log off; server {{ listen 127.0.0.1:{port}; location / {{ return 200 ok; }} }} }}\n')
    return ['nginx', '-c', conf]


def cpu_seconds(pid):
    fields = open(f'/proc/{pid}/stat', encoding='ascii').read().rsplit(') ', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def memory_kib(pid):
    rollup = open(f'/proc/{pid}/smaps_rollup', encoding='ascii').read()
    return {k: int(v.split()[0]) for k, v in (l.split(':') for l in rollup.splitlines()[1:])}


def main():
    port = free_port()
    _, p = first_answer(hydrad(port), port, '/readyz')  # makes the database
    time.sleep(2)
    stop(p)
    times = {'hydrad': [], 'nginx': []}
    for _ in range(ROUNDS):
        for name, command, path in (('hydrad', hydrad, '/readyz'), ('nginx', nginx, '/')):
            port = free_port()
            ms, p = first_answer(command(port), port, path)
            times[name].append(ms)
            stop(p)
    for name, ms in times.items():
        print(f'{name:8} exec to first 200: median {statistics.median(ms):6.1f} ms, least {min(ms):6.1f} ms')
    print(f'ratio    hydrad / nginx: {statistics.median(times["hydrad"]) / statistics.median(times["nginx"]):.2f}')
    port = free_port()
    _, p = first_answer(hydrad(port), port, '/readyz')
    time.sleep(5)
    before = cpu_seconds(p.pid)
    time.sleep(IDLE_S)
    used = cpu_seconds(p.pid) - before
    m = memory_kib(p.pid)
    print(f'idle     RSS {m["Rss"] / 1024:.1f} MiB, PSS {m["Pss"] / 1024:.1f} MiB, CPU {100 * used / IDLE_S:.2f} % of a core')
    stop(p)


try:
    main()
finally:
    shutil.rmtree(scratch, ignore_errors=True)
sys.exit(0)
