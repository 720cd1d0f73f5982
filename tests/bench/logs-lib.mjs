// What the benches of searches measure: time by the wall, and CPU of whoever takes part.
import fs from 'node:fs';

const tickMs = 10;
export const median = v => [...v].sort((a, b) => a - b)[v.length >> 1];
export const ms = v => `${Math.round(v)} ms`;
/** Fields of /proc/PID/stat: a process's own CPU, or that of its children that ended. */
export const OWN = [14, 15], CHILDREN = [16, 17];

function cpuOf([pid, fields]) {
    const words = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
    return fields.reduce((sum, f) => sum + Number(words[f - 3]), 0) * tickMs;
}

/** What `f` took, by the wall and of CPU of `who`: [pid, fields], …. `f` says how many lines there were, and when the first came. */
export async function timed(who, f) {
    const used = () => who.reduce((sum, w) => sum + cpuOf(w), 0), cpu = used(), began = performance.now();
    const { lines, first } = await f();
    const ended = performance.now();
    return { lines, ms: ended - began, first: (first ?? ended) - began, cpu: used() - cpu };
}

/** The first 200 hits, however many questions that takes. */
export async function firstHits(client, query) {
    let lines = 0, cursor = '', first;
    do {
        const a = await client.get(`/api/web/logs?limit=${200 - lines}&${query}${cursor && `&before=${cursor}`}`, { timeout: 120000 });
        if (a.status !== 200 || a.json.partial.length) throw new Error(a.text);
        lines += a.json.lines.length;
        if (lines) first ??= performance.now();
        cursor = a.json.before;
    } while (lines < 200 && cursor);
    return { lines, first };
}
