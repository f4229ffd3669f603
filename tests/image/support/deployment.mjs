// What docker/compose.yaml starts, container by container: omgw, the emulator, a proxy; and
// a partner on the outside.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync }
    from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { until } from '../../flow/support/process.mjs';
import { Partner, SECRET, request } from '../../flow/support/partner.mjs';
import { Container, DOCKER, HOSTS, containerRoot, folder, stage } from './container.mjs';

const OWNER = 65532;
const UNPRIVILEGED_NGINX = 101;

// A file of docker/ where each account can read it.
function published(dir, name) {
    copyFileSync(path.join(DOCKER, name), path.join(dir, name));
    return path.join(dir, name);
}

// The system's programs, with one tmpfs for each path that the container may write to.
function systemMounts(dir, { tmpfs, secrets, files }) {
    return ['--ro-bind', '/', '/', ...tmpfs.flatMap((place) => ['--tmpfs', place]),
        '--tmpfs', '/run', '--ro-bind', secrets, '/run/secrets', '--remount-ro', '/run',
        '--ro-bind', path.join(dir, 'hosts'), '/etc/hosts',
        ...files.flatMap(([from, to]) => ['--ro-bind', from, to])];
}

export const PROXIES = {
    nginx: {
        url: 'https://localhost:8443',
        body: 26000, // within which a slow body ends
        start: (dir, secrets) => new Container({
            command: ['/usr/sbin/nginx', '-e', 'stderr', '-g', 'daemon off;'],
            uid: UNPRIVILEGED_NGINX,
            mounts: systemMounts(dir, { tmpfs: ['/tmp'], secrets,
                files: [[published(dir, 'nginx.conf'), '/etc/nginx/nginx.conf']] }),
        }),
    },
    caddy: {
        url: 'https://localhost:443',
        body: 41000,
        start: (dir, secrets) => new Container({
            command: ['/usr/bin/caddy', 'run', '--config', '/etc/caddy/Caddyfile'],
            uid: UNPRIVILEGED_NGINX,
            mounts: systemMounts(dir, { tmpfs: ['/tmp', '/mnt'], secrets,
                files: [[published(dir, 'Caddyfile'), '/etc/caddy/Caddyfile']] }),
            env: { HOME: '/mnt', OMGW_HOST: 'localhost',
                OMGW_TLS: 'tls /run/secrets/tls.crt /run/secrets/tls.key' },
        }),
    },
};

export class Deployment {
    // env: more of omgw's environment.
    static async start(t, proxy, env = {}) {
        const deployment = new Deployment();
        deployment.dir = folder(t);
        deployment.env = env;
        deployment.url = PROXIES[proxy].url;
        deployment.#makeSecrets();
        deployment.partner = await new Partner().start();
        t.after(() => deployment.partner.stop());
        t.after(() => deployment.#end());
        deployment.#prepare();
        await deployment.startGateway();
        await deployment.startEmulator();
        deployment.proxy = PROXIES[proxy].start(deployment.dir, deployment.secrets);
        await until(`${proxy} to answer`, async () => {
            assert.equal(deployment.proxy.child.code, undefined, deployment.proxy.log());
            return (await deployment.ask('GET', '/').catch(() => ({}))).status === 404;
        });
        return deployment;
    }

    // The trial's secrets; the partner's is the one that the tests sign with.
    #makeSecrets() {
        this.secrets = path.join(this.dir, 'secrets');
        mkdirSync(this.secrets, { mode: 0o755 });
        writeFileSync(path.join(this.secrets, 'acme'), SECRET);
        execFileSync(path.join(DOCKER, 'make-secrets'), [this.dir]);
        this.ca = readFileSync(path.join(this.secrets, 'ca.crt'));
        this.token = readFileSync(path.join(this.secrets, 'admin-token'), 'utf8').trim();
    }

