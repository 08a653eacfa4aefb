import { writeSync } from 'node:fs';

// Loaded before a program that is measured: tells the most memory that it had, in kilobytes, to its third descriptor.
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
