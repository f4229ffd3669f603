// One page inside the sandbox of tests/docs/run: starts what the page takes for granted, then
// runs its blocks one after the other. Usage: page.mjs PAGE
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { leave, wordsOf } from '../../flow/support/canary.mjs';
import { Partner, SECRET } from '../../flow/support/partner.mjs';
import { Child, until } from '../../flow/support/process.mjs';
import { blocksOf, commandsOf, missingLine } from './blocks.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const CONFIG = '/etc/omgw/omgw.yaml';
const STATE = '/tmp/state';
const EMULATOR = 'http://127.0.0.1:8090/_emulator';
const read = (page) => readFileSync(path.join(ROOT, page), 'utf8');

// Between the configuration of the README and this machine: where the peers are. The client
// and the secrets of EMULATOR.md are the page's own.
const env = {
    ...process.env,
    OMGW_GENESYS__MAIN__API_URL: 'http://127.0.0.1:8090',
    OMGW_GENESYS__MAIN__LOGIN_URL: 'http://127.0.0.1:8090',
    OMGW_BRIDGES__ACME__PARTNER__CALLBACK_URL: 'http://127.0.0.1:8070/omgw',
    OMGW_RETRY__FIRST: '50ms',
    OMGW_LOG__FORMAT: 'json',
    SECRET,
};
const CLIENT = '0b0e7c1e-0000-4000-8000-000000000001';
const INTEGRATION = '5a1d3a52-0000-4000-8000-000000000002';
const SECRETS = { genesys: 'a-client-secret-of-the-page', acme: SECRET,
    'acme-genesys': 'a-signing-secret-of-the-page' };

const [page] = process.argv.slice(2);
const LINE = 'Hello, where is my order?';
const ANSWER = 'It is on its way, Ana.';
const children = [];

async function start(ready, command, args = []) {
    const kind = ready === 'serve.started' ? 'gateway' : 'process';
    const child = new Child(command, args, { env, cwd: '/etc/omgw', detached: true,
        name: `${path.parse(page).name}.${kind}` });
    child.isGateway = kind === 'gateway';
    children.push(child);
    await until(`${command} to say ${ready}`, () => {
        if (child.code !== undefined)
            throw new Error(`ended with ${child.code}: ${child.lines.join('\n')}`);
        return [...child.lines, child.text].some((line) => line.includes(ready));
    });
    return child;
}

// --- what a page takes for granted ---------------------------------------------------------

function configure() {
    const { body } = blocksOf(read('README.md')).find(({ language }) => language === 'yaml');
    writeFileSync(CONFIG, body);
    for (const [name, secret] of Object.entries(SECRETS))
        writeFileSync(`/run/secrets/${name}`, `${secret}\n`, { mode: 0o600 });
}

const startEmulator = () => start('listens on', 'genesys-emulator', [
    '--client-id', CLIENT, '--client-secret', SECRETS.genesys, '--integration', INTEGRATION,
    '--webhook-url', 'http://127.0.0.1:8080/webhooks/genesys/acme',
    '--webhook-secret', SECRETS['acme-genesys']]);
const startGateway = () => start('serve.started', 'omgw', ['serve', '--config', CONFIG]);

async function startPartner() {
    const partner = await new Partner().start(8070);
    partner.target('http://127.0.0.1:8080', 'acme');
    partner.rules.push((event) => event.data.text === 'No.' && { status: 422 });
    return partner;
}

const emulator = async (route, body) => (await fetch(`${EMULATOR}/${route}`,
    body && { method: 'POST', body: JSON.stringify(body) })).json();

// A line of the customer Ana, the agent's answer, and one that the partner refuses.
async function talk(partner) {
    await partner.message('ana', LINE, { id: 'm-msg_1' },
        { id: 'msg_1' });
    await until('the line', async () => (await emulator('messages')).length === 1);
    for (const text of [ANSWER, 'No.'])
        await emulator('agent', { integrationId: INTEGRATION, to: 'ana', text });
    await until('the answers and their receipts', async () =>
        (await emulator('receipts')).length === 2);
}

let partner;
const PAGES = {
    'README.md': async () => {
        await startEmulator();
        await startGateway();
        await talk(await startPartner());
    },
    // Starts the gateway itself.
    'docs/OPERATIONS.md': async () => {
        await startEmulator();
        partner = await startPartner();
    },
    // Brings a partner of its own.
    'docs/PARTNERS.md': async () => {
        await startEmulator();
        await startGateway();
    },
    // Starts the emulator itself.
    'docs/EMULATOR.md': async () => {
        Object.assign(env, {
            OMGW_GENESYS__MAIN__CLIENT_ID: 'demo',
            OMGW_GENESYS__MAIN__CLIENT_SECRET: 'demo-secret',
            OMGW_BRIDGES__ACME__GENESYS_SECRETS: 'at-least-sixteen-chars',
        });
        await startGateway();
        partner = await startPartner();
    },
};

// What goes on once the page has started its own part.
const AFTER_BACKGROUND = {
    'docs/OPERATIONS.md': () => talk(partner),
    'docs/EMULATOR.md': async () => {
        await partner.message('customer-1', 'Hello');
        await until('the line', async () => (await emulator('messages')).length === 1);
    },
};