    #prepare() {
        writeFileSync(path.join(this.dir, 'hosts'), HOSTS);
        this.root = containerRoot(this.dir, 'omgw');
        this.emulatorRoot = containerRoot(this.dir, 'emulator');
        appendFileSync(path.join(this.emulatorRoot, 'etc/ssl/certs/ca-certificates.crt'),
            this.ca);
        this.etc = path.join(this.dir, 'etc');
        mkdirSync(this.etc);
        copyFileSync(path.join(DOCKER, 'omgw.yaml'), path.join(this.etc, 'omgw.yaml'));
        this.data = path.join(this.dir, 'data');
        mkdirSync(this.data, { mode: 0o700 });
        chownSync(this.data, OWNER, OWNER);
    }

    // As the Dockerfile says, with what services.yaml mounts.
    run(command) {
        const image = stage('omgw');
        const [uid] = image.USER.split(':');
        const [name, value] = image.ENV.split('=');
        return new Container({
            command: [...JSON.parse(image.ENTRYPOINT), ...command],
            uid,
            mounts: ['--ro-bind', this.root, '/', '--ro-bind', this.etc, '/etc/omgw',
                '--ro-bind', this.secrets, '/run/secrets',
                '--perms', '0700', '--tmpfs', '/run/omgw', '--bind', this.data, image.VOLUME],
            cwd: image.WORKDIR,
            env: {
                [name]: value,
                // The network's addresses are all of one machine here.
                OMGW_TRUSTED_PROXIES: '127.0.0.1',
                OMGW_BRIDGES__ACME__PARTNER__CALLBACK_URL: this.partner.url,
                ...this.env,
            },
        });
    }

    async startGateway() {
        this.gateway = this.run(JSON.parse(stage('omgw').CMD));
        await this.gateway.child.untilEvent('serve.started');
    }

    // The HEALTHCHECK's exit code.
    async health() {
        const image = stage('omgw');
        const [program, ...rest] = JSON.parse(/CMD (.*)/.exec(image.HEALTHCHECK)[1]);
        assert.deepEqual([program], JSON.parse(image.ENTRYPOINT));
        const container = this.run(rest);
        return (await container.child.ended).code;
    }

    // As services.yaml starts it, but its webhooks take the way through the proxy.
    async startEmulator() {
        const values = Object.fromEntries(readFileSync(path.join(this.dir, '.env'), 'utf8')
            .trim().split('\n').map((line) => line.split('=')));
        const options = [...readFileSync(path.join(DOCKER, 'services.yaml'), 'utf8')
            .matchAll(/^ {6}- (--\S.*)$/gm)].map(([, option]) => option
            .replace(/\$\{(\w+):\?[^}]*\}/, (_, name) => values[name])
            .replace(/^--webhook-url=.*?(?=\/webhooks)/, `--webhook-url=${this.url}`));
        this.emulator = new Container({
            command: [...JSON.parse(stage('emulator').ENTRYPOINT), ...options],
            uid: OWNER,
            mounts: ['--ro-bind', this.emulatorRoot, '/'],
        });
        this.genesys = 'http://127.0.0.1:8090';
        await until('the emulator', async () => {
            assert.equal(this.emulator.child.code, undefined, this.emulator.log());
            return (await request(`${this.genesys}/_emulator/tokens`).catch(() => ({})))
                .status === 200;
        });
    }

    async #end() {
        for (const container of [this.proxy, this.gateway, this.emulator])
            await container?.stop('SIGKILL');
    }

    // --- the outside -------------------------------------------------------------------

    // One request through the proxy. `from`: the client's address, of 127.0.0.0/8.
    // `write(req)`: in place of the body, for clients that take their time.
    async ask(method, pathname, { headers = {}, body, from = '127.0.0.9', write } = {}) {
        const req = https.request(`${this.url}${pathname}`,
            { method, headers, ca: this.ca, localAddress: from, agent: false });
        if (write === undefined)
            req.end(body);
        else
            write(req);
        const [res] = await once(req, 'response');
        res.resume();
        return { status: res.statusCode, headers: res.headers };
    }

    event(text, contact = 'ana') {
        return JSON.stringify({ type: 'message.created', timestamp: new Date().toISOString(),
            data: { id: `m-${Math.random()}`, from: { id: contact }, text } });
    }

    // A partner's webhook through the proxy.
    say(text, { headers = {}, ...options } = {}) {
        const body = this.event(text);
        return this.ask('POST', '/webhooks/channels/acme',
            { headers: { ...this.partner.headers(body), ...headers }, body, ...options });
    }

    // One that does not end until `finish` is called.
    begin(text, options = {}) {
        const body = this.event(text);
        const { headers = {}, ...rest } = options;
        let req;
        const answer = this.ask('POST', '/webhooks/channels/acme', {
            headers: { ...this.partner.headers(body), ...headers },
            write: (it) => {
                req = it;
                req.on('error', () => {});
                req.write(body.slice(0, 10));
            },
            ...rest,
        });
        answer.catch(() => {});
        return { answer, finish: () => req.end(body.slice(10)) };
    }

    async control(pathname, body) {
        const answer = await request(`${this.genesys}/_emulator/${pathname}`,
            body === undefined ? {} : { method: 'POST', body: JSON.stringify(body),
                headers: { 'content-type': 'application/json' } });
        assert.ok(answer.status < 300, `${pathname}: ${answer.status} ${answer.body}`);
        return answer.json;
    }

    async untilMessages(count) {
        return until(`${count} messages at Genesys`, async () => {
            const rows = await this.control('messages');
            return rows.length >= count && rows;
        });
    }

    metrics(token) {
        return request('http://127.0.0.1:9090/metrics',
            token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    }
}
