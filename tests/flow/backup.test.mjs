// Backup, verification and restore of the database, of a running gateway and of a stopped
// one.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Clock, PLAIN } from './support/clock.mjs';
import { smallDisk } from './support/disk.mjs';
import { OMGW, World, textsOf } from './support/world.mjs';
import { Child, until } from './support/process.mjs';

// Customers that send one message after the other and note each 2xx, until told.
function load(world, contacts, isOver) {
    const accepted = [];
    const runs = Array.from({ length: contacts }, async (_, i) => {
        for (let seq = 0; !isOver(); seq++) {
            const id = `c${i}-${seq}`;
            const { status } = await world.partner.send('message.created',
                { id, from: { id: `c${i}` }, text: id });
            assert.equal(status, 202);
            accepted.push(id);
        }
    });
    return { accepted, ended: Promise.all(runs) };
}

// What was accepted before is there, and of each contact no message is missing in between.
function checkCopy(world, file, before) {
    const rows = world.sql('SELECT sender_id FROM v_mappings ORDER BY accepted', file);
    const ids = new Set(rows.map((row) => row.sender_id));
    assert.deepEqual(before.filter((id) => !ids.has(id)), [], 'accepted and not in it');
    const highest = new Map();
    for (const id of ids) {
        const [contact, seq] = id.split('-');
        highest.set(contact, Math.max(Number(seq), highest.get(contact) ?? -1));
    }
    const all = [...highest.values()].reduce((sum, seq) => sum + seq + 1, 0);
    assert.equal(ids.size, all, 'a prefix of every lane');
    return ids;
}

test('a backup under load holds every 2xx before its start, and is sound', async (t) => {
    const world = await World.open(t);
    let over = false;
    t.after(() => { over = true; });
    const { accepted, ended } = load(world, 16, () => over);
    const files = [];
    for (let n = 1; n <= 5; n++) {
        await until('load', () => accepted.length > n * 300);
        const before = [...accepted];
        const file = path.join(world.dir, `backup-${n}.db`);
        const result = await world.json('db', 'backup', file);
        assert.equal(result.file, file);
        assert.equal(result.bytes, statSync(file).size);
        assert.equal(statSync(file).mode & 0o7777, 0o600);
        files.push([file, before]);
    }
    const verified = await world.json('db', 'verify');
    assert.deepEqual([verified.ok, verified.findings], [true, []]);
    over = true;
    await ended;
    for (const [file, before] of files) {
        const ids = checkCopy(world, file, before);
        t.diagnostic(`${before.length} accepted before, ${ids.size} in the copy`);
        assert.equal((await world.json('db', 'verify', file)).ok, true);
    }
    assert.equal(world.gateway.events('backup.done').length, 6);
    assert.deepEqual(readdirSync(world.dir).filter((name) => /part|verify/.test(name)), []);
});

test('a restored database starts, repeats no public id, and goes on', async (t) => {
    const world = await World.open(t);
    for (let n = 0; n < 20; n++)
        await world.partner.message('ana', `early ${n}`);
    await world.untilMessages(20);
    await until('all outcomes', async () =>
        await world.metric('omgw_deliveries_pending') === 0);
    const file = path.join(world.dir, 'copy.db');
    await world.json('db', 'backup', file);
    const lost = [];
    for (let n = 0; n < 20; n++)
        lost.push((await world.partner.message('ana', `late ${n}`)).json.id);
    await world.untilMessages(40);
    await world.fails(75, /another process holds .*\nomgw: stop the gateway first/,
        'db', 'restore', file);
    await world.stopGateway();

    const result = await world.json('db', 'restore', file);
    assert.equal(result.messages, 20);
    assert.equal(world.sql('SELECT count(*) AS n FROM messages', result.kept_as)[0].n, 40);
    await world.startGateway();
    const again = [];
    for (let n = 0; n < 40; n++)
        again.push((await world.partner.message('ana', `later ${n}`)).json.id);
    assert.deepEqual(again.filter((id) => lost.includes(id)), []);
    assert.equal(new Set([...again, ...lost]).size, 60);
    // What had its outcome before the backup is not sent again.
    const texts = textsOf(await world.untilMessages(80), 'ana');
    assert.equal(texts.length, 80);
    assert.equal(new Set(texts).size, 80);
    assert.equal((await world.json('db', 'verify')).ok, true);
});

