// Attachments both ways: fetched, kept, linked, and what is said when there is none.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { FileHost, PDF, PNG, download } from './support/files.mjs';
import { until } from './support/process.mjs';
import { World } from './support/world.mjs';

const OPEN = { settings: 'egress: { allow: [ "127.0.0.0/8" ] }' };

const attached = (url, mime, name) => ({ attachments: [{ url, mime, name }] });
const fromAgent = (url, mime, filename) => ({ content: [
    { contentType: 'Attachment', attachment: { id: 'f-1', mediaType: 'File', url, mime, filename } },
] });

async function open(t, options = {}) {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const world = await World.open(t, { ...OPEN, ...options });
    world.files = files;
    return world;
}

const kept = (world) => readdirSync(world.media).filter((name) => /^[0-9a-f]{32}$/.test(name));

test('a customer\'s file reaches Genesys by a link of ours', async (t) => {
    const world = await open(t);
    const url = world.files.put('/receipt?token=secret-of-theirs', PNG, 'image/png');
    await world.partner.message('ana', 'my receipt', attached(url, 'image/png', 'receipt.png'));
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'my receipt');
    const [{ attachment }] = row.content;
    assert.equal(attachment.mediaType, 'Image');
    assert.equal(attachment.mime, 'image/png');
    assert.equal(attachment.filename, 'receipt.png');
    assert.equal(attachment.sha256, createHash('sha256').update(PNG).digest('hex'));
    assert.ok(attachment.url.startsWith(`${world.base}/media/`), attachment.url);
    assert.match(attachment.url, /\.png$/, 'services take a file for what its URL ends in');

    const got = await download(attachment.url);
    assert.equal(got.status, 200);
    assert.deepEqual(got.bytes, PNG);
    assert.equal(got.headers['content-type'], 'image/png');
    assert.equal(got.headers['content-length'], String(PNG.length));
    assert.equal(got.headers['x-content-type-options'], 'nosniff');
    assert.match(got.headers['content-disposition'], /^inline; filename\*=UTF-8''receipt\.png$/);
    assert.match(got.headers['content-security-policy'], /sandbox/);

    const head = await download(attachment.url, { method: 'HEAD' });
    assert.equal(head.headers['content-length'], String(PNG.length));
    assert.equal(head.bytes.length, 0);
    const part = await download(attachment.url, { headers: { range: 'bytes=4-9' } });
    assert.equal(part.status, 206);
    assert.equal(part.headers['content-range'], `bytes 4-9/${PNG.length}`);
    assert.deepEqual(part.bytes, PNG.subarray(4, 10));
    const beyond = await download(attachment.url, { headers: { range: 'bytes=99999-' } });
    assert.equal(beyond.status, 416);
    const same = await download(attachment.url,
        { headers: { 'if-none-match': got.headers.etag } });
    assert.equal(same.status, 304);
    assert.equal(statSync(path.join(world.media, kept(world)[0])).mode & 0o777, 0o600);
});

test('a link that was changed leads nowhere', async (t) => {
    const world = await open(t);
    await world.partner.message('ana', 'here', attached(
        world.files.put('/a', PNG, 'image/png'), 'image/png', 'a.png'));
    const [row] = await world.untilMessages(1);
    const { url } = row.content[0].attachment;
    const token = url.slice(url.lastIndexOf('/') + 1);
    for (const bad of [`${token}A`, token.slice(0, -1), `B${token.slice(1)}`, 'x', '..%2f..',
        token.replace(/.\./, (c) => (c === 'A.' ? 'B.' : 'A.')), token.replace('.png', ''),
        token.replace('.png', '.html')]) {
        const answer = await download(`${world.base}/media/${bad}`);
        assert.equal(answer.status, 404, bad);
        assert.match(answer.headers['content-type'], /problem\+json/);
    }
    assert.equal((await download(url, { method: 'POST' })).status, 405);
    rmSync(path.join(world.media, kept(world)[0]));
    assert.equal((await download(url)).status, 404, 'and one whose file is gone');
});

test('a file with another sum than was announced does not go on', async (t) => {
    const world = await open(t);
    const url = world.files.put('/a', PNG, 'image/png');
    const sum = (bytes) => createHash('sha256').update(bytes).digest('hex');
    const file = (sha256) => ({ attachments: [{ url, mime: 'image/png', name: 'a.png', sha256 }] });
    await world.partner.message('ana', 'with its own sum', file(sum(PNG).toUpperCase()));
    await world.partner.message('ana', 'with the sum of a pdf', file(sum(PDF)));
    const [good, other] = await world.untilMessages(2);
    assert.equal(good.content[0].attachment.sha256, sum(PNG));
    assert.match(other.text, /^with the sum of a pdf\n\[file a\.png is missing: it is not the file that was announced\]$/);
});

test('an agent\'s file reaches the partner by a link of ours', async (t) => {
    const world = await open(t, { partner: '      files: true' });
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    const url = world.files.put('/terms', PDF, 'application/pdf');
    await world.agent('ana', 'our terms', fromAgent(url, 'application/pdf', 'terms & more.pdf'));
    const [reply] = await world.partner.untilReceived('agent.message',
        (e) => e.type === 'agent.message');
    assert.equal(reply.data.text, 'our terms');
    const [file] = reply.data.attachments;
    assert.equal(file.mime, 'application/pdf');
    assert.equal(file.name, 'terms & more.pdf');
    assert.equal(file.size, PDF.length);
    assert.deepEqual((await download(file.url)).bytes, PDF);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Delivered');
});

