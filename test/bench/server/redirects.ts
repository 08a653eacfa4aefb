import cluster from 'node:cluster';
import { createServer } from 'node:http';

/** The least that answers with a redirect: node:http in two processes, on the port of the first argument. */
if (cluster.isPrimary) {
  for (let worker = 0; worker < 2; worker += 1) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else
  createServer((_, outgoing) => {
    outgoing.writeHead(307, { location: 'http://127.0.0.1/permanent/demo-1.tar.xz', 'content-length': 0 }).end();
  }).listen(Number(process.argv[2]), '127.0.0.1');
