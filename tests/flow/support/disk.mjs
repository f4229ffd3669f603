// A disk of its own for a test, small enough to be filled.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

// The folder of a file system that small; null, with the reason told, where none can be
// mounted. It goes with the test, also with one whose world never started: `stop` ends what
// still uses it.
export function smallDisk(t, name, size, stop = async () => {}) {
    const mount = path.join(tmpdir(), `omgw-${name}-${process.pid}`);
    mkdirSync(mount, { recursive: true });
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', mount],
            { stdio: 'pipe' });
    } catch (error) {
        rmSync(mount, { recursive: true });
        t.skip(`no tmpfs can be mounted here: ${error.stderr}`);
        return null;
    }
    t.after(async () => {
        try {
            await stop();
        } finally {
            execFileSync('umount', [mount]);
            rmSync(mount, { recursive: true });
        }
    });
    return mount;
}
