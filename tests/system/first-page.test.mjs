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
