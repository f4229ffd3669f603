// Core files below a folder: whatever they are called, they are known by their first bytes.
import { closeSync, lstatSync, openSync, readSync, readdirSync } from 'node:fs';
import path from 'node:path';

const ET_CORE = 4;

function isCore(file) {
    const head = Buffer.alloc(18);
    let fd;
    try {
        fd = openSync(file, 'r');
        readSync(fd, head, 0, head.length, 0);
    } catch {
        return false; // gone, or not for us
    } finally {
        if (fd !== undefined)
            closeSync(fd);
    }
    return head.toString('latin1', 0, 4) === '\x7fELF' && head.readUInt16LE(16) === ET_CORE;
}

// Those changed after that time; `skip` says which folders are not entered.
export function coreFiles(folder, sinceMs = 0, skip = () => false) {
    const found = [];
    let entries = [];
    try {
        entries = readdirSync(folder, { withFileTypes: true });
    } catch {
        return found;
    }
    for (const entry of entries) {
        const file = path.join(folder, entry.name);
        if (entry.isDirectory() && !skip(file))
            found.push(...coreFiles(file, sinceMs, skip));
        else if (entry.isFile() && (lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ??
            0) >= sinceMs && isCore(file))
            found.push(file);
    }
    return found;
}