// --- blocks --------------------------------------------------------------------------------

// A refused request is a failed command; variables outlive their block, as in a terminal.
function script(body) {
    const names = [...body.matchAll(/^(?:export )?([A-Za-z_]\w*)=/gm)].map(([, name]) => name);
    return `set -euo pipefail
curl() { command curl --silent --show-error --fail-with-body "$@"; }
[[ ! -e ${STATE} ]] || . ${STATE}
${body}
${names.map((name) => `declare -p ${name} >>${STATE}`).join('\n')}
`;
}

function run(body) {
    const { status, signal, stdout, stderr } = spawnSync('bash', ['-c', script(body)],
        { env, cwd: '/etc/omgw', encoding: 'utf8', timeout: 60000 });
    return { text: stdout + stderr, stdout,
        fault: status === 0 ? undefined : `exit ${status ?? signal}: ${stdout}${stderr}` };
}

function runConsole(body) {
    for (const { command, output } of commandsOf(body)) {
        const { fault, stdout } = run(command);
        const missing = fault ? undefined : missingLine(output, stdout);
        if (fault)
            return `${command}: ${fault}`;
        if (missing !== undefined)
            return `${command}: the output has no line like "${missing}":\n${stdout}`;
    }
    return undefined;
}

function check(file, ...command) {
    const { status, stdout, stderr } = spawnSync(command[0], [...command.slice(1), file],
        { env, encoding: 'utf8' });
    return status === 0 ? undefined : `${command.join(' ')}: ${stdout}${stderr}`;
}

function runQueries(body) {
    writeFileSync('/tmp/queries.sql', body);
    execFileSync('sqlite3', ['-readonly', '-bail', '/var/lib/omgw/omgw.db',
        '.read /tmp/queries.sql']);
}

async function runInBackground(page, text, body) {
    await start(text, 'bash', ['-c', script(body)]);
    await AFTER_BACKGROUND[page]?.();
}

const LANGUAGES = {
    sh: (body) => run(body).fault,
    console: runConsole,
    sql: runQueries,
    json: (body) => void JSON.parse(body),
    yaml(body) {
        writeFileSync('/tmp/page.yaml', body);
        return check('/tmp/page.yaml', 'omgw', 'config', 'check', '--config');
    },
    js(body) {
        writeFileSync('/tmp/page.mjs', body);
        return check('/tmp/page.mjs', 'node', '--check');
    },
    '': () => undefined, // a picture, not a command
};

async function runWithoutGateway(body) {
    for (const gateway of children.filter((child) => child.isGateway && child.code === undefined)) {
        process.kill(-gateway.process.pid, 'SIGTERM');
        await gateway.closed; // the shell before it ends at once
    }
    const { fault } = run(body);
    await startGateway();
    return fault;
}

const MARKS = [undefined, 'not run', 'saved as', 'in the background until',
    'with the gateway stopped'];

async function runBlock(page, { language, body, mark, rest }) {
    if (!MARKS.includes(mark))
        return `what does the comment "${mark}" mean?`;
    const commands = language === 'console' ? commandsOf(body) : [{ command: body }];
    if (mark === 'saved as') {
        const file = path.resolve('/etc/omgw', rest);
        writeFileSync(file, body);
        if (body.startsWith('#!'))
            chmodSync(file, 0o755);
    }
    if (mark === 'in the background until') {
        await runInBackground(page, rest, commands.map(({ command }) => command).join('\n'));
        return undefined;
    }
    if (mark === 'with the gateway stopped')
        return runWithoutGateway(body);
    if (mark === 'saved as' && language === 'sh')
        return check(path.resolve('/etc/omgw', rest), 'bash', '-n');
    return LANGUAGES[language](body);
}

async function runPage(page) {
    let isWell = true;
    for (const block of blocksOf(read(page))) {
        const place = `${page}:${block.line}`;
        if (block.mark === 'not run') {
            console.log(`not run: ${place}: ${block.rest}`);
            continue;
        }
        const isShown = block.language === 'console' && commandsOf(block.body).length === 0;
        if (block.language === '' || isShown)
            continue;
        let fault;
        try {
            if (!(block.language in LANGUAGES))
                throw new Error(`what is a block of ${block.language}?`);
            fault = await runBlock(page, block);
        } catch (error) {
            fault = error.message;
        }
        isWell &&= fault === undefined;
        console.log(fault === undefined ? `ok ${place}` : `not ok ${place}\n${fault}`);
    }
    return isWell;
}

let isWell = false;
try {
    configure();
    await PAGES[page]?.();
    isWell = await runPage(page);
} catch (error) {
    console.log(`not ok ${page}: ${error.message}`);
}
if (!existsSync(CONFIG))
    isWell = false;
for (const child of children) {
    if (child.code === undefined)
        process.kill(-child.process.pid, 'SIGKILL');
    await child.closed;
}
leave(`words/${path.parse(page).name}.json`, JSON.stringify(wordsOf({
    secrets: Object.values(SECRETS), events: [{ text: LINE }, { text: ANSWER }] })));
process.exit(isWell ? 0 : 1);
