/* Waiting for what another process does: a poll with a deadline, never a fixed time. */
import net from 'node:net';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Calls @probe until it gives something true, and returns that; after @ms it throws an Error that says what was waited for. An error that
 * the probe throws counts as "not yet" and is told at the end. */
export async function until(what, probe, { ms = 10000, every = 20 } = {}) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}${last ? `: ${last.message}` : ''}`);
    await sleep(every);
  }
}

const given = new Set();

function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/* A port on loopback that nobody listens on: below the kernel's range for outgoing connections, so that a server that is started again finds
 * its port still free. Where the kernel can choose (port 0) let it; this is for what must be known before the start. */
export async function freePort() {
  for (let i = 0; i < 1000; i++) {
    const port = 22000 + Math.floor(Math.random() * 10000);
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error('no free port between 22000 and 31999');
}

/* A number that is the same in every run, for random work that can be repeated (xorshift32). */
export function random(seed) {
  let x = seed >>> 0 || 1;
  return (below) => {
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x % below;
  };
}
