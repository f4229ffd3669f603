// Values held against the types of somebody else's library, as TypeScript sees them.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = path.dirname(fileURLToPath(import.meta.url));

// The fixtures of a channel's folder, each with its name.
export function fixtures(folder) {
    const at = path.join(here, '../../fixtures', folder);
    return readdirSync(at).sort().map((name) => ({ name,
        ...JSON.parse(readFileSync(path.join(at, name))) }));
}

// The errors of values {name, type, json}, with those imports and types before them (one line).
export function misfits(imports, values) {
    const file = path.join(here, '..', 'held-against-types.mts');
    const text = `${imports}\n` + values.map(({ type, json }, i) =>
        `export const v${i}: ${type} = ${JSON.stringify(json)};\n`).join('');
    const options = { noEmit: true, strict: true, skipLibCheck: true, types: ['node'],
        typeRoots: [path.join(here, '../node_modules/@types')], // from wherever this is run
        module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022 };
    const host = ts.createCompilerHost(options);
    const { fileExists, getSourceFile } = host;
    host.fileExists = (name) => name === file || fileExists(name);
    host.getSourceFile = (name, ...rest) => (name === file
        ? ts.createSourceFile(name, text, options.target) : getSourceFile(name, ...rest));
    const program = ts.createProgram([file], options, host);
    return ts.getPreEmitDiagnostics(program).map((error) => {
        const line = error.file?.getLineAndCharacterOfPosition(error.start).line;
        const value = error.file?.fileName === file ? values[line - 1]?.name : undefined;
        return `${value}: ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`;
    });
}
