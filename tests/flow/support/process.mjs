// Child processes of the flow tests: started with their output kept, waited for by what they
// say, ended by their own id.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { leave } from './canary.mjs';

// Waits until `condition()` gives something true; fails loudly with what it waited for.
export async function until(what, condition, timeoutMs = 30000, everyMs = 10) {
    const end = Date.now() + timeoutMs;
    for (;;) {
        const value = await condition();
        if (value)
            return value;
        if (Date.now() > end)
            throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
}

function listens(...place) {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once('listening', () => resolve(server));
        server.once('error', () => resolve(undefined));
        server.listen(...place);
    });
}

// A port that nobody listens on now, and that no other test of this machine is given while
// this process lives: a name of the port is held, which ends with whoever holds it (an
// abstract Unix socket). Below the range from which the system takes the ports of outgoing
// connections: one of those may be gone before whoever asked listens on it.
export async function freePort() {
    for (;;) {
        const port = randomInt(10000, 32000);
        const name = await listens(`\0omgw-test-port-${port}`);
        const server = name && await listens(port, '127.0.0.1');
        name?.unref();
        if (!server) {
            name?.close();
            continue;
        }
        server.close();
        await once(server, 'close');
        return port;
    }
}

let children = 0;

export class Child {
    // What it writes is left as "NAME.N.log": see canary.mjs. A name is "WORLD.KIND".
    constructor(command, args, { name = 'nobody.process', ...options } = {}) {
        this.command = command;
        this.name = `${name}.${process.pid}-${++children}`;
        this.lines = [];
        this.text = '';
        this.process = spawn(command, args, {
            stdio: ['ignore', 'pipe', 'pipe'],
            ...options,
        });
        for (const stream of [this.process.stdout, this.process.stderr])
            stream.on('data', (chunk) => this.#take(chunk));
        this.closed = new Promise((resolve) => this.process.once('close', resolve)).then(() =>
            leave(`${this.name}.log`, [...this.lines, this.text].join('\n')));
        this.ended = new Promise((resolve) => {
            this.process.once('exit', (code, signal) => resolve(this.#end(code, signal)));
            // Without a process there is no exit, and 127 is what a shell says.
            this.process.once('error', (error) => {
                this.lines.push(`cannot start ${command}: ${error.code}`);
                resolve(this.#end(127, null));
            });
        });
    }

    #end(code, signal) {
        this.code = code;
        this.signal = signal;
        return { code, signal };
    }

    #take(chunk) {
        this.text += chunk;
        const parts = this.text.split('\n');
        this.text = parts.pop();
        this.lines.push(...parts);
    }

    // The JSON log lines of that event.
    events(name) {
        const found = [];
        for (const line of this.lines) {
            if (!line.includes(`"${name}"`))
                continue;
            try {
                const event = JSON.parse(line);
                if (event.event === name)
                    found.push(event);
            } catch {
                // not a log line
            }
        }
        return found;
    }

    async untilEvent(name, timeoutMs = 15000) {
        return until(`${this.command} to say ${name}\n${this.lines.slice(-20).join('\n')}`,
            () => {
                if (this.code !== undefined && this.code !== null)
                    throw new Error(`${this.command} ended with ${this.code}:\n` +
                        [...this.lines.slice(-20), this.text].join('\n'));
                return this.events(name)[0];
            }, timeoutMs);
    }

    // Waits for its end; resolves to its exit code and all that it wrote. What it wrote last
    // is read only when its pipes are closed, which a child of its own can hold open: those
    // that await `ended` do not wait for that.
    async said() {
        const { code } = await this.ended;
        await this.closed;
        return { code, text: [...this.lines, this.text].join('\n') };
    }

    kill(signal = 'SIGKILL') {
        // Where nothing was started, libuv signals process 0: our own group.
        const runs = this.process.exitCode === null && this.process.signalCode === null;
        if (runs && this.process.pid !== undefined)
            this.process.kill(signal);
        return this.ended;
    }
}
