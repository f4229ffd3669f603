// The wall clock of a gateway, moved while it runs, by libfaketime.
//
// libfaketime does not go with sanitizers, so the gateway is of another build: of
// OMGW_BUILD_PLAIN, by default build/release. The offset stands in a file that is read at
// every look at the clock. The monotonic clock stays the real one, as on a machine whose
// wall clock is set.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync }
    from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

export const PLAIN = path.join(process.env.OMGW_BUILD_PLAIN ??
    path.resolve(here, '../../../build/release'), 'omgw');

function library() {
    const found = readdirSync('/usr/lib')
        .map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`).find(existsSync);
    assert.ok(found, 'the package faketime is not installed');
    return found;
}

export class Clock {
    constructor(t) {
        assert.ok(existsSync(PLAIN), `no ${PLAIN}: set OMGW_BUILD_PLAIN to a build without ` +
            'sanitizers (cmake --preset release)');
        this.dir = mkdtempSync(path.join(tmpdir(), 'omgw-clock-'));
        t.after(() => rmSync(this.dir, { recursive: true }));
        this.set(0);
        this.options = {
            program: PLAIN,
            env: {
                LD_PRELOAD: library(),
                FAKETIME_TIMESTAMP_FILE: this.#file(),
                FAKETIME_NO_CACHE: '1',
                FAKETIME_DONT_FAKE_MONOTONIC: '1',
            },
        };
    }

    #file() {
        return path.join(this.dir, 'offset');
    }

    // How far it is ahead of the real one; a reader never sees half of it.
    set(aheadMs) {
        this.aheadMs = aheadMs;
        const next = `${this.#file()}.next`;
        writeFileSync(next, `${aheadMs < 0 ? '-' : '+'}${Math.abs(aheadMs) / 1000}\n`);
        renameSync(next, this.#file());
    }

    move(ms) {
        this.set(this.aheadMs + ms);
    }
}
