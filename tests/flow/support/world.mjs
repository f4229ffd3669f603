// A world: gateway, emulator and partner as real processes on loopback, with a directory of
// its own. Every test makes its own world and ends it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CANARIES, leaks, leave, wordsOf } from './canary.mjs';
import { coreFiles } from './cores.mjs';
import { readExposition } from './exposition.mjs';
import { Child, freePort, until } from './process.mjs';
import { Partner, SECRET, request } from './partner.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const BUILD = process.env.OMGW_BUILD ??
    path.resolve(here, '../../../build/asan');
export const OMGW = path.join(BUILD, 'omgw');
export const EMULATOR = path.join(BUILD, 'genesys-emulator');

export const INTEGRATION = '5a1d3a52-0000-4000-8000-000000000002';
export const GENESYS_SECRET = 'a-genesys-signing-secret';
export const CLIENT_ID = '0b0e7c1e-0000-4000-8000-000000000001';
export const CLIENT_SECRET = 'client-secret-of-the-test';

let worlds = 0;

export class World {
    // options: emulator (extra arguments), settings (YAML lines), partner and bridge settings,
    // requestsPerMinute and connections of the organisation, bridges and organisations
    // (further entries of the lists), apiUrl, loginUrl, clientSecret, program (another omgw),
    // wrap (a command before it), arguments (of serve), env, cwd ("own": the world's folder),
    // database, publicUrl ('': none), logLevel (where lines would be too many).
    static async start(options = {}) {
        const world = new World();
        world.options = options;
        world.agentSaid = [];
        world.adminHeaders = {}; // the token of a listener that wants one
        world.secrets = [SECRET, GENESYS_SECRET, CLIENT_SECRET, ...Object.values(CANARIES)];
        world.id = `${process.pid}-${++worlds}`;
        world.dir = mkdtempSync(path.join(tmpdir(), 'omgw-flow-'));
        world.partner = await new Partner().start();
        world.database = options.database ?? path.join(world.dir, 'omgw.db');
        world.media = path.join(world.dir, 'media');
        world.configFile = path.join(world.dir, 'omgw.yaml');
        try {
            await world.#startAll();
        } catch (error) {
            await world.stop(); // what listens keeps the tests from ending
            throw error;
        }
        return world;
    }

