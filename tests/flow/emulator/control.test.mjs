// The lists, the reset, the ceilings, the page, and the program itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from '../support/partner.mjs';
import { Child } from '../support/process.mjs';
import { EMULATOR, Emulated, INTEGRATION, OPEN, message } from './support/emulated.mjs';

const free = { args: ['--requests-per-minute', '0'] };

function run(...args) {
    return new Child(EMULATOR, args).said();
}

test('a list is read on from the last row seen, cut, or from its end', async (t) => {
    const emulated = await Emulated.start(t, free);
    for (let i = 1; i <= 5; i++)
        await emulated.say('ana', `${i}`);
    const texts = async (query) =>
        (await emulated.control(`messages${query}`)).map((row) => row.text).join('');
    const cases = [
        ['', '12345'], ['?after=0', '12345'], ['?after=3', '45'], ['?after=5', ''],
        ['?after=9', ''], ['?limit=2', '12'], ['?after=2&limit=2', '34'], ['?tail=2', '45'],
        ['?tail=9', '12345'], ['?after=4&tail=3', '5'],
    ];
    for (const [query, expected] of cases)
        assert.equal(await texts(query), expected, query);
    assert.deepEqual((await emulated.control('messages?after=3')).map((row) => row.row), [4, 5]);
    for (const query of ['after=-1', 'after=x', 'limit=0', 'tail=0'])
        assert.equal((await emulated.tryControl(`messages?${query}`)).status, 400, query);
});

test('a conversation shows both sides in order', async (t) => {
    const emulated = await Emulated.start(t, free);
    const { conversationId } = await emulated.say('ana', 'one');
    await emulated.agent('ana', { text: 'two' });
    await emulated.say('ana', 'three');
    const shown = await emulated.control(`conversations/${conversationId}`);
    assert.deepEqual(shown.timeline.map((entry) => [entry.direction, entry.body.text]),
        [['inbound', 'one'], ['outbound', 'two'], ['inbound', 'three']]);
    const tail = await emulated.control(`conversations/${conversationId}?tail=1`);
    assert.deepEqual(tail.timeline.map((entry) => entry.body.text), ['three']);
    assert.equal((await emulated.tryControl('conversations/x')).status, 404);
});

test('every request to API and login is listed with its time', async (t) => {
    const emulated = await Emulated.start(t, free);
    const before = Date.now();
    await emulated.inbound('message', message());
    await emulated.call('GET', `${OPEN}?pageSize=1`);
    await emulated.call('GET', `${OPEN}/x`);
    const rows = await emulated.control('requests');
    assert.deepEqual(rows.map((row) => [row.method, row.path, row.status]), [
        ['POST', '/oauth/token', 200],
        ['POST', `/api/v2/conversations/messages/${INTEGRATION}/inbound/open/message`, 200],
        ['GET', OPEN, 200],
        ['GET', `${OPEN}/x`, 404],
    ]);
    for (const row of rows) {
        assert.ok(row.timeMs >= before - 1000 && row.timeMs <= Date.now() + 1000);
        assert.equal(Date.parse(row.time), row.timeMs);
    }
});

test('a reset leaves what the command line says', async (t) => {
    const emulated = await Emulated.start(t, { args: ['--requests-per-minute', '3'] });
    await emulated.say('ana', 'x');
    await emulated.call('DELETE', `${OPEN}/${INTEGRATION}`);
    await emulated.control('faults', { route: 'any', status: 500 });
    await emulated.control('clock', { advance_ms: 3600000 });
    await emulated.control('reset', {});

    for (const list of ['messages', 'receipts', 'events', 'conversations', 'outbound',
        'webhooks', 'requests', 'faults'])
        assert.deepEqual(await emulated.control(list), [], list);
    assert.deepEqual(await emulated.control('tokens'), { count: 0 });
    assert.equal((await emulated.call('GET', OPEN)).status, 401, 'the token is forgotten');
    await emulated.login();
    for (let i = 0; i < 3; i++)
        assert.equal((await emulated.inbound('message', message())).status, 200);
    const [row] = await emulated.control('messages');
    assert.ok(Math.abs(Date.parse(row.receivedAt) - Date.now()) < 60000);
});

test('a full list refuses and says so, and forgets nothing', async (t) => {
    const emulated = await Emulated.start(t, { args: [...free.args, '--max-rows', '3'] });
    for (let i = 1; i <= 3; i++)
        await emulated.say(`contact-${i}`, `${i}`);
    const full = await emulated.inbound('message', message());
    assert.equal(full.status, 507);
    assert.equal(full.json.code, 'emulator.full');
    assert.deepEqual((await emulated.control('messages')).map((row) => row.text),
        ['1', '2', '3']);
    assert.equal((await emulated.tryControl('agent',
        { integrationId: INTEGRATION, to: 'new', text: 'x' })).status, 507);
    // The list of requests cannot refuse the request: whoever reads it is told.
    assert.equal((await emulated.tryControl('requests')).status, 507);
    await emulated.login();
    await emulated.login();
    const token = await emulated.askToken({ id: 'the-client', secret: 'the client\'s secret: 100%' });
    assert.equal(token.status, 507);
    await emulated.control('reset', {});
    await emulated.login();
    await emulated.say('ana', 'again');
    assert.equal((await emulated.control('requests')).length, 2);
});

