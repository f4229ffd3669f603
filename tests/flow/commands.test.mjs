// What operators type wrong, and what is missing where they type it: said kindly, with the
// exit code that a script relies on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { CLIENT_SECRET, OMGW, World } from './support/world.mjs';
import { Child, until } from './support/process.mjs';

// Without a gateway: {code, out, err}.
function omgw(...args) {
    const { status, stdout, stderr } = spawnSync(OMGW, args, { encoding: 'utf8' });
    return { code: status, out: stdout, err: stderr };
}

// The same with a stream as the shell gives it: "> /dev/full", ">&-".
function redirected(redirection, ...args) {
    return new Child('sh', ['-c', `exec "$0" "$@" ${redirection}`, OMGW, ...args],
        { name: 'nobody.command' }).said();
}

test('help and version come however they are asked for', () => {
    for (const args of [['bridges', '--help'], ['bridges', '-h'], ['help', 'bridges']]) {
        const { code, out } = omgw(...args);
        assert.deepEqual([args, code], [args, 0]);
        assert.match(out, /omgw bridges list/);
    }
    assert.match(omgw('help', 'help').out, /Commands:/);
    for (const option of ['--version', '-V'])
        assert.deepEqual(omgw(option), omgw('version'));
    assert.match(omgw('dead', 'list', '--limt', '3').err, /^omgw: unrecognized option/);
});

test('a value that is empty is no filter left out', async (t) => {
    const world = await World.open(t);
    await world.fault({ route: 'message', status: 400, times: 1 });
    await world.partner.message('ana', 'one');
    await until('a dead letter', async () =>
        (await world.json('dead', 'list')).rows.length === 1);
    await world.fails(64, /--bridge is empty/, 'dead', 'drop', '--bridge', '', '--yes');
    await world.fails(64, /--contact is empty/, 'dead', 'replay', '--contact=');
    assert.equal((await world.json('dead', 'list')).rows.length, 1);
    await world.fails(64, /ID is empty/, 'contacts', 'show', '');
    await world.fails(64, /ID is empty/, 'trace', '');
});

test('what is not there is called by its name', async (t) => {
    const world = await World.open(t);
    await world.fails(1, /no contact "x"; see "omgw contacts list"/, 'contacts', 'show', 'x');
    await world.fails(1, /no message "x"/, 'messages', 'show', 'x');
    await world.fails(1, /no conversation 7; see "omgw conversations list"/, 'conversations', 'show', '7');
    await world.fails(1, /no delivery 7; see "omgw deliveries list"/, 'deliveries', 'show', '7');
    await world.fails(1, /no dead letter 7; see "omgw dead list"/, 'dead', 'show', '7');
    for (const list of ['conversations', 'deliveries', 'dead'])
        await world.fails(64, /takes a NUMBER/, list, 'show', 'x');
    await world.fails(66, /is no file/, 'db', 'verify', world.dir);
    await world.stopGateway();
    const { code, text } = await world.omgw('dead', 'replay', '--bridge', 'acme');
    assert.deepEqual([code, text], [0, 'there are no such dead letters\n']);
    await world.startGateway();
});

test('a stdout that takes nothing is exit 74, whatever was to be said', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'one');
    await world.untilMessages(1);
    const config = ['--config', world.configFile];
    const said = [['help'], ['help', 'serve'], ['version'], ['config', 'init'], ['man', '1'],
        ['config', 'check', ...config], ['config', 'show', ...config],
        ['db', 'status', ...config], ['trace', '1', ...config], ['health', ...config],
        ['messages', 'list', ...config], ['bridges', 'show', 'acme', ...config],
        ['bridges', 'test', 'acme', ...config]];
    for (const args of said)
        for (const redirection of ['>/dev/full', '>&-']) {
            const { code, text } = await redirected(redirection, ...args);
            assert.equal(code, 74, `${args.join(' ')} ${redirection}: ${text}`);
            assert.match(text, /stdout does not take the output/);
        }
});

test('no file takes the place of a stream that was closed', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'one');
    const copy = path.join(world.dir, 'copy.db');
    await world.stopGateway();
    await redirected('<&- >&- 2>&-', 'db', 'backup', copy, '--config', world.configFile);
    assert.equal(omgw('db', 'verify', copy).code, 0);
    await world.startGateway();
});

