// The look through what the suite wrote finds what it is for.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { CANARIES, wordsIn } from '../flow/support/canary.mjs';
import { SECRET } from '../flow/support/partner.mjs';
import { scan } from './scan.mjs';

const WORDS = { secrets: ['a-secret-of-the-world'], texts: ['Where is my order?'],
    contacts: ['+386 1 555 0100'] };
const GOOD = '{"event":"delivery.sent","contact":"****0100"}\n';
const CORE = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01'), Buffer.alloc(9), Buffer.from([4, 0])]);

// A run that left these files, {name: text}, and what is found in it.
function look(t, files) {
    const logs = mkdtempSync(path.join(tmpdir(), 'omgw-scan-'));
    t.after(() => rmSync(logs, { recursive: true }));
    const all = { started: '', 'flows.log': 'ok 1\n',
        'left/flows/words/1-1.json': JSON.stringify(WORDS),
        'left/flows/1-1.gateway.1.log': GOOD, ...files };
    for (const [name, text] of Object.entries(all)) {
        if (text === undefined)
            continue;
        mkdirSync(path.dirname(path.join(logs, name)), { recursive: true });
        writeFileSync(path.join(logs, name), text);
    }
    const long = new Date(Date.now() - 3600000);
    utimesSync(path.join(logs, 'started'), long, long);
    if ('old/core' in files)
        utimesSync(path.join(logs, 'old/core'), new Date(0), new Date(0));
    return scan(logs, [logs]).faults;
}

test('a clean run has nothing', (t) => {
    assert.deepEqual(look(t, {
        // Operators see whom they ask for, but no secret.
        'left/flows/1-1.command.2.log': 'contact +386 1 555 0100: Where is my order?\n',
        'left/flows/1-1.trace.3.log': 'contact +386 1 555 0100\n',
        'left/flows/nobody.process.4.log': 'Where is my order?\n',
        'old/core': CORE,
    }), []);
});

for (const [name, files, want] of [
    ['a text in a log', { 'left/flows/1-1.gateway.2.log': `${GOOD}text=Where is my order?!\n` },
        /1-1\.gateway\.2\.log: Where is my order\?: text=/],
    ['a contact in a log', { 'left/flows/1-1.gateway.2.log': 'to +386 1 555 0100' }, /555 0100/],
    ['a contact in the metrics', { 'left/flows/1-1.metrics.log': '{c="+386 1 555 0100"} 1\n' },
        /555 0100/],
    ['a text in a trace', { 'left/flows/1-1.trace.2.log': 'Where is my order?' }, /my order/],
    ['a secret in a command', { 'left/flows/1-1.command.2.log': 'x=a-secret-of-the-world' },
        /a-secret-of-the-world/],
    ['a token in a log', { 'left/flows/1-1.gateway.2.log': `bearer ${'0f'.repeat(32)}\n` },
        /a token: 0f0f/],
    ['a secret of all worlds in a process of nobody',
        { 'left/flows/nobody.process.2.log': SECRET }, /nobody\.process\.2\.log: /],
    ['a canary in a part\'s log', { 'interop.log': `got ${CANARIES.bearer}` }, /canary-in-a-token/],
    ['a world without words', { 'left/flows/9-9.gateway.1.log': GOOD }, /has not said its words/],
    ['a core file that a world found', { 'left/flows/cores/1-1': '/gone/core.7' }, /core\.7/],
    ['a core file', { 'deep/down/anything': CORE }, /a core file: .*anything/],
    ['nothing at all', { 'left/flows/words/1-1.json': undefined,
        'left/flows/1-1.gateway.1.log': undefined }, /nothing to look through/],
])
    test(`a run with ${name} is found out`, (t) => {
        const faults = look(t, files);
        assert.ok(faults.length > 0);
        for (const fault of faults)
            assert.match(fault, want);
    });

test('words are found wherever they begin, once each', () => {
    assert.deepEqual(wordsIn(['abcdef', 'abcdefg', 'never seen'], 'x\nyabcdefg abcdef\nz'),
        ['abcdef: yabcdefg abcdef', 'abcdefg: yabcdefg abcdef']);
    assert.deepEqual(wordsIn(['abcdef'], 'abcdef'), ['abcdef: abcdef']);
    assert.deepEqual(wordsIn([], 'abcdef'), []);
    assert.deepEqual(wordsIn(['abcdef'], ''), []);
});