test('unknown paths and methods are refused', async (t) => {
    const emulated = await Emulated.start(t, free);
    assert.equal((await emulated.call('GET', '/api/v2/nothing')).status, 404);
    assert.equal((await emulated.tryControl('nothing')).status, 404);
    const method = await emulated.call('DELETE', '/oauth/token');
    assert.equal(method.status, 405);
    assert.equal(method.headers.allow, 'POST');
});

test('the agent\'s page is there, and loads nothing from elsewhere', async (t) => {
    const emulated = await Emulated.start(t, free);
    const page = await request(`${emulated.url}/`);
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    assert.match(page.body, /You are the agent/);
    let size = page.body.length;
    for (const [, link] of page.body.matchAll(/(?:href|src)="([^":]+)"/g)) {
        const part = await request(`${emulated.url}/${link}`);
        assert.equal(part.status, 200, link);
        size += part.body.length;
    }
    assert.ok(size > 5000 && size < 40000, `${size} bytes`);
    assert.equal((await request(`${emulated.url}/page/nothing.js`)).status, 404);
});

test('the help starts with examples and names every option', async () => {
    const { code, text } = await run('--help');
    assert.equal(code, 0);
    assert.ok(text.indexOf('Examples') < text.indexOf('Options'));
    for (const option of ['--listen', '--allow-public-listen', '--client-id', '--client-secret',
        '--integration', '--webhook-url', '--webhook-secret', '--requests-per-minute',
        '--token-lifetime', '--retry-delay-ms', '--media-timeout-ms', '--inbound-receipts',
        '--framed-by', '--public-url', '--max-rows'])
        assert.match(text, new RegExp(`^  ${option} `, 'm'));
    assert.match((await run('--version')).text, /^genesys-emulator \d/);
});

test('wrong use is refused with a reason', async () => {
    const client = ['--client-id', 'a', '--client-secret', 'b'];
    const integration = ['--integration', 'i', '--webhook-url', 'http://x/'];
    const secret = ['--webhook-secret', 'x'.repeat(16)];
    const cases = [
        [[], /--client-id/],
        [['--nonsense', 'x'], /unknown option "--nonsense"/],
        [['extra'], /unknown option "extra"/],
        [['--client-id'], /needs a value/],
        [['--client-id', 'a'], /--client-secret/],
        [['--client-secret', 'b'], /must follow/],
        [[...client, '--listen', '0.0.0.0:0'], /--allow-public-listen/],
        [[...client, '--listen', '10.0.0.1:0'], /--allow-public-listen/],
        [[...client, '--listen', '127.evil.example:0'], /--allow-public-listen/],
        [[...client, '--listen', '[::]:0'], /--allow-public-listen/],
        [[...client, '--requests-per-minute', 'many'], /must be a number/],
        [[...client, '--max-rows', '0'], /must be a number/],
        [[...client, '--help=yes'], /takes no value/],
        [[...client, '--framed-by', 'here'], /takes origins/],
        [[...client, '--framed-by', 'http://x;sandbox'], /takes origins/],
        [[...client, '--public-url', 'emulator:8090'], /takes a URL/],
        [[...client, '--public-url', 'http://emulator:8090/'], /takes a URL/],
        [[...client, '--webhook-url', 'http://x/'], /must follow/],
        [[...client, ...integration], /--webhook-secret/],
        [[...client, ...integration, '--webhook-secret', 'short'], /longer than 15/],
        [[...client, '--integration', 'i', '--webhook-url', 'gopher://x', ...secret], /http/],
        [[...client, ...integration, ...secret, ...integration, ...secret], /named twice/],
    ];
    for (const [args, expected] of cases) {
        const { code, text } = await run(...args);
        assert.equal(code, 64, args.join(' '));
        assert.match(text, expected);
    }
});

test('an address in use is refused; SIGTERM and SIGINT end it cleanly', async (t) => {
    const emulated = await Emulated.start(t, free);
    const address = emulated.url.replace('http://', '');
    const { code, text } = await run('--listen', address, '--client-id=a', '--client-secret=b');
    assert.equal(code, 69);
    assert.match(text, /listen on/);

    await emulated.login();
    await emulated.control('faults', { route: 'message', delay_ms: 60000 });
    const waiting = emulated.inbound('message', message());
    while ((await emulated.control('messages')).length === 0);
    const ended = await emulated.child.kill('SIGINT');
    assert.equal(ended.code, 0);
    assert.equal((await waiting).status, 200, 'what was delayed is answered');
});
