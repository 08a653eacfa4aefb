import { connect } from 'node:net';

/** Asks for a path on keep-alive connections, and prints how many answers came and the 99th percentile of their milliseconds. */
const [port, path, connections, seconds] = process.argv.slice(2);
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: curl/8.11.0 Nix/2.34.8\r\n\r\n`;
const durations: number[] = [];
const end = performance.now() + 1_000 * Number(seconds);

await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    const socket = connect(Number(port), '127.0.0.1').setNoDelay();
    let begun = performance.now();
    let text = '';
    socket.write(request);
    for await (const chunk of socket) {
      text += chunk;
      // The body of a redirect is empty.
      if (!text.endsWith('\r\n\r\n')) continue;
      if (!text.startsWith('HTTP/1.1 307')) throw new Error(text);
      text = '';
      const now = performance.now();
      durations.push(now - begun);
      if (now >= end) break;
      begun = now;
      socket.write(request);
    }
  }),
);
durations.sort((one, other) => one - other);
process.stdout.write(
  JSON.stringify({ answers: durations.length, p99: durations[Math.floor(0.99 * durations.length)] }),
);
