// What an operator asks and changes while the gateway runs: pauses, dead letters, lists,
// bridges that are gone, limits.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { smallDisk } from './support/disk.mjs';
import { OMGW, World, textsOf } from './support/world.mjs';
import { until } from './support/process.mjs';

async function untilDead(world, count) {
    return until(`${count} dead letters`, async () => {
        const { rows } = await world.json('dead', 'list');
        return rows.length === count && rows;
    });
}

test('a paused bridge holds what it accepts, also after a restart', async (t) => {
    const world = await World.open(t);
    const { code, text } = await world.omgw('bridges', 'pause', 'acme',
        '--reason', 'number moves');
    assert.equal(code, 0, text);
    assert.equal((await world.partner.message('ana', 'held')).status, 202);
    assert.equal((await world.partner.message('ana', 'held too')).status, 202);

    const shown = await world.json('bridges', 'show', 'acme');
    assert.equal(shown.state, 'paused');
    assert.equal(shown.pending, 2);
    assert.deepEqual(shown.pauses.map((p) => [p.scope, p.set_by, p.reason]), [
        ['bridge_to_genesys', 'operator', 'number moves'],
        ['bridge_to_channel', 'operator', 'number moves'],
    ]);
    assert.ok(Date.parse(shown.oldest_pending) <= Date.now());
    assert.ok(await world.metric('omgw_delivery_oldest_seconds', 'bridge="acme"') > 0);
    assert.equal(await world.metric('omgw_conversations_open', 'bridge="acme"'), 1);
    assert.equal(await world.metric('omgw_paused', 'bridge="acme"',
        'scope="bridge_to_genesys"'), 1);

    await world.stopGateway();
    await world.startGateway();
    assert.equal((await world.partner.message('ana', 'later')).status, 202);
    assert.deepEqual(await world.messages(), []);
    assert.equal((await world.json('bridges', 'list')).rows[0].pending, 3);

    assert.equal((await world.omgw('bridges', 'resume', 'acme')).code, 0);
    const rows = await world.untilMessages(3);
    assert.deepEqual(textsOf(rows, 'ana'), ['held', 'held too', 'later']);
    await until('nothing paused', async () => await world.metric('omgw_paused') === 0);
    assert.equal((await world.json('bridges', 'show', 'acme')).state, 'active');
});

test('a broken peer pauses its bridge with a reason, and resume tries at once', async (t) => {
    const world = await World.open(t);
    await world.fault({ route: 'message', status: 403, times: 1 });
    await world.partner.message('ana', 'refused at first');
    const shown = await until('the pause', async () => {
        const bridge = await world.json('bridges', 'show', 'acme');
        return bridge.pauses.length > 0 && bridge;
    });
    assert.equal(shown.pauses[0].set_by, 'gateway');
    assert.match(shown.pauses[0].reason, /403/);
    assert.equal(shown.dead_letters, 0);
    const from = Date.now();
    assert.equal((await world.omgw('bridges', 'resume', 'acme')).code, 0);
    await world.untilMessages(1);
    assert.ok(Date.now() - from < 10000, 'long before the probe');
});

test("replay turns the agent's mark from Failed to Delivered", async (t) => {
    const world = await World.open(t);
    let broken = true;
    world.partner.rules.push((event) => broken && event.type === 'agent.message' &&
        { status: 422 });
    const { id } = await world.agent('ana', 'please read');
    const failed = await world.untilReceipts(1);
    assert.deepEqual([failed[0].id, failed[0].status], [id, 'Failed']);
    const [letter] = await untilDead(world, 1);
    assert.equal(letter.contact, 'ana');
    assert.match(letter.reason, /422/);
    const shown = await world.json('dead', 'show', String(letter.delivery));
    assert.equal(shown.text, 'please read');
    await until('the count', async () => await world.metric('omgw_dead_letters') === 1);

    broken = false;
    const { code, text } = await world.omgw('dead', 'replay', String(letter.delivery));
    assert.equal(code, 0, text);
    assert.match(text, /replayed 1/);
    const [event] = await world.partner.untilReceived('the message',
        (e) => e.type === 'agent.message');
    assert.equal(event.id, letter.message, 'the same id as at first');
    const receipts = await world.untilReceipts(2);
    assert.deepEqual([receipts[1].id, receipts[1].status], [id, 'Delivered']);
    assert.equal(await world.metric('omgw_dead_letters'), 0);

    const rows = (await world.json('deliveries', 'list')).rows;
    assert.deepEqual(rows.map((row) => [row.state, row.replay]),
        [['done', true], ['dropped', false]]);
    assert.equal((await world.json('messages', 'show', letter.message)).status,
        'delivered');
    await world.fails(1, /no dead letter/, 'dead', 'replay', String(letter.delivery));
});

