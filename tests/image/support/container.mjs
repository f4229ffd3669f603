// Runs a program as a container engine would, by bubblewrap: really under the account, with
// no capability, in namespaces of its own (but the network's), the root read-only.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, until } from '../../flow/support/process.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const IMAGES = path.join(root, 'build/image');
export const DOCKER = path.join(root, 'docker');

// Instructions of a stage of the Dockerfile, by name: the last of each.
export function stage(name) {
    const text = readFileSync(path.join(DOCKER, 'Dockerfile'), 'utf8')
        .replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, ' ');
    const [, body] = new RegExp(`^FROM \\S+ AS ${name}\\n([^]*?)(?=^FROM |$(?![^]))`, 'm')
        .exec(text);
    return Object.fromEntries(body.split('\n').filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

// A folder that every account may enter, which ends with the test.
export function folder(t) {
    const dir = mkdtempSync(path.join(tmpdir(), 'omgw-image-'));
    chmodSync(dir, 0o755);
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
}

// An image as a container has it: with the names of the other containers.
export function containerRoot(dir, image) {
    const target = path.join(dir, image);
    cpSync(path.join(IMAGES, image), target, { recursive: true, verbatimSymlinks: true,
        preserveTimestamps: true });
    writeFileSync(path.join(target, 'etc/hosts'), HOSTS);
    return target;
}

export const HOSTS = '127.0.0.1 localhost omgw emulator\n';

// command: what runs; uid: under which account; mounts: bubblewrap's options for its file
// system; env: all of its environment.
export class Container {
    constructor({ command, uid, mounts, env = {}, cwd = '/' }) {
        const account = String(uid);
        this.child = new Child('setpriv', [
            '--reuid', account, '--regid', account, '--clear-groups',
            '--bounding-set', '-all', '--no-new-privs', '--',
            'bwrap', '--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts',
            '--uid', account, '--gid', account, '--disable-userns', '--cap-drop', 'ALL',
            ...mounts, '--proc', '/proc', '--dev', '/dev', '--clearenv',
            ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
            '--chdir', cwd, '--as-pid-1', '--die-with-parent', '--json-status-fd', '3',
            '--', ...command,
        ], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
        this.status = '';
        this.child.process.stdio[3].on('data', (chunk) => { this.status += chunk; });
    }

    // Of the process that is 1 inside.
    async pid() {
        await until('the container', () => {
            assert.equal(this.child.code, undefined, this.log());
            return /"child-pid": (\d+)/.test(this.status);
        });
        return Number(/"child-pid": (\d+)/.exec(this.status)[1]);
    }

    log() {
        return [...this.child.lines.slice(-20), this.child.text].join('\n');
    }

    // SIGTERM to 1, as an engine stops a container; resolves to the exit code.
    async stop(signal = 'SIGTERM') {
        if (this.child.code === undefined)
            process.kill(await this.pid(), signal);
        await this.child.ended;
        return this.child.code;
    }
}

// A member of /proc/PID/status.
export function statusOf(pid, member) {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return new RegExp(`^${member}:(.*)$`, 'm').exec(text)[1].trim();
}

// Where a process may write, but for what the kernel shows in /dev and /proc.
export function writableMounts(pid) {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n')
        .map((line) => line.split(' '))
        .filter(([, , , , where, options]) => /(^|,)rw(,|$)/.test(options) &&
            !/^\/(dev|proc)(\/|$)/.test(where))
        .map(([, , , , where]) => where).sort();
}
