// A tap between the gateway and a peer: hands every request on as it came, and keeps it.
import http from 'node:http';
import { once } from 'node:events';

export class Tap {
    // Ends with the test; `url` is its own address, `to` (may be set later) the peer's.
    static async open(t) {
        const tap = new Tap();
        tap.requests = []; // {method, path, headers, status}, in order of their answers
        tap.server = http.createServer((req, res) => tap.#hand(req, res));
        tap.server.listen(0, '127.0.0.1');
        await once(tap.server, 'listening');
        tap.url = `http://127.0.0.1:${tap.server.address().port}`;
        t.after(() => {
            tap.server.closeAllConnections();
            tap.server.close();
        });
        return tap;
    }

    #hand(req, res) {
        const { method, url, headers } = req;
        const onward = http.request(`${this.to}${url}`, { method, headers }, (answer) => {
            this.requests.push({ method, path: url, headers, status: answer.statusCode });
            res.writeHead(answer.statusCode, answer.headers);
            answer.pipe(res);
        });
        onward.on('error', () => res.destroy());
        req.pipe(onward);
    }

    // Those whose path ends so, without the query.
    of(route) {
        return this.requests.filter(({ path }) => path.split('?')[0].endsWith(route));
    }
}
