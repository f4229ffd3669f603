// A world: gateway, emulator and partner as real processes on loopback, with a directory of
// its own. Every test makes its own world and ends it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, freePort, until } from './process.mjs';
import { Partner, SECRET, request } from './partner.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const BUILD = process.env.OMGW_BUILD ??
    path.resolve(here, '../../../build/asan');
export const OMGW = path.join(BUILD, 'omgw');
export const EMULATOR = path.join(BUILD, 'genesys-emulator');

export const INTEGRATION = '5a1d3a52-0000-4000-8000-000000000002';
export const GENESYS_SECRET = 'a-genesys-signing-secret';
const CLIENT_ID = '0b0e7c1e-0000-4000-8000-000000000001';
const CLIENT_SECRET = 'client-secret-of-the-test';

export class World {
    // options: emulator (extra arguments), settings (YAML lines), partnerSettings, bridge
    // settings, env, organisation (YAML lines inside the organisation).
    static async start(options = {}) {
        const world = new World();
        world.options = options;
        world.dir = mkdtempSync(path.join(tmpdir(), 'omgw-flow-'));
        world.partner = await new Partner().start();
        world.ports = { public: await freePort(), admin: await freePort(),
            genesys: await freePort() };
        world.base = `http://127.0.0.1:${world.ports.public}`;
        world.admin = `http://127.0.0.1:${world.ports.admin}`;
        world.genesys = `http://127.0.0.1:${world.ports.genesys}`;
        world.partner.target(world.base, 'acme');
        world.database = options.database ?? path.join(world.dir, 'omgw.db');
        world.configFile = path.join(world.dir, 'omgw.yaml');
        world.writeConfig();
        await world.startEmulator();
        await world.startGateway();
        return world;
    }

    writeConfig(extra = this.options) {
        writeFileSync(this.configFile, `\
public_url: http://127.0.0.1:${this.ports.public}
listen: { public: "127.0.0.1:${this.ports.public}", admin: "127.0.0.1:${this.ports.admin}" }
database: "sqlite:${this.database}"
media_dir: "${this.dir}"
log: { level: info, format: json }
${extra.settings ?? ''}
genesys:
  - name: main
    api_url: "${this.genesys}"
    login_url: "${this.genesys}"
    client_id: ${CLIENT_ID}
    client_secret: ${CLIENT_SECRET}
    requests_per_minute: ${extra.requestsPerMinute ?? 0}
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
${extra.partner ?? ''}
${extra.bridges ?? ''}
`);
    }

    async startEmulator() {
        this.emulator = new Child(EMULATOR, [
            '--listen', `127.0.0.1:${this.ports.genesys}`,
            '--client-id', CLIENT_ID, '--client-secret', CLIENT_SECRET,
            '--integration', INTEGRATION,
            '--webhook-url', `${this.base}/webhooks/genesys/acme`,
            '--webhook-secret', GENESYS_SECRET,
            '--requests-per-minute', '0',
            ...(this.options.emulator ?? []),
        ]);
        await this.untilAnswers(`${this.genesys}/_emulator/tokens`, this.emulator);
    }

    async startGateway(env = {}) {
        const prefix = this.options.wrap ?? [];
        const command = [...prefix, OMGW, 'serve', '--config', this.configFile];
        this.gateway = new Child(command[0], command.slice(1), {
            env: { ...process.env, ...(this.options.env ?? {}), ...env },
        });
        return this.gateway.untilEvent('serve.started', 30000);
    }

    async untilAnswers(url, child) {
        await until(`${url} to answer`, async () => {
            if (child.code !== undefined)
                throw new Error(`ended with ${child.code}: ${child.lines.join('\n')}`);
            try {
                return (await request(url)).status === 200;
            } catch {
                return false;
            }
        });
    }

    // SIGTERM; resolves to the exit code.
    async stopGateway() {
        const { code } = await this.gateway.kill('SIGTERM');
        return code;
    }

    async killGateway() {
        await this.gateway.kill('SIGKILL');
    }

    async stop() {
        await this.gateway?.kill();
        await this.emulator?.kill('SIGKILL');
        await this.partner.stop();
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

    agent(to, text, more = {}) {
        return this.control('agent', { integrationId: INTEGRATION, to, text, ...more });
    }

    fault(rule) {
        return this.control('faults', rule);
    }

    clearFaults() {
        return this.control('faults', undefined, 'DELETE');
    }

    // --- the gateway's own words ---------------------------------------------------------

    async omgw(...args) {
        const child = new Child(OMGW, [...args, '--config', this.configFile]);
        const { code } = await child.ended;
        return { code, text: [...child.lines, child.text].join('\n') };
    }

    async trace(id) {
        const { code, text } = await this.omgw('trace', id, '--json');
        if (code !== 0)
            throw new Error(`trace ${id}: ${code} ${text}`);
        return JSON.parse(text);
    }

    // Sum of a metric over all series whose labels contain every given piece.
    async metric(name, ...labels) {
        const { body } = await request(`${this.admin}/metrics`);
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
