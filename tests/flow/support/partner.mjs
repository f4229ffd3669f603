// A partner: signs webhooks to the gateway and receives its own, with node:crypto only.
import { createHmac, randomUUID } from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';
import { CANARIES } from './canary.mjs';
import { until } from './process.mjs';

export const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });

export function sign(secret, id, timestamp, body) {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return 'v1,' + createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body)
        .digest('base64');
}

// One HTTP request; resolves to {status, headers, body, json}.
export function request(url, { method = 'GET', headers = {}, body, timeoutMs = 30000 } = {}) {
    return new Promise((resolve, reject) => {
        const req = http.request(url, { method, headers, agent }, (res) => {
            const chunks = [];
            res.on('data', (chunk) => chunks.push(chunk));
            res.on('end', () => {
                const text = Buffer.concat(chunks).toString();
                let json;
                try {
                    json = JSON.parse(text);
                } catch {
                    json = undefined;
                }
                resolve({ status: res.statusCode, headers: res.headers, body: text, json });
            });
            res.on('error', reject);
        });
        req.setTimeout(timeoutMs, () => req.destroy(new Error('no answer in time')));
        req.on('error', reject);
        req.end(body);
    });
}

export class Partner {
    constructor() {
        this.received = []; // {id, type, data, headers, at, verified}
        this.seen = [];     // every request, also the refused ones
        this.rules = [];    // answer rules: functions (event) -> {status, headers, body, drop, hang}
        this.sent = [];     // data of every event it tried to send
        this.clockAheadMs = 0;
    }

    // Listens; on a given port after a stop.
    async start(port = 0) {
        this.server = http.createServer((req, res) => {
            const chunks = [];
            req.on('data', (chunk) => chunks.push(chunk));
            req.on('end', () => this.#take(req, res, Buffer.concat(chunks)));
        });
        this.server.keepAliveTimeout = 60000;
        this.server.listen(port, '127.0.0.1');
        await once(this.server, 'listening');
        this.port = this.server.address().port;
        this.url = `http://127.0.0.1:${this.port}/omgw`;
        return this;
    }

    async stop() {
        this.server.closeAllConnections();
        this.server.close();
    }

    #take(req, res, body) {
        const id = req.headers['webhook-id'];
        const timestamp = req.headers['webhook-timestamp'];
        const signatures = (req.headers['webhook-signature'] ?? '').split(' ');
        const event = {
            id,
            at: Date.now(),
            path: req.url,
            connection: req.socket.remotePort,
            headers: req.headers,
            raw: body,
            verified: signatures.includes(sign(SECRET, id, timestamp, body)),
            ...JSON.parse(body),
        };
        this.seen.push(event);
        const answer = this.rules.map((rule) => rule(event)).find((a) => a) ??
            { status: 200 };
        if (answer.keep ?? (answer.status >= 200 && answer.status < 300))
            this.received.push(event);
        if (answer.hang)
            return;
        if (answer.drop) {
            req.socket.destroy();
            return;
        }
        res.writeHead(answer.status, {
            'content-type': 'application/json', ...(answer.headers ?? {}),
        });
        res.end(answer.body === undefined ? '{}' : JSON.stringify(answer.body));
    }

    of(type) {
        return this.received.filter((event) => event.type === type);
    }

    // The gateway's public base URL and bridge, set by the world.
    target(base, bridge) {
        this.base = base;
        this.bridge = bridge;
    }

    headers(body, { id = `msg_${randomUUID()}`, secret = SECRET,
        timestamp = Math.floor((Date.now() + this.clockAheadMs) / 1000) } = {}) {
        return {
            'content-type': 'application/json',
            authorization: `Bearer ${CANARIES.bearer}`,
            'x-canary': CANARIES.header,
            'content-length': Buffer.byteLength(body),
            'webhook-id': id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': sign(secret, id, timestamp, body),
        };
    }

    // Sends one event; resolves to the gateway's answer.
    async send(type, data, options = {}) {
        this.sent.push(data);
        const body = options.body ?? JSON.stringify({
            type, timestamp: new Date().toISOString(), data, canary: CANARIES.member,
        });
        return request(`${this.base}/webhooks/channels/${options.bridge ?? this.bridge}`, {
            method: 'POST',
            headers: { ...this.headers(body, options), ...(options.headers ?? {}) },
            body,
        });
    }

    message(from, text, more = {}, options = {}) {
        return this.send('message.created',
            { id: `m-${randomUUID()}`, from: { id: from }, text, ...more }, options);
    }

    async untilReceived(what, predicate, count = 1, timeoutMs = 15000) {
        await until(`${count} x ${what} at the partner (has ${
            this.received.filter(predicate).length})`,
        () => this.received.filter(predicate).length >= count, timeoutMs);
        return this.received.filter(predicate);
    }
}