test('bulk replay keeps the order, a dry run changes nothing', async (t) => {
    const world = await World.open(t);
    await world.fault({ route: 'message', status: 400, times: 20 });
    for (let n = 0; n < 10; n++)
        for (const contact of ['ana', 'bob'])
            await world.partner.message(contact, `${contact} ${n}`);
    await untilDead(world, 20);
    await world.partner.message('ana', 'in between');
    await world.untilMessages(1);

    const rehearsed = await world.json('dead', 'replay', '--bridge', 'acme', '--dry-run');
    assert.equal(rehearsed.rows.length, 20);
    assert.equal((await world.json('dead', 'replay', '--since', '2020-01-01T00:00:00Z',
        '--contact', 'bob', '--dry-run')).rows.length, 10);
    assert.equal((await world.json('dead', 'list')).rows.length, 20);

    assert.deepEqual(await world.json('dead', 'replay', '--bridge', 'acme'),
        { changed: 20, skipped: [] });
    const rows = await world.untilMessages(21);
    const order = (contact) => Array.from({ length: 10 }, (_, n) => `${contact} ${n}`);
    assert.deepEqual(textsOf(rows, 'ana'), ['in between', ...order('ana')]);
    assert.deepEqual(textsOf(rows, 'bob'), order('bob'));
    await until('the status', async () => (await world.json('messages', 'list',
        '--state', 'delivered')).rows.length === 20);
    assert.deepEqual(await world.json('dead', 'replay', '--bridge', 'acme'),
        { changed: 0, skipped: [] });
});

test('a dropped dead letter is gone for good, and only by a clear word', async (t) => {
    const world = await World.open(t);
    await world.fault({ route: 'message', status: 400, times: 2 });
    await world.partner.message('ana', 'one');
    await world.partner.message('bob', 'two');
    const [second] = await untilDead(world, 2);
    const number = String(second.delivery);
    await world.fails(64, /add --yes/, 'dead', 'drop', number);
    await world.fails(64, /NUMBER of one delivery/, 'dead', 'drop');
    await world.fails(64, /NUMBER of one delivery/, 'dead', 'drop', number, '--bridge', 'acme');
    assert.equal((await world.json('dead', 'drop', number, '--yes')).changed, 1);
    assert.equal((await world.json('dead', 'list')).rows.length, 1);
    assert.equal((await world.json('deliveries', 'show', number)).state, 'dropped');
    assert.equal(await world.metric('omgw_dead_letters'), 1);
    await world.fails(1, /no dead letter/, 'dead', 'drop', number, '--yes');
});

test('lists page by number and filter; piped they are tab-separated', async (t) => {
    const world = await World.open(t);
    for (let n = 0; n < 5; n++)
        await world.partner.message(n % 2 ? 'ana' : 'bob', `text ${n}`);
    await world.untilMessages(5);
    const first = await world.json('messages', 'list', '--limit', '2');
    assert.equal(first.rows.length, 2);
    const second = await world.json('messages', 'list', '--limit', '3',
        '--after', String(first.next));
    assert.deepEqual([...first.rows, ...second.rows].map((row) => row.number),
        [5, 4, 3, 2, 1]);
    assert.equal((await world.json('messages', 'list', '--contact', 'ana')).rows.length, 2);
    assert.equal((await world.json('contacts', 'list')).rows.length, 2);
    assert.equal((await world.json('contacts', 'show', 'ana')).contact, 'ana');
    assert.equal((await world.json('conversations', 'list', '--state', 'open')).rows.length, 2);
    assert.equal((await world.json('conversations', 'show', '1')).messages, 3);
    assert.equal((await world.json('messages', 'list', '--since', '1h')).rows.length, 5);
    assert.equal((await world.json('messages', 'list', '--since',
        '2999-01-01T00:00:00Z')).rows.length, 0);
    assert.ok(first.rows.every((row) => row.text === undefined), 'no text in lists');
    assert.equal((await world.json('messages', 'show', first.rows[0].message)).text, 'text 4');

    const { code, text } = await world.omgw('messages', 'list');
    assert.equal(code, 0);
    const lines = text.trim().split('\n').map((line) => line.split('\t'));
    assert.equal(lines.length, 5);
    assert.ok(lines.every((line) => line.length === 9), text);
    assert.equal(lines[0][3], 'bob');

    await world.fails(64, /accepted, sent, delivered/, 'messages', 'list', '--state', 'dead');
    await world.fails(64, /span such as/, 'messages', 'list', '--since', 'yesterday');
    await world.fails(64, /1 to 10000/, 'messages', 'list', '--limit', '0');
    await world.fails(1, /knows no bridge "acne"/, 'messages', 'list', '--bridge', 'acne');
    await world.fails(1, /no delivery 4711/, 'deliveries', 'show', '4711');
});

