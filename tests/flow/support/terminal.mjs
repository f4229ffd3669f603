// A command on a terminal of its own, as wide as the test wants it.
import { OMGW } from './world.mjs';
import { Child } from './process.mjs';

const quote = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

// Resolves to the exit code and what the terminal got. options: columns, env.
export async function onTerminal(args, { columns = 80, env = {}, input } = {}) {
    const command = `stty cols ${columns} rows 24 -onlcr -echo; ${
        [OMGW, ...args].map(quote).join(' ')}`;
    const child = new Child('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
        name: 'nobody.command',
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '', TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
    });
    if (input !== undefined)
        child.process.stdin.write(input);
    const answer = await child.said();
    child.process.stdin.destroy();
    return answer;
}
