// A server with files, as a partner's or Genesys' would be: good, slow, gone.
import http from 'node:http';
import { once } from 'node:events';

// The smallest there are, with something behind that tells them apart.
export const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'),
    Buffer.from('not really a picture, but it begins like one')]);
export const JPEG = Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'),
    Buffer.from('nor is this')]);
export const PDF = Buffer.from('%PDF-1.4\nnothing to read here\n%%EOF\n');

export class FileHost {
    constructor() {
        this.files = new Map(); // path -> function (req, res)
        this.asked = [];        // {path, headers}
        this.failures = new Map();
    }

    async start() {
        this.server = http.createServer((req, res) => {
            this.asked.push({ path: req.url, headers: req.headers });
            const failure = this.failures.get(req.url);
            if (failure !== undefined && failure.times-- > 0) {
                res.writeHead(failure.status).end();
                return;
            }
            const file = this.files.get(req.url);
            if (file === undefined)
                res.writeHead(404).end();
            else
                file(req, res);
        });
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    async stop() {
        this.server.closeAllConnections();
        this.server.close();
    }

    #at(where, answer) {
        this.files.set(where, answer);
        return this.url + where;
    }

    put(where, bytes, type) {
        return this.#at(where, (req, res) => {
            res.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
            res.end(bytes);
        });
    }

    refuse(where, status) {
        return this.#at(where, (req, res) => res.writeHead(status).end());
    }

    // Takes the request and says nothing.
    silent(where) {
        return this.#at(where, () => undefined);
    }

    redirect(where, to) {
        return this.#at(where, (req, res) => res.writeHead(302, { location: to }).end());
    }

    // The first `times` requests are answered so.
    fail(where, status, times) {
        this.failures.set(where, { status, times });
    }

    // Half of it at once, the rest when told.
    slow(where, bytes, type) {
        let go;
        const told = new Promise((resolve) => {
            go = resolve;
        });
        const half = bytes.length >> 1;
        const url = this.#at(where, async (req, res) => {
            res.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
            res.write(bytes.subarray(0, half));
            await told;
            res.end(bytes.subarray(half));
        });
        return { url, go };
    }

    calls(where) {
        return this.asked.filter((one) => one.path === where).length;
    }

    headersOf(where) {
        return this.asked.filter((one) => one.path === where).map((one) => one.headers);
    }
}

// Resolves to {status, headers, bytes}.
export async function download(url, options) {
    const answer = await fetch(url, options);
    return { status: answer.status, headers: Object.fromEntries(answer.headers),
        bytes: Buffer.from(await answer.arrayBuffer()) };
}
