/* A resident and an agent who talk all the while something bad is done to their broker. They must notice nothing: every word acked and heard, in order, once. */
import assert from 'node:assert/strict';

import { resident, staff } from './client.mjs';
import { sleep } from './wait.mjs';

export class Bystander {
  async start(broker, agent) {
    this.broker = broker;
    this.r = await resident(broker, { form: 'msgpack' });
    this.a = await staff(broker, agent);
    this.said = ['0'];
    this.slowest = 0;
    this.conversation = (await this.r.start({ text: '0' })).conversation;
    await this.a.assigned(this.conversation);
    await this.a.catchUp(this.conversation);
    this.talking = true;
    this.done = this.#talk().catch((error) => (this.error = error));
    return this;
  }

  async #talk() {
    for (let i = 1; this.talking; i++) {
      const [from, to] = i % 2 ? [this.r, this.a] : [this.a, this.r];
      const at = performance.now();
      const { seq } = await from.say(this.conversation, String(i));
      await to.until(this.conversation, seq);
      this.slowest = Math.max(this.slowest, performance.now() - at);
      this.said.push(String(i));
      await sleep(40); /* at most 12 frames a second from each side, below the limit of 20: on a quick machine a shorter pause passed it */
    }
  }

  /* Is all well? Called after each piece of abuse: at least one more exchange comes through. */
  async check() {
    const from = this.said.length;
    const end = Date.now() + 10000;
    while (this.said.length < from + 2) {
      if (this.error) throw this.error;
      assert.ok(Date.now() < end, 'the bystanders no longer get through');
      await sleep(5);
    }
  }

  async end() {
    this.talking = false;
    await this.done;
    if (this.error) throw this.error;
    for (const c of [this.r, this.a]) {
      assert.deepEqual(c.texts(this.conversation), this.said);
      c.assertOrder();
      assert.equal(c.socket.readyState, 1);
    }
    await Promise.all([this.r.close(), this.a.close()]);
  }
}
