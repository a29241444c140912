/* A network that can fail: TCP from a port of its own to the broker's. cut() is a cable pulled out, stall() one that goes on looking whole. */
import net from 'node:net';

export class Proxy {
  constructor(target) {
    this.target = target;
    this.pairs = new Set();
    this.whole = true;
    this.server = net.createServer((client) => this.join(client));
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  join(client) {
    if (!this.whole) return client.destroy();
    const broker = net.connect(this.target, '127.0.0.1');
    const pair = [client, broker];
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      for (const each of pair) each.destroy();
    };
    for (const each of pair) each.on('error', end).on('close', end);
    client.pipe(broker);
    broker.pipe(client);
  }

  cut() {
    this.whole = false;
    for (const pair of this.pairs) for (const each of pair) each.destroy();
  }

  mend() {
    this.whole = true;
  }

  /* What is open stays open, and carries nothing any more; new connections work. */
  stall() {
    for (const [client, broker] of this.pairs) {
      client.unpipe(broker);
      broker.unpipe(client);
      client.pause();
      broker.pause();
    }
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
