import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { demoRelease, packDemo } from '../lib/local/demo/demo-release.ts';

/** Makes the demo's archive anew, after a change to the folder beside it. */
await pipeline(Readable.from(packDemo()), createWriteStream(demoRelease.path));
