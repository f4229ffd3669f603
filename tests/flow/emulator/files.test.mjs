// Files that the agent sends: stored, attached, and downloaded as from Genesys.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Emulated, Webhook } from './support/emulated.mjs';

const args = ['--requests-per-minute', '0'];
const MEGABYTE = 1024 * 1024;

async function start(t, ...more) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { webhookUrl: webhook.url, args: [...args, ...more] });
    return { webhook, emulated };
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

function upload(emulated, bytes, query) {
    return fetch(`${emulated.url}/_emulator/files?${new URLSearchParams(query)}`,
        { method: 'POST', body: bytes });
}

test('a file is attached by its id, and downloaded without a token, byte for byte', async (t) => {
    const { webhook, emulated } = await start(t);
    const bytes = randomBytes(100000);
    const name = 'Vilkår "2026" & more%.png';
    const stored = await (await upload(emulated, bytes, { name, type: 'image/png' })).json();
    assert.deepEqual({ ...stored, id: '', url: '', at: '' }, { id: '', from: 'agent', name,
        type: 'image/png', bytes: 100000, sha256: hash(bytes), url: '', at: '', downloads: 0 });

    await emulated.agent('ana', { text: 'See this.', file: stored.id });
    const [{ body }] = await webhook.until(1);
    assert.equal(body.type, 'Text');
    assert.equal(body.originatingEntity, 'Human');
    assert.equal(body.text, 'See this.');
    assert.deepEqual(body.content, [{ contentType: 'Attachment', attachment: {
        id: stored.id, mediaType: 'Image', mime: 'image/png', filename: name,
        contentSizeBytes: 100000, url: stored.url } }]);

    const answer = await fetch(body.content[0].attachment.url);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'image/png');
    assert.equal(answer.headers.get('content-length'), '100000');
    assert.match(answer.headers.get('content-security-policy'), /sandbox/);
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename\*=UTF-8''Vilk/);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);

    const head = await fetch(stored.url, { method: 'HEAD' });
    assert.equal(head.headers.get('content-type'), 'image/png');
    assert.equal(head.headers.get('content-length'), '100000');
    assert.equal((await head.arrayBuffer()).byteLength, 0);

    const shown = await fetch(stored.url.replace('/api/v2/downloads/', '/_emulator/files/'));
    assert.equal(hash(Buffer.from(await shown.arrayBuffer())), hash(bytes));
    const [listed] = await emulated.control('files');
    assert.equal(listed.downloads, 1, 'what the page shows and a HEAD are no downloads');
    assert.deepEqual((await emulated.control('requests')).map(({ method, status }) => (
        [method, status])), [['GET', 200], ['HEAD', 200]]);
});

test('the kind of an attachment follows its media type', async (t) => {
    const { webhook, emulated } = await start(t);
    const cases = [
        ['image/jpeg', 'Image'], ['VIDEO/mp4', 'Video'], ['audio/ogg; codecs=opus', 'Audio'],
        ['application/pdf', 'File'], ['imagery/x', 'File'], [undefined, 'File'],
    ];
    for (const [type, kind] of cases) {
        webhook.received.length = 0;
        const answer = await upload(emulated, 'x', { name: 'x', ...(type && { type }) });
        await emulated.agent('ana', { file: (await answer.json()).id });
        const [{ attachment }] = (await webhook.until(1))[0].body.content;
        assert.equal(attachment.mediaType, kind);
        assert.equal(attachment.mime, type ?? 'application/octet-stream');
    }
});

test('a file that makes no sense is refused', async (t) => {
    const { emulated } = await start(t);
    const named = { name: 'a.txt' };
    const cases = [
        ['no bytes', '', named], ['no name', 'x', {}], ['a path', 'x', { name: '../a' }],
        ['a name that is a folder', 'x', { name: '..' }], ['a line end', 'x', { name: 'a\nb' }],
        ['a long name', 'x', { name: 'a'.repeat(256) }],
        ['a type that is none', 'x', { ...named, type: 'png' }],
        ['a type with a line end', 'x', { ...named, type: 'a/b\r\nX: y' }],
        ['a type with a parameter of two lines', 'x', { ...named, type: 'a/b; c=\r\nX: y' }],
    ];
    for (const [what, bytes, query] of cases) {
        const answer = await upload(emulated, bytes, query);
        assert.equal(answer.status, 400, what);
        assert.match((await answer.json()).message, /must be/, what);
    }
    assert.deepEqual(await emulated.control('files'), []);
    assert.equal((await emulated.tryControl('agent', { integrationId: 'x', to: 'ana',
        file: 'nothing' })).status, 404);
});