test('restored with --hold nothing is sent until each bridge is resumed', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'delivered before');
    await world.untilMessages(1);
    await world.fault({ route: 'message', status: 503, times: 1000 });
    for (let n = 0; n < 5; n++)
        await world.partner.message('ana', `waits ${n}`);
    const file = path.join(world.dir, 'copy.db');
    await world.json('db', 'backup', file);
    await world.clearFaults();
    await world.untilMessages(6); // delivered after the backup, which does not know it
    await world.stopGateway();

    const { code, text } = await world.omgw('db', 'restore', file, '--hold');
    assert.equal(code, 0, text);
    assert.match(text, /bridges resume/);
    await world.startGateway();
    assert.equal((await world.partner.message('ana', 'accepted meanwhile')).status, 202);
    await world.agentSays('ana', 'held as well');
    const shown = await world.json('bridges', 'show', 'acme');
    assert.deepEqual(shown.pauses.map((p) => [p.scope, p.set_by, p.reason]), [
        ['bridge_to_genesys', 'operator', 'restored, resume when checked'],
        ['bridge_to_channel', 'operator', 'restored, resume when checked'],
    ]);
    assert.equal(shown.pending, 7);
    assert.equal((await world.messages()).length, 6, 'nothing was sent twice');
    assert.equal(world.partner.of('agent.message').length, 0);

    assert.equal((await world.omgw('bridges', 'resume', 'acme')).code, 0);
    const rows = await world.untilMessages(12);
    const repeated = rows.slice(6, 11).map((row) => row.text);
    assert.deepEqual(repeated, [0, 1, 2, 3, 4].map((n) => `waits ${n}`));
    // The peer can tell that they are repeats: the same ids and times.
    const key = ({ channel }) => `${channel.messageId} ${channel.time}`;
    assert.deepEqual(rows.slice(6, 11).map(key), rows.slice(1, 6).map(key));
    assert.equal(rows[11].text, 'accepted meanwhile');
    assert.ok(await world.metric('omgw_possible_duplicates_total') >= 1, 'and counted');
    await world.partner.untilReceived('the answer', (e) => e.type === 'agent.message');
});

test('a newer schema, a damaged file and other files are refused, nothing changes', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    const file = path.join(world.dir, 'copy.db');
    await world.json('db', 'backup', file);
    await world.stopGateway();
    const before = statSync(world.database).ino;

    const changed = (name, change) => {
        const copy = path.join(world.dir, name);
        execFileSync('cp', [file, copy]);
        execFileSync('sqlite3', [copy, change]);
        return copy;
    };
    const newer = changed('newer.db', `INSERT INTO schema_migrations
        VALUES (9000, '9000_future', 'x', 1)`);
    await world.fails(78, /newer \(9000_future\).*use the omgw that wrote it/,
        'db', 'restore', newer);
    await world.fails(78, /newer \(9000_future\)/, 'db', 'verify', newer);
    const damaged = changed('damaged.db', 'UPDATE conversations SET message_count = 99');
    await world.fails(65, /counts\tconversation 1\tcounts 99/, 'db', 'verify', damaged);
    await world.fails(65, /counts 99[^]*nothing was changed/, 'db', 'restore', damaged);
    const other = path.join(world.dir, 'letter');
    writeFileSync(other, 'dear aunt');
    await world.fails(65, /is no database/, 'db', 'verify', other);
    await world.fails(66, /No such file/, 'db', 'restore', path.join(world.dir, 'none'));
    await world.fails(78, /itself/, 'db', 'restore', world.database);

    assert.equal(statSync(world.database).ino, before);
    assert.deepEqual(readdirSync(world.dir).filter((name) => /restore/.test(name)), []);
    await world.startGateway();
});

