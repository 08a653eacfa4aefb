import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A server in a process of its own that reads and forgets; prints its port.
const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => response.end());
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
