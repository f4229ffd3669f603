#!/usr/bin/env node
// Looks through everything that the suite wrote, for words that must not stand there, and
// for core files. Usage: scan.mjs LOGS [FOLDER...]
//
// LOGS is the folder of a run: LOGS/started was made at its beginning, LOGS/*.log are the
// parts' own, LOGS/left/* is what the tests left (tests/flow/support/canary.mjs). In the
// FOLDERs no core file may be younger than LOGS/started.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { CANARIES, TOKEN, wordsIn, wordsOf } from '../flow/support/canary.mjs';
import { coreFiles } from '../flow/support/cores.mjs';
import { SECRET } from '../flow/support/partner.mjs';
import { CLIENT_SECRET, GENESYS_SECRET } from '../flow/support/world.mjs';

const SECRETS = wordsOf({ secrets: [SECRET, CLIENT_SECRET, GENESYS_SECRET,
    ...Object.values(CANARIES)], events: [] }).secrets;

const read = (...names) => readFileSync(path.join(...names), 'utf8');
const namesIn = (folder) => existsSync(folder) ? readdirSync(folder) : [];

// What may not stand in a file of that kind. A contact may be seen where its operator asks.
const wordsFor = (kind, { secrets, texts, contacts }) => ({
    gateway: [...secrets, ...texts, ...contacts],
    metrics: [...secrets, ...texts, ...contacts],
    trace: [...secrets, ...texts],
}[kind] ?? secrets);

// What stands in one file that must not, as texts.
function faultsIn(kind, words, text) {
    const faults = wordsIn([...new Set([...SECRETS, ...wordsFor(kind, words)])], text);
    const token = ['gateway', 'metrics'].includes(kind) && TOKEN.exec(text);
    return token ? [...faults, `a token: ${token[0]}`] : faults;
}

const NOTHING = { secrets: [], texts: [], contacts: [] };

export function scan(logs, folders) {
    const faults = [];
    const seen = { worlds: 0, files: 0, words: 0 };
    for (const part of namesIn(path.join(logs, 'left'))) {
        const left = path.join(logs, 'left', part);
        const words = new Map(namesIn(path.join(left, 'words')).map((name) =>
            [name.replace('.json', ''), JSON.parse(read(left, 'words', name))]));
        seen.worlds += words.size;
        for (const { secrets, texts, contacts } of words.values())
            seen.words += secrets.length + texts.length + contacts.length;
        for (const name of namesIn(left).filter((file) => file.endsWith('.log'))) {
            const [world, kind] = name.split('.');
            seen.files++;
            if (world !== 'nobody' && !words.has(world))
                faults.push(`${part}/${name}: its world has not said its words`);
            faults.push(...faultsIn(kind, words.get(world) ?? NOTHING, read(left, name))
                .map((fault) => `${part}/${name}: ${fault}`));
        }
        for (const name of namesIn(path.join(left, 'cores')))
            faults.push(`${part}: a core file: ${read(left, 'cores', name)}`);
    }
    for (const name of namesIn(logs).filter((file) => file.endsWith('.log'))) {
        seen.files++;
        faults.push(...wordsIn(SECRETS, read(logs, name)).map((fault) => `${name}: ${fault}`));
    }
    const sinceMs = statSync(path.join(logs, 'started')).mtimeMs;
    const skip = (folder) => ['.git', 'node_modules'].includes(path.basename(folder));
    for (const folder of folders)
        faults.push(...coreFiles(folder, sinceMs, skip).map((file) => `a core file: ${file}`));
    if (seen.worlds === 0)
        faults.push('no world has left anything: there is nothing to look through');
    return { faults, seen };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const [logs, ...folders] = process.argv.slice(2);
    const { faults, seen } = scan(logs, folders);
    for (const fault of faults)
        console.log(fault);
    console.log(`${seen.files} files of ${seen.worlds} worlds looked through for ` +
        `${seen.words} words: ${faults.length} found`);
    process.exitCode = faults.length === 0 ? 0 : 1;
}