test('a database that may not be read, or is not there, is said so', async (t) => {
    const world = await World.open(t);
    await world.stopGateway();
    const nobody = { uid: 65534, gid: 65534 };
    const program = path.join(world.dir, 'omgw');
    const list = (...args) => spawnSync(program,
        ['messages', 'list', '--config', world.configFile, ...args],
        { encoding: 'utf8', ...nobody });
    if (process.getuid() === 0) {
        copyFileSync(OMGW, program);
        chmodSync(world.dir, 0o755);
        chmodSync(world.configFile, 0o644);
        chmodSync(world.database, 0o600);
        let answer = list();
        assert.equal(answer.status, 77, answer.stderr);
        assert.match(answer.stderr, /omgw\.db: Permission denied/);
        chmodSync(world.database, 0o644);
        answer = list();
        assert.equal(answer.status, 77, answer.stderr);
        assert.match(answer.stderr, /while no gateway runs/);
    }
    await world.startGateway();
    const config = path.join(world.dir, 'none.yaml');
    writeFileSync(config, readFileSync(world.configFile, 'utf8').replace('omgw.db', 'none.db'));
    const { code, err } = omgw('bridges', 'list', '--config', config);
    assert.equal(code, 78, err);
    assert.match(err, /none\.db is not there: "omgw serve" makes it/);
});

test('a relative path is from the folder of the configuration, wherever one stands', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'one');
    await world.untilMessages(1);
    const config = path.join(world.dir, 'relative.yaml');
    writeFileSync(path.join(world.dir, 'client-secret'), `${CLIENT_SECRET}\n`, { mode: 0o600 });
    writeFileSync(config, readFileSync(world.configFile, 'utf8')
        .replace(`sqlite:${world.database}`, 'sqlite:omgw.db')
        .replace(/client_secret: .*/, 'client_secret_file: client-secret'));
    for (const cwd of ['/', world.dir]) {
        const { status, stdout, stderr } = spawnSync(OMGW,
            ['messages', 'list', '--config', config], { cwd, encoding: 'utf8' });
        assert.equal(status, 0, stderr);
        assert.match(stdout, /\tana\t/);
    }
    const shown = omgw('config', 'show', '--config', config).out;
    assert.ok(shown.includes(`database: sqlite:${world.dir}/omgw.db `), shown);
});

test('only who speaks to peers needs their secrets', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'one');
    await world.untilMessages(1);
    const gone = path.join(world.dir, 'gone.yaml');
    writeFileSync(gone, readFileSync(world.configFile, 'utf8')
        .replace(/client_secret: .*/, 'client_secret_file: /run/gone/genesys')
        .replace(/genesys_secrets: .*/, 'genesys_secrets: [ { file: /run/gone/acme } ]')
        .replace(/ secrets: .*/, ' secrets: [ { file: /run/gone/partner } ]'));
    const copy = path.join(world.dir, 'copy.db');
    const good = (...args) => {
        const { code, out, err } = omgw(...args, '--config', gone);
        assert.equal(code, 0, `${args.join(' ')}: ${err}`);
        assert.equal(err, '');
        return out;
    };
    assert.match(good('messages', 'list'), /\tana\t/);
    assert.match(good('bridges', 'show', 'acme'), /^state\tactive$/m);
    good('trace', '1');
    good('health');
    good('bridges', 'pause', 'acme');
    good('bridges', 'resume', 'acme');
    good('db', 'backup', copy);
    await world.stopGateway();
    for (const command of [['status'], ['verify'], ['migrate'], ['restore', copy]])
        good('db', ...command);
    for (const command of [['serve'], ['config', 'check'], ['config', 'show'],
        ['bridges', 'test', 'acme']]) {
        const { code, err } = omgw(...command, '--config', gone);
        assert.equal(code, 78, command.join(' '));
        assert.match(err, /cannot read "\/run\/gone\/genesys"/);
    }
    await world.startGateway();
});

test('a check of the configuration says as JSON what it says to people', async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'omgw-check-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const config = path.join(folder, 'omgw.yaml');
    writeFileSync(config, 'public_url: x\ndatabase: y\n');
    const said = omgw('config', 'check', '--config', config);
    const { code, out, err } = omgw('config', 'check', '--config', config, '--json');
    assert.deepEqual([said.code, said.out, code, err], [78, '', 78, '']);
    const { ok, problems, warnings } = JSON.parse(out);
    assert.deepEqual([ok, warnings], [false, []]);
    assert.ok(problems.length >= 2);
    assert.equal(`${problems.join('\n')}\n`, said.err);
});

test('who waits for the lock of a database says so', async (t) => {
    const world = await World.open(t);
    const migrate = new Child(OMGW, ['db', 'migrate', '--config', world.configFile]);
    await until('the word', () => migrate.lines.some((line) =>
        /another process holds .*: waiting up to 30 s/.test(line)));
    await world.stopGateway();
    assert.equal((await migrate.said()).code, 0);
    await world.startGateway();
    const second = new Child(OMGW, ['serve', '--config', world.configFile]);
    await second.untilEvent('serve.lock_missed');
    await second.kill('SIGKILL');
});
