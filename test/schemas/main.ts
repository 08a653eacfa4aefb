import { mkdirSync, writeFileSync } from 'node:fs';
import { jsonSchemaOf, readingSchemas } from '../../lib/api/reading-schemas.ts';

// Writes docs/schemas/*.json.
const out = new URL('../../docs/schemas/', import.meta.url);
mkdirSync(out, { recursive: true });
for (const name of Object.keys(readingSchemas) as (keyof typeof readingSchemas)[])
  writeFileSync(new URL(`${name}.json`, out), `${JSON.stringify(jsonSchemaOf(name), null, 2)}\n`);