test('25 MB are taken, and one byte more is not', async (t) => {
    const { emulated } = await start(t);
    const most = Buffer.alloc(25 * MEGABYTE, 'x');
    const stored = await (await upload(emulated, most, { name: 'big' })).json();
    assert.equal(stored.bytes, most.length);
    const answer = await fetch(stored.url);
    assert.equal(hash(Buffer.from(await answer.arrayBuffer())), hash(most));
    assert.equal((await upload(emulated, Buffer.concat([most, Buffer.from('x')]),
        { name: 'big' })).status, 413);
    assert.equal((await emulated.control('files')).length, 1);
});

test('64 files are kept, the next one is refused until a reset', async (t) => {
    const { emulated } = await start(t);
    for (let i = 0; i < 64; i++)
        assert.equal((await upload(emulated, `${i}`, { name: 'n' })).status, 200);
    const full = await upload(emulated, 'x', { name: 'n' });
    assert.equal(full.status, 507);
    assert.equal((await full.json()).code, 'emulator.full');
    const [{ url }] = await emulated.control('files');
    assert.equal((await fetch(url)).status, 200);

    await emulated.control('reset', {});
    assert.deepEqual(await emulated.control('files'), []);
    assert.equal((await fetch(url)).status, 404);
    assert.equal((await upload(emulated, 'x', { name: 'n' })).status, 200);
});

test('a part of a file is given, and nothing to who has it', async (t) => {
    const { emulated } = await start(t);
    const { url, sha256 } = await (await upload(emulated, '0123456789', { name: 'a' })).json();
    const ask = async (headers) => {
        const answer = await fetch(url, { headers });
        return [answer.status, answer.headers.get('content-range'), await answer.text()];
    };
    assert.deepEqual(await ask({ range: 'bytes=2-4' }), [206, 'bytes 2-4/10', '234']);
    assert.deepEqual(await ask({ range: 'bytes=-3' }), [206, 'bytes 7-9/10', '789']);
    assert.deepEqual(await ask({ range: 'bytes=10-' }), [416, 'bytes */10', '']);
    assert.deepEqual(await ask({ 'if-none-match': `"${sha256}"` }), [304, null, '']);
    const all = await Promise.all(Array.from({ length: 20 }, () => ask({})));
    assert.ok(all.every(([status, , text]) => status === 200 && text === '0123456789'));
});

test('only the whole path leads to a file', async (t) => {
    const { emulated } = await start(t);
    const { url } = await (await upload(emulated, 'x', { name: 'a b.txt' })).json();
    assert.equal((await fetch(url)).status, 200);
    for (const wrong of [url.replace('a%20b.txt', 'other'), url.replace(/.\/a%20b/, '0/a%20b'),
        url.replace('a%20b.txt', '')])
        assert.equal((await fetch(wrong)).status, 404, wrong);
});

test('downloads fail as ordered', async (t) => {
    const { emulated } = await start(t);
    const { url } = await (await upload(emulated, 'hello', { name: 'a' })).json();
    await emulated.control('faults', { route: 'media', status: 503, retry_after: 2, times: 1 });
    const refused = await fetch(url);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '2');
    await emulated.control('faults', { route: 'media', drop: 'reset', times: 1 });
    await assert.rejects(fetch(url));
    await emulated.control('faults', { route: 'media', delay_ms: 100, times: 1 });
    const before = Date.now();
    assert.equal(await (await fetch(url)).text(), 'hello');
    assert.ok(Date.now() - before >= 95);
});

test('a download that is held back finds its file gone after a reset', async (t) => {
    const { emulated } = await start(t);
    const { url } = await (await upload(emulated, 'hello', { name: 'a' })).json();
    await emulated.control('faults', { route: 'media', delay_ms: 300 });
    const waiting = fetch(url);
    while ((await emulated.control('requests')).length === 0);
    await emulated.control('reset', {});
    assert.equal((await waiting).status, 404);
});

test('links begin with what the gateway reaches the emulator by', async (t) => {
    const { emulated } = await start(t, '--public-url', 'https://emulator.example:8443/here');
    const { url } = await (await upload(emulated, 'x', { name: 'a' })).json();
    assert.ok(url.startsWith('https://emulator.example:8443/here/api/v2/downloads/'), url);
});