test('a partner that takes no files gets a link in the text', async (t) => {
    const world = await open(t);
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    const url = world.files.put('/terms', PDF, 'application/pdf');
    await world.agent('ana', 'our terms', fromAgent(url, 'application/pdf', 'terms.pdf'));
    const replies = await world.partner.untilReceived('agent.message',
        (e) => e.type === 'agent.message', 2);
    assert.equal(replies[0].data.text, 'our terms');
    const [, link] = replies[1].data.text.match(/^terms\.pdf: (http\S+)$/);
    assert.deepEqual((await download(link)).bytes, PDF);
});

test('several files go one by one, the text with the first', async (t) => {
    const world = await open(t);
    const one = { url: world.files.put('/1', PNG, 'image/png'), mime: 'image/png', name: '1.png' };
    const two = { url: world.files.put('/2', PDF, 'application/pdf'), mime: 'application/pdf',
        name: '2.pdf' };
    await world.partner.message('ana', 'both', { attachments: [one, two, one] });
    const rows = await world.untilMessages(3);
    assert.deepEqual(rows.map((row) => row.text), ['both', undefined, undefined]);
    assert.deepEqual(rows.map((row) => row.content[0].attachment.filename),
        ['1.png', '2.pdf', '1.png']);
    assert.equal(kept(world).length, 2, 'the same bytes are kept once');
});

test('a file that cannot be had never swallows its message', async (t) => {
    const world = await open(t, { settings:
        `${OPEN.settings}\nlimits: { media_file: 1MiB }\ntimeouts: { media: 3s }` });
    const { files } = world;
    const cases = [
        ['gone', files.refuse('/gone', 404), /is missing: its server answered 404/],
        ['large', files.put('/large', Buffer.alloc(1100000, 'x'), 'text/plain'),
            /is missing: it is too large/],
        ['program', files.put('/program', Buffer.from('\x7fELF\x02\x01\x01'), 'image/png'),
            /is missing: its type is not one that goes on/],
        ['empty', files.put('/empty', Buffer.alloc(0), 'image/png'), /is missing: it is empty/],
        ['page', files.put('/page', Buffer.from('<html><script>'), 'text/html'),
            /is missing: its type/],
        ['silent', files.silent('/silent'), /is missing: (it did not come in time|no answer)/],
        ['secret', 'http://169.254.169.254/latest/meta-data',
            /is missing: its address is not allowed/],
    ];
    for (const [name, url, note] of cases) {
        await world.partner.message(name, `text of ${name}`, attached(url, 'image/png', 'a.png'));
        const row = await until(`the message of ${name}`, async () =>
            (await world.messages()).find((r) => r.channel.from.id === name));
        assert.match(row.text, new RegExp(`^text of ${name}\n\\[file a\\.png `), name);
        assert.match(row.text, note, name);
        assert.equal(row.content, undefined);
    }
    assert.deepEqual(kept(world), []);
});

test('an agent hears that a file did not arrive', async (t) => {
    const world = await open(t, { partner: '      files: true' });
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    await world.agent('ana', 'our terms', fromAgent(world.files.refuse('/gone', 410),
        'application/pdf', 'terms.pdf'));
    const [reply] = await world.partner.untilReceived('agent.message',
        (e) => e.type === 'agent.message');
    assert.match(reply.data.text, /^our terms\n\[file terms\.pdf is missing: .*410\]$/);
    assert.equal(reply.data.attachments, undefined);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Failed');
    assert.match(receipt.reasons[0].message, /arrived without its file/);
});

test('a server in trouble is asked again, and redirects are followed', async (t) => {
    const world = await open(t);
    const url = world.files.put('/there', PNG, 'image/png');
    world.files.redirect('/here', '/there');
    world.files.fail('/there', 503, 2);
    await world.partner.message('ana', 'late', attached(url.replace('/there', '/here'),
        'image/png', 'late.png'));
    const [row] = await world.untilMessages(1);
    assert.deepEqual((await download(row.content[0].attachment.url)).bytes, PNG);
});

test('files that were got before a restart are not got again', async (t) => {
    const world = await open(t);
    await world.fault({ route: 'message', status: 503 });
    await world.partner.message('ana', 'before', attached(
        world.files.put('/once', PNG, 'image/png'), 'image/png', 'once.png'));
    await until('the file to be kept', () => kept(world).length === 1);
    await until('its row', () => world.sql('SELECT count(*) AS n FROM media')[0].n === 1);
    assert.equal(await world.stopGateway(), 0);
    await world.clearFaults();
    await world.startGateway();
    const [row] = await world.untilMessages(1);
    assert.deepEqual((await download(row.content[0].attachment.url)).bytes, PNG);
    assert.equal(world.files.calls('/once'), 1);
});

test('the order stays when one message waits for its file', async (t) => {
    const world = await open(t);
    const slow = world.files.slow('/slow', PNG, 'image/png');
    await world.partner.message('ana', 'one of two', attached(slow.url, 'image/png', 'slow.png'));
    await world.partner.message('ana', 'two of two');
    await world.partner.message('ben', 'meanwhile, ben');
    const [beside] = await world.untilMessages(1);
    assert.equal(beside.text, 'meanwhile, ben', 'others do not wait');
    slow.go();
    const rows = await world.untilMessages(3);
    assert.deepEqual(rows.filter((r) => r.channel.from.id === 'ana').map((r) => r.text),
        ['one of two', 'two of two']);
});

test('no file of a stranger is asked for with a secret, and none is left behind', async (t) => {
    const world = await open(t);
    const url = world.files.put('/plain', PNG, 'image/png');
    await world.partner.message('ana', 'x', attached(url, 'image/png', 'x.png'));
    await world.untilMessages(1);
    const [headers] = world.files.headersOf('/plain');
    assert.deepEqual(Object.keys(headers).sort(), ['accept-encoding', 'host', 'user-agent']
        .filter((name) => name in headers));
    const key = readFileSync(path.join(world.media, '.link-key'));
    assert.equal(key.length, 32);
});