test('the overview of commands stands in two columns', () => {
    const lines = execFileSync(OMGW, ['help'], { encoding: 'utf8' }).split('\n');
    const rows = lines.slice(lines.indexOf('Commands:') + 1)
        .filter((line) => line.startsWith('  '));
    const columns = new Set(rows.map((row) => 2 + row.slice(2).search(/ {2,}\S/) +
        row.slice(2).match(/ {2,}/)[0].length));
    assert.ok(rows.length > 20);
    assert.equal(columns.size, 1, [...columns].join(' '));
});

test('a mistyped command or option is answered with the nearest', async (t) => {
    const world = await World.open(t);
    await world.fails(64, /did you mean "omgw bridges list"/, 'brdiges', 'list');
    await world.fails(64, /did you mean "omgw trace"/, 'trcae', 'x');
    await world.fails(64, /did you mean --bridge/, 'dead', 'list', '--brigde', 'acme');
    for (const verb of ['show', 'pause', 'test'])
        await world.fails(1, /no bridge "acne"; did you mean "acme"\?/, 'bridges', verb, 'acne');
    await world.fails(1, /no bridge "acne"; did you mean "acme"\?/,
        'messages', 'list', '--bridge', 'acne');
    await world.fails(1, /no bridge "zzz"; see "omgw bridges list"/, 'bridges', 'pause', 'zzz');
    const { code, text } = await world.omgw('dead');
    assert.equal(code, 64);
    for (const verb of ['list', 'show', 'replay', 'drop'])
        assert.match(text, new RegExp(`omgw dead ${verb}`));
});

test('a ping shows whether the channel takes our signature', async (t) => {
    const world = await World.open(t);
    const good = await world.json('bridges', 'test', 'acme');
    assert.equal(good.http_status, 200);
    const [ping] = world.partner.of('ping');
    assert.ok(ping.verified);
    world.partner.rules.push((event) => event.type === 'ping' && { status: 401 });
    await world.fails(1, /answered 401/, 'bridges', 'test', 'acme');
    await world.partner.stop();
    await world.fails(1, /no answer/, 'bridges', 'test', 'acme');
    await world.fails(1, /no bridge "acne"/, 'bridges', 'test', 'acne');
    await world.partner.start(world.partner.port);
});

test('changing verbs say that no gateway runs, reading ones need none', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    await world.stopGateway();
    await world.fails(69, /no gateway is running here.*omgw serve/, 'bridges', 'pause', 'acme');
    assert.equal((await world.json('messages', 'list')).rows.length, 1);
    await world.startGateway();
});

