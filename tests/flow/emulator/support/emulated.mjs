// An emulator as a real process, what a gateway would ask of it, and a webhook to call.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from '../../support/partner.mjs';
import { Child, until } from '../../support/process.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const BUILD = process.env.OMGW_BUILD ?? path.resolve(here, '../../../../build/asan');
export const EMULATOR = path.join(BUILD, 'genesys-emulator');

export const INTEGRATION = '5a1d3a52-0000-4000-8000-000000000002';
export const SECRET = 'example-signing-secret-0001';
export const CLIENT = 'the-client';
export const CLIENT_SECRET = 'the client\'s secret: 100%';

export const OPEN = '/api/v2/conversations/messaging/integrations/open';

export class Emulated {
    // Starts one with the given extra arguments; ended with the test.
    static async start(t, { args = [], webhookUrl = 'http://127.0.0.1:9/nobody' } = {}) {
        const emulated = new Emulated();
        emulated.child = new Child(EMULATOR, [
            '--listen', '127.0.0.1:0', '--client-id', CLIENT, '--client-secret', CLIENT_SECRET,
            '--integration', INTEGRATION, '--webhook-url', webhookUrl,
            '--webhook-secret', SECRET, ...args,
        ]);
        t.after(() => emulated.stop());
        const line = await until('the emulator to listen', () => {
            assertRuns(emulated.child);
            return emulated.child.lines.find((text) => text.includes('listens on'));
        });
        emulated.url = line.split(' ').at(-1);
        return emulated;
    }

    // Ends it as an operator would; a leak or a data race shows in the exit code.
    async stop() {
        const { code } = await this.child.kill('SIGTERM');
        if (code !== 0)
            throw new Error(`ended with ${code}:\n${this.child.lines.join('\n')}`);
    }

    async login() {
        const answer = await this.askToken({ id: CLIENT, secret: CLIENT_SECRET });
        this.token = answer.json.access_token;
        return this.token;
    }

    askToken({ id, secret, body = 'grant_type=client_credentials', headers = {} }) {
        const basic = Buffer.from(`${id}:${secret}`).toString('base64');
        return request(`${this.url}/oauth/token`, {
            method: 'POST',
            headers: {
                'content-type': 'application/x-www-form-urlencoded',
                ...(id === undefined ? {} : { authorization: `Basic ${basic}` }),
                ...headers,
            },
            body,
        });
    }

    // One API call with a token; resolves to the answer.
    async call(method, pathname, body, { headers = {}, raw } = {}) {
        const token = this.token ?? await this.login();
        const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
        return request(`${this.url}${pathname}`, {
            method,
            headers: {
                authorization: `Bearer ${token}`,
                ...(text === undefined ? {} : {
                    'content-type': 'application/json',
                    'content-length': Buffer.byteLength(text),
                }),
                ...headers,
            },
            body: text,
        });
    }

    inbound(kind, body, { integration = INTEGRATION, query = '', ...options } = {}) {
        const pathname = `/api/v2/conversations/messages/${integration}/inbound/open/${kind}`;
        return this.call('POST', pathname + query, body, options);
    }

    // A message of a customer; resolves to the answer's body with its conversation.
    async say(from, text, options = {}) {
        const answer = await this.inbound('message', message({ from, text }),
            { query: '?prefetchConversationId=true', ...options });
        if (answer.status !== 200)
            throw new Error(`message: ${answer.status} ${answer.body}`);
        return answer.json;
    }

    // A control call; resolves to what it says.
    async control(pathname, body, method) {
        const answer = await this.tryControl(pathname, body, method);
        if (answer.status !== 200)
            throw new Error(`${pathname}: ${answer.status} ${answer.body}`);
        return answer.json;
    }

    tryControl(pathname, body, method = body === undefined ? 'GET' : 'POST') {
        return request(`${this.url}/_emulator/${pathname}`, {
            method, body: body === undefined ? undefined : JSON.stringify(body),
        });
    }

    agent(to, more) {
        return this.control('agent', { integrationId: INTEGRATION, to, ...more });
    }

    async untilState(id, state) {
        return until(`message ${id} to be ${state}`, async () => {
            const rows = await this.control('outbound');
            return rows.find((row) => row.id === id && row.state === state);
        });
    }
}

function assertRuns(child) {
    if (child.code !== undefined)
        throw new Error(`the emulator ended with ${child.code}:\n${child.lines.join('\n')}`);
}

export const TIME = '2026-02-03T09:15:40.250Z';

// A valid inbound message; every part can be replaced (text: null leaves it out).
export function message({ from = 'ana', text = 'Hello', channel = {}, ...more } = {}) {
    return {
        channel: {
            messageId: 'm-1', time: TIME, from: { id: from, idType: 'Opaque' }, ...channel,
        },
        ...(text === null ? {} : { text }),
        ...more,
    };
}

// A webhook that takes what comes and answers as its rules say.
export class Webhook {
    constructor() {
        this.received = []; // {body, raw, headers, at}
        this.answer = () => ({ status: 200 }); // (event, number from 1) -> {status, hang}
    }

    static async start(t) {
        const webhook = new Webhook();
        webhook.server = http.createServer((req, res) => {
            const chunks = [];
            req.on('data', (chunk) => chunks.push(chunk));
            req.on('end', () => webhook.#take(req, res, Buffer.concat(chunks)));
        });
        webhook.server.listen(0, '127.0.0.1');
        await once(webhook.server, 'listening');
        webhook.url = `http://127.0.0.1:${webhook.server.address().port}/hook?a=1`;
        t.after(() => {
            webhook.server.closeAllConnections();
            webhook.server.close();
        });
        return webhook;
    }

    #take(req, res, raw) {
        const event = {
            body: JSON.parse(raw), raw, headers: req.headers, at: Date.now(),
            method: req.method, url: req.url,
        };
        this.received.push(event);
        const { status, hang } = this.answer(event, this.received.length);
        if (hang)
            return;
        res.writeHead(status);
        res.end();
    }

    until(count) {
        return until(`${count} webhooks (has ${this.received.length})`,
            () => this.received.length >= count && this.received);
    }
}

export function signature(secret, raw) {
    return 'sha256=' + createHmac('sha256', secret).update(raw).digest('base64');
}
