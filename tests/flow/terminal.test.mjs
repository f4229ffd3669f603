// What people get on a terminal: tables that fit, colours where they are wanted; and the
// columns that they or a script choose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onTerminal } from './support/terminal.mjs';
import { World } from './support/world.mjs';
import { until } from './support/process.mjs';

const ESCAPE = '\x1b';

async function withDeadLetter(t) {
    const world = await World.open(t);
    await world.fault({ route: 'message', status: 400, times: 1 });
    await world.partner.message('ana', 'one');
    await world.partner.message('bob', 'two');
    await until('a dead letter', async () =>
        (await world.json('dead', 'list')).rows.length === 1);
    await world.untilMessages(1);
    const at = (columns, args, env = {}) => onTerminal(
        [...args, '--config', world.configFile], { columns, env });
    return { world, at };
}

// A table as it stands on the terminal: its headings, and what the note says is missing.
function readTable(text, columns) {
    const lines = text.split('\n').filter((line) => line !== '');
    const note = lines.at(-1).match(/^hidden: (.*); --columns to choose, or pipe for all$/);
    if (note !== null)
        lines.pop();
    assert.ok(lines.length >= 2 && lines.every((line) => line.length <= columns),
        `${columns}\n${text}`);
    return { shown: lines[0].toLowerCase().split(/ +/), hidden: note?.[1].split(', ') ?? [] };
}

test('a table leaves out whole columns, and says which, until it fits', async (t) => {
    const { world, at } = await withDeadLetter(t);
    await world.omgw('bridges', 'pause', 'acme', '--reason', 'r'.repeat(60));
    for (const list of ['messages', 'deliveries', 'dead', 'contacts', 'conversations',
        'bridges', 'audit']) {
        const tables = [];
        for (const columns of [300, 80, 40]) {
            const { code, text } = await at(columns, [list, 'list', '--color', 'never']);
            assert.equal(code, 0, text);
            tables.push(readTable(text, columns));
        }
        const [whole, usual, narrow] = tables;
        assert.deepEqual(whole.hidden, [], list);
        assert.ok(narrow.hidden.length > 0, list);
        for (const { shown, hidden } of [usual, narrow])
            assert.deepEqual([...shown, ...hidden].sort(), whole.shown.toSorted(), list);
    }
    await world.omgw('bridges', 'resume', 'acme');
});

test('--columns chooses and orders, on a terminal, piped and as JSON', async (t) => {
    const { world, at } = await withDeadLetter(t);
    const chosen = ['deliveries', 'list', '--columns', 'state,http_status,delivery'];
    assert.deepEqual((await at(20, [...chosen, '--color', 'never'])).text.trim().split('\n'), [
        'STATE  HTTP_STATUS  DELIVERY', 'done   200          2', 'dead   400          1']);
    assert.equal((await world.omgw(...chosen)).text, 'done\t200\t2\ndead\t400\t1\n');
    assert.deepEqual((await world.json(...chosen)).rows, [
        { state: 'done', http_status: 200, delivery: 2 },
        { state: 'dead', http_status: 400, delivery: 1 }]);
    assert.deepEqual((await world.json('bridges', 'list', '--columns', 'pauses,bridge')).rows,
        [{ bridge: 'acme', pauses: [] }]);
    assert.equal((await world.omgw('audit', 'list', '--columns', 'actor')).text, '');

    await world.fails(64, /no column "stat"; did you mean "state"\? .*--columns delivery,message,/,
        'deliveries', 'list', '--columns', 'stat');
    await world.fails(64, /no column "text"/, 'messages', 'list', '--columns', 'text');
    await world.fails(64, /no column "zzz"; All/, 'bridges', 'list', '--columns', 'zzz');
    await world.fails(64, /"state" twice/, 'deliveries', 'list', '--columns', 'state,state');
    await world.fails(64, /no column "x"/, 'contacts', 'list', '--columns', 'x',
        '--config', '/nowhere');
});

test('colours are for terminals that have them, or for those who want them', async (t) => {
    const { world, at } = await withDeadLetter(t);
    const list = ['dead', 'list'];
    const cases = [
        ['a terminal', [], {}, true],
        ['NO_COLOR', [], { NO_COLOR: '1' }, false],
        ['a dumb terminal', [], { TERM: 'dumb' }, false],
        ['never', ['--color', 'never'], {}, false],
        ['always', ['--color=always'], { NO_COLOR: '1', TERM: 'dumb' }, true],
    ];
    for (const [name, options, env, wants] of cases) {
        const { code, text } = await at(80, [...list, ...options], env);
        assert.equal(code, 0, text);
        assert.equal(text.includes(ESCAPE), wants, `${name}: ${text}`);
    }
    assert.ok(!(await world.omgw(...list, '--color', 'always')).text.includes(ESCAPE), 'piped');
    assert.ok(!(await at(80, [...list, '--json'])).text.includes(ESCAPE), 'JSON');
    await world.fails(64, /write auto, always or never/, ...list, '--color', 'yes');
});
