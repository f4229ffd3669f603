#!/usr/bin/env node
// Writes docs/schemas anew, from docs/openapi.json.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, schemaFiles } from './support/document.mjs';

const folder = path.join(ROOT, 'docs/schemas');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (const [name, text] of Object.entries(schemaFiles()))
    writeFileSync(path.join(folder, name), text);
