// What a shell offers behind TAB, in the shells themselves, and the manual pages.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { BUILD, OMGW, World } from './support/world.mjs';

const env = { ...process.env, PATH: `${BUILD}:${process.env.PATH}`, LC_ALL: 'C.UTF-8' };

function script(shell) {
    return execFileSync(OMGW, ['completion', shell]).toString();
}

const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

// Each asks a real shell for what it offers behind the words, the last one unfinished.
const shells = {
    bash(words) {
        const text = `${script('bash')}
COMP_WORDS=(omgw ${words.map(quote).join(' ')})
COMP_CWORD=${words.length}
_omgw
printf '%s\\n' "\${COMPREPLY[@]}"`;
        return execFileSync('bash', ['-uec', text], { env }).toString();
    },
    // Without a terminal zsh completes nothing: what it would show is printed instead.
    zsh(words) {
        const text = `${script('zsh')}
_describe() { local -a all; all=("\${(@P)\${@: -1}}"); print -rl -- \${all%%:*}; }
compadd() { shift; print -rl -- $@; }
_files() { print -rl -- $PWD/*(N:t) *(N); }
words=(omgw ${words.map(quote).join(' ')})
CURRENT=\${#words}
_omgw || true`;
        return execFileSync('zsh', ['-fc', text], { env }).toString();
    },
    fish(words) {
        const line = ['omgw', ...words].join(' ');
        return execFileSync('fish', ['--no-config', '-c',
            `${script('fish')}\ncomplete -C ${quote(line)}`],
        { env: { ...env, HOME: tmpdir() } }).toString();
    },
};

function offered(shell, words) {
    const last = words.at(-1);
    return shells[shell](words).split('\n').map((line) => line.split('\t')[0])
        .filter((word) => word !== '' && word.startsWith(last)).sort();
}

for (const shell of Object.keys(shells)) {
    test(`${shell} offers verbs, options, operands and bridges`, async (t) => {
        const world = await World.open(t);
        const is = (words, want) =>
            assert.deepEqual(offered(shell, words), want, `${shell}: ${words.join(' ')}`);
        const has = (words, ...some) => {
            const all = offered(shell, words);
            assert.deepEqual(some.filter((word) => !all.includes(word)), [], all.join(' '));
        };
        has([''], 'serve', 'db', 'bridges', 'dead', 'help', 'man');
        is(['bri'], ['bridges']);
        is(['db', ''], ['backup', 'migrate', 'restore', 'status', 'verify']);
        has(['help', 'd'], 'db', 'dead', 'deliveries');
        is(['dead', 'replay', '--d'], ['--dry-run']);
        is(['db', 'restore', '--h'], ['--help', '--hold']);
        is(['completion', ''], ['bash', 'fish', 'zsh']);
        is(['bridges', 'show', '--config', world.configFile, ''], ['acme']);
        is(['messages', 'list', '--config', world.configFile, '--bridge', 'a'], ['acme']);
        is(['messages', 'list', '--since', ''], []);
        is(['dead', 'list', '--color', ''], ['always', 'auto', 'never']);
    });
}

test('every command and option is in each completion', () => {
    const overview = execFileSync(OMGW, ['help']).toString();
    const names = [...overview.matchAll(/^ {2}([a-z]+(?: [a-z]+)?)\b/gm)].map((m) => m[1])
        .filter((name) => !name.startsWith('omgw'));
    assert.ok(names.length > 25);
    for (const shell of Object.keys(shells)) {
        const text = script(shell);
        for (const name of names)
            assert.ok(text.includes(name), `${shell}: ${name}`);
    }
    assert.equal(spawnSync(OMGW, ['completion', 'csh']).status, 64);
    const checked = spawnSync('shellcheck', ['-s', 'bash', '-'], { input: script('bash') });
    assert.equal(checked.status, 0, checked.stdout.toString());
});

test('manual pages are well-formed and name all there is', (t) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'omgw-man-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const pages = {};
    for (const section of ['1', '5', '7']) {
        const file = path.join(dir, `omgw.${section}`);
        pages[section] = execFileSync(OMGW, ['man', section]).toString();
        writeFileSync(file, pages[section]);
        const lint = spawnSync('mandoc', ['-Tlint', '-W', 'warning', file]);
        assert.equal(lint.stdout.toString(), '', section);
        const shown = spawnSync('man', ['--warnings', '-l', file], { env });
        assert.deepEqual([shown.status, shown.stderr.toString()], [0, ''], section);
    }
    for (const word of ['db backup FILE', '\\-\\-dry\\-run', '.B 78'])
        assert.ok(pages['1'].includes(word), word);
    for (const word of ['disk_reserve', 'callback_url', 'OMGW_DATABASE', 'integration_id'])
        assert.ok(pages['5'].includes(word), word);
    const views = [...pages['7'].matchAll(/^\.B (v_\w+)\n(.*)\n/gm)];
    assert.ok(views.length >= 6);
    assert.deepEqual(views.filter(([, , meaning]) => meaning.startsWith('Columns')), []);
    assert.match(pages['7'], /receiver_ids/);
    assert.equal(spawnSync(OMGW, ['man', '8']).status, 64);
});
