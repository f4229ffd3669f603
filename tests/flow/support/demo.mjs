// `omgw demo` as a real process, on free ports unless `ports` says otherwise.
import { Child, until } from './process.mjs';
import { OMGW } from './world.mjs';

export class Demo {
    // Ended with the test, which fails when it does not end well. `options`: of the process.
    static async start(t, args = [], options = {}, ports = ['--free-ports']) {
        const demo = new Demo();
        demo.child = new Child(OMGW, ['demo', ...ports, ...args], options);
        t.after(() => demo.stop());
        const said = await until('the demo to be ready', () => {
            if (demo.child.code !== undefined)
                throw new Error(`ended with ${demo.child.code}:\n${demo.text()}`);
            return demo.text().match(/open (\S+)[^]*page alone: (\S+)[^]*--config (\S+)/);
        });
        [, demo.url, demo.emulator, demo.config] = said;
        return demo;
    }

    text() {
        return this.child.lines.join('\n');
    }

    async stop(signal = 'SIGTERM') {
        const ended = await this.child.kill(signal);
        if (ended.code !== 0)
            throw new Error(`ended with ${ended.code ?? ended.signal}:\n${this.text()}`);
    }
}