    // On other ports when somebody beside the tests was faster at one of them.
    async #startAll(tries = 3) {
        await this.#takePorts();
        this.writeConfig();
        try {
            await this.startEmulator();
            await this.startGateway();
        } catch (error) {
            if (tries === 1 || !/address already in use/i.test(error.message))
                throw error;
            await this.gateway?.kill();
            await this.emulator.kill();
            await this.#startAll(tries - 1);
        }
    }

    async #takePorts() {
        this.ports = { public: await freePort(), admin: await freePort(),
            genesys: await freePort() };
        this.base = `http://127.0.0.1:${this.ports.public}`;
        this.admin = `http://127.0.0.1:${this.ports.admin}`;
        this.genesys = `http://127.0.0.1:${this.ports.genesys}`;
        this.partner.target(this.base, 'acme');
    }

    // A part of the options that may need the ports: a text or a function of the world.
    #part(part) {
        return (typeof part === 'function' ? part(this) : part) ?? '';
    }

    // A world that ends with the test, in good order and without having told a secret.
    static async open(t, options) {
        const world = await World.start(options);
        t.after(async () => {
            try {
                await world.end();
            } finally {
                await world.stop();
            }
        });
        return world;
    }

    writeConfig(extra = this.options) {
        writeFileSync(this.configFile, `\
${extra.publicUrl === '' ? '' :
        `public_url: ${extra.publicUrl ?? `http://127.0.0.1:${this.ports.public}`}`}
listen: { public: "127.0.0.1:${this.ports.public}", admin: "127.0.0.1:${this.ports.admin}" }
database: "sqlite:${this.database}"
media_dir: "${this.media}"
log: { level: ${this.options.logLevel ?? 'info'}, format: json }
${extra.settings ?? ''}
genesys:
  - name: main
    api_url: "${extra.apiUrl ?? this.genesys}"
    login_url: "${extra.loginUrl ?? this.genesys}"
    client_id: ${CLIENT_ID}
    client_secret: ${extra.clientSecret ?? CLIENT_SECRET}
    requests_per_minute: ${extra.requestsPerMinute ?? 0}
    connections: ${extra.connections ?? 64}
${this.#part(extra.organisations)}
bridges:
  - name: acme
    channel: partner
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
${extra.bridge ?? ''}
    partner:
      callback_url: "${this.partner.url}"
      secrets: [ { value: "${SECRET}" } ]
${/^ *headers:/m.test(extra.partner ?? '') ? '' :
        `      headers: { x-canary: ${CANARIES.ours} }`}
${extra.partner ?? ''}
${this.#part(extra.bridges)}
`);
    }

    // Takes changed settings without a restart.
    async reload(changes) {
        const before = this.gateway.events('config.reloaded').length;
        this.writeConfig({ ...this.options, ...changes });
        this.gateway.process.kill('SIGHUP');
        await until('the reload', () =>
            this.gateway.events('config.reloaded').length > before);
    }

    async startEmulator() {
        this.emulator = new Child(EMULATOR, [
            '--listen', `127.0.0.1:${this.ports.genesys}`,
            '--client-id', CLIENT_ID, '--client-secret', CLIENT_SECRET,
            '--integration', INTEGRATION,
            '--webhook-url', `${this.base}/webhooks/genesys/acme`,
            '--webhook-secret', GENESYS_SECRET,
            '--requests-per-minute', '0',
            ...(this.#part(this.options.emulator) || []),
        ], { name: `${this.id}.emulator` });
        await this.untilAnswers(`${this.genesys}/_emulator/tokens`, this.emulator);
    }

    async startGateway(env = {}) {
        const prefix = this.options.wrap ?? [];
        const program = this.options.program ?? OMGW;
        const command = [...prefix, program, 'serve', '--config', this.configFile,
            ...(this.options.arguments ?? [])];
        this.gateway = new Child(command[0], command.slice(1), {
            env: { ...process.env, ...(this.options.env ?? {}), ...env },
            name: `${this.id}.gateway`,
            ...(this.options.cwd === 'own' ? { cwd: this.dir } : {}),
        });
        if (this.options.logLevel === undefined)
            return this.gateway.untilEvent('serve.started', 30000);
        return this.untilAnswers(`${this.admin}/readyz`, this.gateway);
    }

    async untilAnswers(url, child) {
        await until(`${url} to answer`, async () => {
            if (child.code !== undefined)
                throw new Error(`ended with ${child.code}: ${child.lines.join('\n')}`);
            try { // somebody else may listen there, and say nothing
                const answer = await Promise.race([request(url), child.ended]);
                return answer.status === 200 && child.code === undefined;
            } catch {
                return false;
            }
        });
    }

    // SIGTERM; resolves to the exit code.
    async stopGateway() {
        const { code, signal } = await this.gateway.kill('SIGTERM');
        if (signal !== null)
            throw new Error(`the gateway died of ${signal}:\n${
                [...this.gateway.lines.filter((line) => !line.startsWith('{"ts"')),
                    this.gateway.text].join('\n')}`);
        return code;
    }

    async killGateway() {
        await this.gateway.kill('SIGKILL');
    }

    // What holds at the end of every test.
    async end() {
        const running = this.gateway.code === undefined;
        const metrics = running ? (await this.#metricsPage()) : '';
        if (running)
            assert.deepEqual(readExposition(metrics).problems, []);
        const code = await this.stopGateway();
        const events = [...this.partner.sent, ...this.agentSaid];
        assert.deepEqual(leaks({ secrets: this.secrets, events },
            [...this.gateway.lines, ...metrics.split('\n')]), []);
        assert.equal(code, 0, this.gateway.lines.slice(-20).join('\n'));
    }

    async stop() {
        await this.gateway?.kill();
        await this.emulator?.kill('SIGKILL');
        await this.partner.stop();
        leave(`words/${this.id}.json`, JSON.stringify(wordsOf(
            { secrets: this.secrets, events: [...this.partner.sent, ...this.agentSaid] })));
        for (const name of coreFiles(this.dir))
            leave(`cores/${this.id}`, name);
        rmSync(this.dir, { recursive: true, force: true });
    }

    // --- the emulator's control -------------------------------------------------------

    async control(pathname, body, method) {
        const answer = await request(`${this.genesys}/_emulator/${pathname}`,
            body === undefined ? { method: method ?? 'GET' } : {
                method: method ?? 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify(body),
            });
        if (answer.status >= 300)
            throw new Error(`${pathname}: ${answer.status} ${answer.body}`);
        return answer.json;
    }

    messages() {
        return this.control('messages');
    }

    async untilMessages(count, timeoutMs = 20000) {
        let rows = [];
        await until(`${count} messages at Genesys`, async () => {
            rows = await this.messages();
            return rows.length >= count;
        }, timeoutMs, 25).catch((error) => {
            throw new Error(`${error.message} (has ${rows.length})`);
        });
        return rows;
    }

    receipts() {
        return this.control('receipts');
    }

    async untilReceipts(count, timeoutMs = 20000) {
        return until(`${count} receipts at Genesys`, async () => {
            const rows = await this.receipts();
            return rows.length >= count && rows;
        }, timeoutMs, 25);
    }

    // What was asked of the API and the login, oldest first; `route` is the path's end.
    async requests(route = '') {
        return (await this.control('requests')).filter((row) => row.path.endsWith(route));
    }

    agent(to, text, more = {}) {
        this.agentSaid.push({ to, text });
        return this.control('agent', { integrationId: INTEGRATION, to, text, ...more });
    }

    // The same, and the gateway has taken it: what is said next comes behind it.
    async agentSays(to, text, more) {
        const { id } = await this.agent(to, text, more);
        await until(`"${text}" to be taken`, async () =>
            (await this.control('webhooks?tail=50')).some((row) => row.id === id && row.taken));
        return id;
    }

    fault(rule) {
        return this.control('faults', rule);
    }

    clearFaults() {
        return this.control('faults', undefined, 'DELETE');
    }

    // --- the gateway's own words ---------------------------------------------------------

    omgw(...args) {
        return new Child(OMGW, [...args, '--config', this.configFile],
            { name: `${this.id}.${args[0] === 'trace' ? 'trace' : 'command'}` }).said();
    }

    // A command that must succeed with one JSON document.
    async json(...args) {
        const { code, text } = await this.omgw(...args, '--json');
        assert.equal(code, 0, `${args.join(' ')}: ${code} ${text}`);
        return JSON.parse(text);
    }

    // A command that must fail with that exit code and words.
    async fails(code, pattern, ...args) {
        const answer = await this.omgw(...args);
        assert.equal(answer.code, code, answer.text);
        assert.match(answer.text, pattern);
    }

    trace(id) {
        return this.json('trace', id);
    }

    stored() {
        return this.json('db', 'status');
    }

    // Rows of a query, as an operator would look; also into a copy of the database.
    sql(query, file = this.database) {
        const text = execFileSync('sqlite3',
            ['-readonly', '-json', '-cmd', '.timeout 5000', file, query]).toString();
        return text === '' ? [] : JSON.parse(text);
    }

    deadLetters() {
        return this.sql('SELECT * FROM v_dead_letters ORDER BY delivery');
    }

    async #metricsPage() {
        const { body } = await request(`${this.admin}/metrics`, { headers: this.adminHeaders });
        leave(`${this.id}.metrics.log`, body); // the last page has every series
        return body;
    }

    // Sum of a metric over all series whose labels contain every given piece.
    async metric(name, ...labels) {
        const body = await this.#metricsPage();
        let sum = 0;
        for (const line of body.split('\n')) {
            if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `))
                continue;
            if (labels.every((label) => line.includes(label)))
                sum += Number(line.slice(line.lastIndexOf(' ') + 1));
        }
        return sum;
    }
}

// The texts a contact sent, in the order in which they arrived at Genesys.
export function textsOf(rows, contact) {
    return rows.filter((row) => row.channel.from.id === contact).map((row) => row.text);
}
