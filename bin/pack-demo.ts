import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { demoRelease, packDemo } from '../lib/local/demo/demo-release.ts';

/** Packs the demo archive again, after a change to lib/local/demo/flake. */
await pipeline(Readable.from(packDemo()), createWriteStream(demoRelease.path));
