// JSON against a schema of api/openapi.yaml: the keywords that stand there, and an error for any other. Strict: a member that no
// schema names is an error, too.
const typeOf = v => v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v;
const fits = (v, type) => type === 'integer' ? Number.isInteger(v) : type === typeOf(v);
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const SILENT = new Set(['description', 'example', 'default', 'properties', 'title']);

const keywords = {
    type: (v, type) => [type].flat().some(t => fits(v, t)) || `is ${typeOf(v)}, not ${type}`,
    enum: (v, list) => list.includes(v) || `${JSON.stringify(v)} is none of ${list}`,
    pattern: (v, p) => typeof v !== 'string' || new RegExp(p).test(v) || `${v} is not like ${p}`,
    format: (v, f) => typeof v !== 'string' || (f === 'date-time' ? DATE_TIME.test(v) : false) || `${v} is no ${f}`,
    minimum: (v, n) => typeof v !== 'number' || v >= n || `${v} is below ${n}`,
    maximum: (v, n) => typeof v !== 'number' || v <= n || `${v} is above ${n}`,
    minItems: (v, n) => !Array.isArray(v) || v.length >= n || `has only ${v.length} items`,
    maxItems: (v, n) => !Array.isArray(v) || v.length <= n || `has ${v.length} items`,
    minLength: (v, n) => typeof v !== 'string' || v.length >= n || 'is too short',
    maxLength: (v, n) => typeof v !== 'string' || v.length <= n || 'is too long',
    required: (v, names) => typeOf(v) !== 'object' || names.every(n => n in v) || `lacks ${names.filter(n => !(n in v))}`,
};

export class Schemas {
    constructor(contract) { this.contract = contract; }

    resolve(schema) {
        if (!schema.$ref) return schema;
        const found = schema.$ref.replace(/^#\//, '').split('/').reduce((o, k) => o?.[k], this.contract);
        if (!found) throw new Error(`${schema.$ref} is nowhere`);
        return this.resolve(found);
    }

    /** What is wrong with `value`: ["where: what"]. */
    check(value, schema) {
        const known = new Map(), errors = [];
        this.#walk(value, schema, '$', errors, known);
        for (const [object, { where, names, open }] of known)
            for (const n of open ? [] : Object.keys(object)) if (!names.has(n)) errors.push(`${where}.${n}: is not in the contract`);
        return errors;
    }

    #walk(value, given, where, errors, known) {
        const schema = this.resolve(given);
        this.#note(value, schema, where, known);
        for (const [k, wanted] of Object.entries(schema)) {
            if (SILENT.has(k)) continue;
            if (k === 'allOf') wanted.forEach(s => this.#walk(value, s, where, errors, known));
            else if (k === 'oneOf') this.#oneOf(value, wanted, where, errors, known);
            else if (k === 'items') this.#items(value, wanted, schema.prefixItems?.length ?? 0, where, errors, known);
            else if (k === 'prefixItems') wanted.forEach((s, i) => Array.isArray(value) && i < value.length && this.#walk(value[i], s, `${where}[${i}]`, errors, known));
            else if (k === 'additionalProperties') this.#additional(value, schema, wanted, where, errors, known);
            else if (!keywords[k]) throw new Error(`${where}: the keyword ${k} is not known here`);
            else { const r = keywords[k](value, wanted); if (r !== true) errors.push(`${where}: ${r}`); }
        }
        if (typeOf(value) === 'object')
            for (const [n, s] of Object.entries(schema.properties ?? {})) if (n in value) this.#walk(value[n], s, `${where}.${n}`, errors, known);
    }

    /** Which members some schema names; an object of which none says anything may hold what it likes. */
    #note(value, schema, where, known) {
        if (typeOf(value) !== 'object') return;
        const k = known.get(value) ?? { where, names: new Set(), open: true };
        for (const n of Object.keys(schema.properties ?? {})) k.names.add(n);
        if (schema.properties || schema.additionalProperties === false) k.open = false;
        known.set(value, k);
    }

    #oneOf(value, list, where, errors, known) {
        const tries = list.map(s => { const e = [], k = new Map(); this.#walk(value, s, where, e, k); return { e, k }; });
        const good = tries.filter(t => !t.e.length);
        if (good.length !== 1) return errors.push(`${where}: fits ${good.length} of ${list.length}: ${tries.map(t => t.e[0]).join(' | ')}`);
        for (const [o, k] of good[0].k) {
            const have = known.get(o);
            if (have) { for (const n of k.names) have.names.add(n); have.open &&= k.open; } else known.set(o, k);
        }
    }

    #items(value, schema, from, where, errors, known) {
        if (Array.isArray(value)) value.slice(from).forEach((v, i) => this.#walk(v, schema, `${where}[${i + from}]`, errors, known));
    }

    #additional(value, schema, wanted, where, errors, known) {
        if (wanted === false || typeOf(value) !== 'object') return; // the strictness sees to it
        for (const [n, v] of Object.entries(value)) {
            if (n in (schema.properties ?? {})) continue;
            known.get(value).names.add(n);
            if (wanted !== true) this.#walk(v, wanted, `${where}.${n}`, errors, known);
        }
    }
}