test('a stopped gateway is backed up and verified under its lock', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    await world.stopGateway();
    const file = path.join(world.dir, 'copy.db');
    await world.json('db', 'backup', file);
    assert.equal(world.sql('SELECT count(*) AS n FROM messages', file)[0].n, 1);
    await world.fails(73, /is there: choose another name, or --force/, 'db', 'backup', file);
    assert.equal((await world.omgw('db', 'backup', file, '--force')).code, 0);
    await world.fails(73, /the database itself/, 'db', 'backup', world.database, '--force');
    await world.fails(73, /create the folder/, 'db', 'backup',
        path.join(world.dir, 'nowhere', 'copy.db'));
    assert.deepEqual([(await world.json('db', 'verify')).ok], [true]);
    // A folder gets a name by the time.
    const named = await world.json('db', 'backup', world.dir);
    assert.match(named.file, /\/omgw-\d{8}T\d{6}Z\.db$/);
    await world.startGateway();
    await world.fails(73, /is there/, 'db', 'backup', file);
    assert.equal((await world.omgw('db', 'backup', file, '--force')).code, 0);
    await world.fails(73, /the database itself/, 'db', 'backup', world.database, '--force');
    await world.fails(73, /create the folder/, 'db', 'backup',
        path.join(world.dir, 'nowhere', 'copy.db'));
});

test('every change by an operator is in the audit, with who did it', async (t) => {
    const world = await World.open(t);
    await world.fault({ route: 'message', status: 400, times: 2 });
    await world.partner.message('ana', 'one');
    await world.partner.message('ana', 'two');
    await until('dead letters', async () =>
        (await world.json('dead', 'list')).rows.length === 2);
    await world.omgw('bridges', 'pause', 'acme', '--reason', 'look at it');
    await world.omgw('bridges', 'resume', 'acme');
    await world.json('dead', 'replay', '1');
    await world.json('dead', 'drop', '2', '--yes');
    await world.fails(1, /no dead letter/, 'dead', 'drop', '2', '--yes');
    await world.reload({});
    const file = path.join(world.dir, 'copy.db');
    await world.json('db', 'backup', file);
    await world.stopGateway();
    await world.json('db', 'backup', file, '--force');
    const restored = await new Child(OMGW, ['db', 'restore', path.basename(file),
        '--config', world.configFile], { cwd: world.dir, name: 'nobody.command' }).said();
    assert.equal(restored.code, 0, restored.text);
    await world.startGateway();

    const { rows } = await world.json('audit', 'list');
    assert.deepEqual(rows.reverse().map((row) => [row.action, row.subject]), [
        ['pause', 'acme'], ['resume', 'acme'], ['replay', undefined], ['drop', undefined],
        ['reload', world.configFile], ['backup', file], ['backup', file], ['restore', file]]);
    const me = `${execFileSync('id', ['-un']).toString().trim()} (${process.getuid()})`;
    assert.deepEqual(rows.filter((row) => row.actor !== me), []);
    assert.deepEqual(JSON.parse(rows[0].details), { changed: 1, reason: 'look at it' });
    assert.deepEqual(JSON.parse(rows[2].details),
        { changed: 1, skipped: 0, deliveries: [1] });
    assert.equal((await world.json('audit', 'list', '--limit', '3')).rows.length, 3);
    assert.equal((await world.json('audit', 'list', '--since',
        '2999-01-01T00:00:00Z')).rows.length, 0);
});

