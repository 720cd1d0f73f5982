// The first answer to a browser: who is signed in reads the sentence before any script has run, who is not is sent to sign in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hydrad } from './lib/hydrad.mjs';

let h, admin;
before(async () => {
    h = await Hydrad.start();
    admin = await h.setUp();
});
after(() => h?.stop());

const block = (html, id) => html.match(new RegExp(`<script type="application/json" id="${id}">(.*?)</script>`, 's'))?.[1];

test('a signed-in person gets the sentence, the session and the overview', async () => {
    await admin.post('/api/web/services', { name: 'a </script><b>&', url: 'http://127.0.0.1:1/', check: { kind: 'tcp', target: '127.0.0.1:1', interval_ms: 1000, retries: 0 } });
    const { text } = await admin.get('/');
    const overview = JSON.parse(block(text, 'hydra-overview'));
    assert.equal(JSON.parse(block(text, 'hydra-session')).user.role, 'admin');
    assert.ok(overview.services.some(s => s.name === 'a </script><b>&'));
    const said = text.match(/id="hydra-sentence"[^>]*>([^<]*)</)[1];
    assert.equal(said.replaceAll('&lt;', '<').replaceAll('&amp;', '&'), overview.verdict.sentence);
});

test('the states of all services stand in it, by group', async () => {
    await admin.post('/api/web/services', { name: 'one', group: 'Here & <there>', check: { kind: 'none' } });
    const { text } = await admin.get('/');
    const matrix = text.match(/id="hydra-matrix"[^>]*>(.*?)<\/div>/s)[1];
    const shown = JSON.parse(block(text, 'hydra-overview')).services.filter(s => !s.hidden);
    const states = [...matrix.matchAll(/class="cell" data-state="([a-z]+)"/g)].map(m => m[1]);
    if (shown.length > 84) return assert.equal(matrix, ''); // too many for a bar each: the scripts draw them
    assert.deepEqual(states.toSorted(), shown.map(s => s.state).toSorted());
    assert.match(matrix, /data-state="unchecked"><\/i><\/span><span class="matrix-name">Here &amp; &lt;there> <b>1<\/b>/);
});

test('other pages carry the numbers, too, and are there for everybody', async () => {
    for (const path of ['/nodes', '/node', '/services', '/service', '/events']) {
        const known = await admin.get(path);
        assert.ok(JSON.parse(block(known.text, 'hydra-overview')).verdict, path);
        assert.equal(JSON.parse(block(known.text, 'hydra-session')).user.role, 'admin', path);
        assert.match(known.headers['content-security-policy'], /script-src 'self' 'sha256-/, path);
        const visitor = await h.client().get(path, { headers: { 'sec-fetch-dest': 'document' } });
        assert.equal(visitor.status, 200, path);
        assert.equal(block(visitor.text, 'hydra-session'), undefined, path);
    }
});

test('a visitor who opens it is sent to sign in; what a page fetches ahead is not', async () => {
    const visitor = h.client();
    const opened = await visitor.get('/', { headers: { 'sec-fetch-dest': 'document' } });
    assert.equal(opened.status, 303);
    assert.equal(opened.headers.location, '/login');
    const fetched = await visitor.get('/', { headers: { 'sec-fetch-dest': 'empty' } });
    assert.equal(fetched.status, 200);
    assert.match(fetched.text, /id="hydra-sentence"[^>]*><\//);
    assert.equal(block(fetched.text, 'hydra-overview'), undefined);
    assert.equal(block(fetched.text, 'hydra-session'), undefined);
});
