// Files through the gateway: from the customer to where the agent sees them, and back.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { FileHost, PDF, PNG, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { World } from '../support/world.mjs';

const LOOPBACK = 'egress: { allow: [ "127.0.0.0/8" ] }';
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

function open(t) {
    return World.open(t, { settings: LOOPBACK, partner: '      files: true' });
}

function upload(world, bytes, query) {
    return fetch(`${world.genesys}/_emulator/files?${new URLSearchParams(query)}`,
        { method: 'POST', body: bytes }).then((answer) => answer.json());
}

test('what a customer attaches is there for the agent', async (t) => {
    const world = await open(t);
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const url = files.put('/receipt', PNG, 'image/png');
    await world.partner.message('ana', 'my receipt',
        { attachments: [{ url, mime: 'image/png', name: 'receipt.png' }] });
    const fetched = await until('the attachment to be fetched', async () => {
        const [row] = await world.messages();
        return row?.content[0].attachment.fetched;
    });
    assert.deepEqual([fetched.status, fetched.type, fetched.bytes, fetched.sha256],
        [200, 'image/png', PNG.length, hash(PNG)]);
    assert.deepEqual((await download(`${world.genesys}${fetched.path}`)).bytes, PNG);
});

test('what the agent attaches reaches the customer, also at the second try', async (t) => {
    const world = await open(t);
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    await world.fault({ route: 'media', status: 503, times: 1 });
    const { id } = await upload(world, PDF, { name: 'terms & more.pdf', type: 'application/pdf' });
    await world.agent('ana', 'our terms', { file: id });
    const [reply] = await world.partner.untilReceived('agent.message',
        (event) => event.type === 'agent.message');
    assert.equal(reply.data.text, 'our terms');
    const [file] = reply.data.attachments;
    assert.deepEqual([file.mime, file.name, file.size],
        ['application/pdf', 'terms & more.pdf', PDF.length]);
    assert.deepEqual((await download(file.url)).bytes, PDF);
    assert.deepEqual((await world.requests()).filter(({ path }) => path.includes('/downloads/'))
        .map(({ status }) => status), [503, 200]);
    const [row] = await world.control('files');
    assert.equal(row.downloads, 1);
});