test('a full disk during a backup leaves no half file and the gateway unharmed', async (t) => {
    const mount = smallDisk(t, 'backup', '8m');
    if (mount === null)
        return;
    const world = await World.open(t);
    await world.omgw('bridges', 'pause', 'acme');
    let over = false;
    t.after(() => { over = true; });
    for (let n = 0; n < 600; n++)
        assert.equal((await world.partner.message('ana', 'x'.repeat(9000))).status, 202);
    // It fits when it begins. What comes meanwhile does not.
    const { accepted, ended } = load(world, 4, () => over);
    writeFileSync(path.join(mount, 'filler'), Buffer.alloc(1024 * 1024));
    const file = path.join(mount, 'copy.db');
    await until('the disk to be full', async () => {
        const { code, text } = await world.omgw('db', 'backup', file, '--force');
        if (code === 0) {
            for (let n = 0; n < 30; n++)
                await world.partner.message('bob', 'y'.repeat(9000));
            return false;
        }
        assert.equal(code, 75, text);
        assert.match(text, /no room for|disk is full/);
        return true;
    });
    assert.deepEqual(readdirSync(mount).filter((name) => /part|wal|journal/.test(name)), []);
    over = true;
    await ended;
    assert.ok(accepted.length > 0);
    if (existsSync(file)) // an earlier one: whole, or not there
        assert.equal((await world.json('db', 'verify', file)).ok, true);
    assert.equal((await world.partner.message('ana', 'still served')).status, 202);
    assert.equal((await world.json('db', 'verify')).ok, true);
});

// Time goes by a hundred thousand times as fast for the command: little work is long.
test('long work says how far it is: a bar on a terminal, lines elsewhere', async (t) => {
    const world = await World.open(t);
    for (let n = 0; n < 50; n++)
        await world.partner.message('ana', `text ${n}`);
    const file = path.join(world.dir, 'copy.db');
    await world.json('db', 'backup', file);
    const fast = { ...process.env, TERM: 'xterm', LD_PRELOAD: new Clock(t).options.env.LD_PRELOAD,
        FAKETIME: '+0 x100000' };
    const run = (env, command, ...args) =>
        spawnSync(command, args, { env }).output.join('');
    // A terminal is what `script` makes of a pipe.
    const onTerminal = (env) =>
        run(env, 'script', '-qec', `${PLAIN} db verify ${file}`, '/dev/null');
    assert.match(onTerminal(fast), /\rverifying \[=*>? *\] +\d+ %[^]*\r\x1b\[K.* is sound/);
    assert.doesNotMatch(onTerminal({ ...process.env, TERM: 'xterm' }), /%/,
        'short work is not mentioned');
    const dumb = onTerminal({ ...fast, TERM: 'dumb' });
    assert.match(dumb, /^omgw: verifying: \d+ %\r?$/m);
    assert.doesNotMatch(dumb, /\x1b/, 'a dumb terminal is not steered');
    assert.match(run(fast, PLAIN, 'db', 'verify', file), /^omgw: verifying: \d+ %$/m);
    assert.doesNotMatch(run(fast, PLAIN, 'db', 'verify', file), /\r/);
});

test('an interrupt leaves no half file, whenever it comes', async (t) => {
    const world = await World.open(t);
    await world.omgw('bridges', 'pause', 'acme');
    for (let n = 0; n < 100; n++)
        await world.partner.message('ana', 'x'.repeat(9000));
    const file = path.join(world.dir, 'copy.db');
    const child = new Child(OMGW, ['db', 'backup', file, '--config', world.configFile]);
    await world.gateway.untilEvent('backup.started');
    child.process.kill('SIGINT');
    const { code, signal } = await child.ended;
    assert.ok(signal === 'SIGINT' || code === 0, `${code} ${signal}`);
    await until('the end', () => ['backup.failed', 'backup.done'].some((event) =>
        world.gateway.events(event).length === 1));
    assert.equal(existsSync(`${file}.omgw-part`), false);
    assert.equal(existsSync(file), world.gateway.events('backup.done').length === 1);
});
