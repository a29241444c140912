/* What the supervision tests share: a broker with a supervisor and an administrator, settings through the API, boards waited for. */
import assert from 'node:assert/strict';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { until } from '../lib/wait.mjs';

export class Office {
  /* @queues: id → settings besides the names; @agents: id → { queues, capacity }. */
  static async open({ queues, agents = {}, ...config }) {
    const office = new Office();
    const named = Object.keys(queues).map((id) => ({ id, name_nl: id, name_en: id }));
    office.broker = await startBroker({ queues: named, limits: { frames_per_s: 1000, frames_burst: 1000 }, ...config });
    await Promise.all([
      office.broker.addStaff({ id: 'chef', name: 'Chef', role: 'supervisor', queues: [] }),
      office.broker.addStaff({ id: 'admin', role: 'administrator', queues: [] }),
      ...Object.entries(agents).map(([id, agent]) => office.broker.addStaff({ id, name: id, ...agent })),
    ]);
    office.admin = await office.broker.cookie('admin');
    await Promise.all(Object.entries(queues).map(([id, set]) => Object.keys(set).length > 0 && office.queue(id, set)));
    return office;
  }

  close() {
    return this.broker.close();
  }

  async put(path, body) {
    const answer = await fetch(`${this.broker.url}/api/${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', origin: this.broker.url, cookie: this.admin },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, `PUT ${path}: ${answer.status} ${await answer.text()}`);
  }

  /* Settings of a queue, in force when this returns: the broker says its new name. */
  async queue(id, set) {
    const name = `${id} ${Math.random().toString(36).slice(2)}`;
    await this.put(`queues/${id}`, { name_nl: id, name_en: name, ...set });
    await this.welcomed(`queue ${id} as set`, (welcome) => welcome.queues.some((q) => q.queue === id && q.name_en === name));
  }

  /* What holds for all; in force when this returns: the broker says its new status. */
  async routing(set) {
    const status = `s${Math.random().toString(36).slice(2, 10)}`;
    await this.put('routing', { statuses: [{ status, name_nl: status, name_en: status }], ...set });
    await this.welcomed('routing as set', (welcome) => welcome.statuses?.some((s) => s.status === status), 'chef');
  }

  async agent(id, set) {
    const name = `${id} ${Math.random().toString(36).slice(2)}`;
    await this.put(`agents/${id}`, { name, role: 'agent', ...set });
    await this.welcomed(`agent ${id} as set`, (welcome) => welcome.name === name, id);
  }

  async welcomed(what, fits, id = null) {
    await until(what, async () => {
      const c = id ? await staff(this.broker, id, { presence: null }) : await resident(this.broker);
      const { welcome } = c;
      await c.close();
      return fits(welcome);
    });
  }

  async on(t, id, options = {}) {
    return staff(this.broker, id, options, t);
  }

  /* A supervisor who watches. */
  async watches(t, id = 'chef', options = {}) {
    const chef = await staff(this.broker, id, options, t);
    await chef.ask({ verb: 'watch' }, 'board');
    return chef;
  }

  /* A resident with a conversation. */
  async asks(t, queue, { form, ...start } = {}) {
    const r = await resident(this.broker, { form }, t);
    const started = await r.start({ queue, ...start });
    return Object.assign(r, { conversation: started.conversation });
  }
}

export const queue = (board, id) => board.queues.find((row) => row.queue === id);
export const agent = (board, id) => board.agents.find((row) => row.agent === id);
export const alarm = (board, kind, about = {}) =>
  board.alarms?.find((a) => a.kind === kind && Object.entries(about).every(([key, value]) => a[key] === value));

/* A board that fits and comes from now on: one that lies here already may be of a time before what just happened. */
export function shows(c, fits, name, options) {
  const from = performance.now();
  return c.wait((f) => f.verb === 'board' && f.heardAt >= from && fits(f), { name, ...options });
}

export async function alarmed(c, kind, about) {
  const board = await shows(c, (f) => alarm(f, kind, about), `alarm ${kind} ${JSON.stringify(about)}`);
  return alarm(board, kind, about);
}
export const calm = (c, kind, about) => shows(c, (f) => !alarm(f, kind, about), `no alarm ${kind} ${JSON.stringify(about)}`);

/* The next `conversation` frame of this conversation in this state. */
export const becomes = (c, conversation, state) =>
  c.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.state === state && f.fresh, { name: `${conversation} ${state}` });

/* By a supervisor who does not follow it: @r is the resident. */
export async function ends(chef, ...residents) {
  for (const r of residents) {
    chef.send({ verb: 'close', conversation: r.conversation });
    await r.entry(r.conversation, (e) => e.state === 'closed');
  }
}

export async function closes(c, conversation, more = {}) {
  c.send({ verb: 'close', conversation, ...more });
  return becomes(c, conversation, 'closed');
}
