// Bytes on a socket: what no HTTP client would send, or not to its end.
import net from 'node:net';

function parse(bytes) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
        return undefined;
    const [line, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map((text) => {
        const colon = text.indexOf(':');
        return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
    }));
    const body = bytes.subarray(end + 4).toString();
    if (Buffer.byteLength(body) < Number(headers['content-length'] ?? 0))
        return undefined;
    let json;
    try {
        json = JSON.parse(body);
    } catch {
        json = undefined;
    }
    return { status: Number(line.split(' ')[1]), headers, body, json };
}

// Sends the bytes; resolves to the first answer, or to undefined where the server closes
// without one. What it does not want to read any more is no error.
export function sendRaw(port, bytes, timeoutMs = 20000) {
    return new Promise((resolve, reject) => {
        let got = Buffer.alloc(0);
        const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
        const end = () => {
            socket.destroy();
            resolve(parse(got));
        };
        socket.setTimeout(timeoutMs, () => {
            socket.destroy();
            reject(new Error(`no answer in ${timeoutMs} ms`));
        });
        socket.on('data', (chunk) => {
            got = Buffer.concat([got, chunk]);
            if (parse(got) !== undefined)
                end();
        });
        socket.on('error', () => {});
        socket.on('close', end);
    });
}

// A request as bytes; headers as a map or, where names repeat, as pairs.
export function requestBytes(method, target, headers, body = '') {
    const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
    const head = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return Buffer.concat([
        Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: gateway\r\n${head}\r\n`, 'latin1'),
        Buffer.from(body),
    ]);
}
