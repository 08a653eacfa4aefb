import { writeSync } from 'node:fs';

// Loaded before a program that is measured: tells the most memory that it had, in kilobytes, to its third descriptor.
// Plain JavaScript, because what strips types would need memory in that program.
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
