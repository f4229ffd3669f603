// A messaging service of our own, over HTTP: keeps what it is asked, answers as it is told.
import http from 'node:http';
import { once } from 'node:events';
import { request } from './partner.mjs';
import { until } from './process.mjs';

export class Service {
    constructor() {
        this.calls = [];   // {method, path, headers, body, json, at}, in the order they came
        this.answers = []; // functions (call) -> {status, headers, json or text} or undefined: the usual
        this.connections = new Set();
    }

    async start() {
        this.server = http.createServer((req, res) => {
            const chunks = [];
            req.on('data', (chunk) => chunks.push(chunk));
            req.on('end', () => this.#take(req, res, Buffer.concat(chunks)));
        });
        this.server.on('connection', (socket) => {
            this.connections.add(socket);
            socket.once('close', () => this.connections.delete(socket));
        });
        this.server.keepAliveTimeout = 60000;
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    #take(req, res, body) {
        const call = { method: req.method, path: req.url, headers: req.headers,
            body: body.toString(), bytes: body, at: Date.now() };
        try {
            call.json = JSON.parse(call.body);
        } catch {
            call.json = undefined;
        }
        call.form = formOf(call);
        this.calls.push(call);
        const special = this.answers.map((answer) => answer(call)).find((a) => a !== undefined);
        call.answer = special ?? this.usual(call);
        if (call.answer.held) // a promise: it is answered when that is kept
            call.answer.held.then(() => this.#answer(call, req, res));
        else
            this.#answer(call, req, res);
    }

    #answer(call, req, res) {
        if (call.answer.hang) // nor is there an end to waiting
            return;
        if (call.answer.drop) { // it was taken, and nobody hears of it
            req.socket.destroy();
            return;
        }
        if (call.answer.bytes !== undefined) {
            res.writeHead(200, call.answer.headers);
            res.end(call.answer.bytes);
            return;
        }
        res.writeHead(call.answer.status ?? 200,
            { 'content-type': 'application/json', ...call.answer.headers });
        res.end(call.answer.text ?? JSON.stringify(call.answer.json ?? {}));
    }

    // Answers the next `times` calls that `matches` so.
    next(matches, answer, times = 1) {
        let left = times;
        this.answers.push((call) => (left > 0 && matches(call) && left-- > 0
            ? answer : undefined));
    }

    async untilCalls(what, matches, count = 1) {
        return until(what, () => {
            const found = this.calls.filter(matches);
            return found.length >= count && found;
        });
    }

    async stop() {
        this.server.close();
        for (const socket of this.connections)
            socket.destroy();
    }
}

// {name: {filename, type, bytes, text}} of multipart/form-data; undefined of anything else.
export function formOf({ headers, bytes }) {
    const [, boundary] = (headers['content-type'] ?? '').match(/^multipart\/form-data; boundary=(\S+)$/) ?? [];
    if (boundary === undefined)
        return undefined;
    const form = {};
    for (const part of bytes.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
        const [head, ...rest] = part.slice(2).split('\r\n\r\n');
        const value = Buffer.from(rest.join('\r\n\r\n').slice(0, -2), 'latin1');
        const [, name] = head.match(/name="([^"]*)"/);
        form[name] = { filename: head.match(/filename="([^"]*)"/)?.[1],
            type: head.match(/content-type: (\S+)/i)?.[1], bytes: value,
            text: value.toString() };
    }
    return form;
}

// A webhook of the service to the gateway.
export function post(url, body, headers) {
    return request(url, { method: 'POST', body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers } });
}