test('a removed bridge is paused, then forgotten into dead letters', async (t) => {
    const second = 'second-signing-secret';
    const bridges = (world) => `  - name: second
    channel: partner
    genesys: main
    integration_id: 5a1d3a52-0000-4000-8000-000000000003
    genesys_secrets: [ { value: ${second} } ]
    partner:
      callback_url: "${world.partner.url}"
      secrets: [ { value: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" } ]
`;
    const world = await World.open(t, { bridges, emulator: (w) => [
        '--integration', '5a1d3a52-0000-4000-8000-000000000003',
        '--webhook-url', `${w.base}/webhooks/genesys/second`, '--webhook-secret', second] });
    world.secrets.push(second);
    await world.omgw('bridges', 'pause', 'second');
    for (const text of ['one', 'two', 'three'])
        assert.equal((await world.partner.message('ana', text, {}, { bridge: 'second' })).status, 202);
    await world.fails(1, /take it out of the configuration/, 'bridges', 'forget', 'second', '--yes');

    await world.reload({ bridges: '' });
    assert.equal((await world.partner.message('ana', 'x', {}, { bridge: 'second' })).status, 401);
    const shown = await world.json('bridges', 'show', 'second');
    assert.deepEqual([shown.state, shown.pending], ['not configured', 3]);
    await world.fails(64, /3 deliveries.*--yes/, 'bridges', 'forget', 'second');
    assert.equal((await world.json('bridges', 'forget', 'second', '--yes')).changed, 3);
    const { rows } = await world.json('dead', 'list', '--bridge', 'second');
    assert.equal(rows.length, 3);
    assert.ok(rows.every((row) => /forgotten/.test(row.reason)));

    await world.reload({ bridges });
    await world.omgw('bridges', 'resume', 'second');
    const { id } = (await world.partner.message('bob', 'after', {}, { bridge: 'second' })).json;
    await until('the message', async () =>
        (await world.messages()).some((row) => row.channel.messageId === id));
    assert.equal((await world.messages()).length, 1, 'what was forgotten stays so');
    assert.equal((await world.json('dead', 'replay', '--bridge', 'second')).changed, 3);
    assert.deepEqual(textsOf(await world.untilMessages(4), 'ana'), ['one', 'two', 'three']);
});

test('a contact that floods gets 429 and when to come again; others go on', async (t) => {
    const world = await World.open(t, { settings: 'limits: { contact_per_minute: 5 }' });
    const statuses = [];
    for (let n = 0; n < 7; n++)
        statuses.push((await world.partner.message('ana', `${n}`)).status);
    assert.deepEqual(statuses, [202, 202, 202, 202, 202, 429, 429]);
    const refused = await world.partner.message('ana', 'again');
    const seconds = Number(refused.headers['retry-after']);
    assert.ok(seconds > 30 && seconds <= 60, `Retry-After: ${seconds}`);
    assert.match(refused.json.type, /:problem:/);
    assert.equal((await world.partner.message('bob', 'hello')).status, 202);
    for (let n = 0; n < 7; n++)
        await world.agent('ana', `answer ${n}`);
    await world.partner.untilReceived('all answers', (e) => e.type === 'agent.message', 7);
    assert.equal((await world.untilMessages(6)).length, 6);
});

test('a bridge with too much waiting answers 503 until there is room', async (t) => {
    const world = await World.open(t, { settings: 'limits: { max_pending: 5 }' });
    await world.omgw('bridges', 'pause', 'acme');
    for (let n = 0; n < 5; n++)
        assert.equal((await world.partner.message('ana', `${n}`)).status, 202);
    const refused = await world.partner.message('ana', 'one more');
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    await world.omgw('bridges', 'resume', 'acme');
    await world.untilMessages(5);
    await until('room', async () =>
        (await world.partner.message('ana', 'one more')).status === 202);
    assert.equal((await world.untilMessages(6)).at(-1).text, 'one more');
});

test('below the disk reserve new events get 503, outcomes are still kept', async (t) => {
    let world;
    const mount = smallDisk(t, 'reserve', '64m', () => world?.stop());
    if (mount === null)
        return;
    world = await World.start({ database: path.join(mount, 'omgw.db') });
    await world.omgw('bridges', 'pause', 'acme');
    assert.equal((await world.partner.message('ana', 'before')).status, 202);

    const { bavail, bsize } = statfsSync(mount);
    const filler = path.join(mount, 'filler');
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 2 * 1024 * 1024));
    // Slowly: what is accepted until the next look must not use the reserve up.
    await until('503', async () =>
        (await world.partner.message('ana', 'perhaps')).status === 503, 10000, 250);
    await world.gateway.untilEvent('disk.low');
    await world.omgw('bridges', 'resume', 'acme');
    await until('the outcome', async () =>
        (await world.json('deliveries', 'show', '1')).state === 'done');

    rmSync(filler);
    const relieved = Date.now();
    await until('2xx again', async () =>
        (await world.partner.message('ana', 'after')).status === 202);
    assert.ok(Date.now() - relieved < 5000);
    await world.gateway.untilEvent('disk.relieved');
    await world.end();
});
