import { startS3 } from '../../lib/local/s3/server.ts';

// A server in a process of its own, for tests that kill it: `node s3-process.ts DIRECTORY` prints the port.
const { port } = await startS3({
  dataDir: process.argv[2] ?? '',
  hosts: ['127.0.0.1'],
  port: 0,
  region: 'us-east-1',
  credentials: (id) => (id === 'key' ? 'secret' : undefined),
});
process.stdout.write(`${port}\n`);
