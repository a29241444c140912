/* What routing promises, looked for all the while: in Redis, in one atomic step at each look (lib/snapshot.mjs), and in what the agents were shown. */
import { faultsOf } from '../lib/snapshot.mjs';
import { sleep, until } from '../lib/wait.mjs';

const LOOK_MS = 700;
const IDLE_MS = 3000; /* so long may somebody wait beside an agent who can take them */
const AGREE_MS = 20000;

export class Looks {
  /* @nodes: of lib/nodes.mjs. @agents: of desk.mjs. @can(agent, conversation): do the agent's queues and skills fit? @rest_ms: after a refusal. */
  constructor({ nodes, agents, can, rest_ms, weight }) {
    Object.assign(this, { nodes, agents, can, rest_ms, weight });
    this.found = { assigned_twice: new Set(), over_capacity: new Set(), stranded: new Set(), load_wrong: new Set() };
    this.waits = new Map(); /* conversation → its state and version, and when that was seen first */
    this.frees = new Map(); /* agent → the same */
    this.looks = 0;
    this.idle_max_ms = 0;
    this.waiting_max = 0;
  }

  async look() {
    const view = await this.nodes.snapshot();
    this.looks++;
    for (const [kind, sentences] of Object.entries(faultsOf(view))) for (const sentence of sentences) this.found[kind].add(sentence);
    this.#idle(view);
    this.waiting_max = Math.max(this.waiting_max, [...view.conversations.values()].filter((c) => c.state === 'queued').length);
    return view;
  }

  begin() {
    this.watching = true;
    this.watched = (async () => {
      while (this.watching) {
        await this.look();
        await sleep(LOOK_MS);
      }
    })();
    this.watched.catch(() => {}); /* told by end */
  }

  end() {
    this.watching = false;
    return this.watched;
  }

  /* Who waits although one and the same agent, who can take them, has had room and nothing new all the while: since when? */
  #idle(view) {
    const since = (map, id, is) => {
      if (map.get(id)?.is !== is) map.set(id, { is, at: view.now });
      return map.get(id).at;
    };
    const free = [];
    for (const agent of this.agents) {
      const row = view.agents.get(agent.id);
      const here = row?.here.some((node) => view.nodes[node] !== undefined);
      const room = here && row.presence === 'available' && row.load + this.weight <= row.capacity;
      const at = since(this.frees, agent.id, `${room} ${row?.since} ${row?.here}`);
      if (room) free.push({ agent, at });
    }
    for (const c of view.conversations.values()) {
      const waits = since(this.waits, c.id, `${c.state} ${c.version}`);
      if (c.state !== 'queued') continue;
      for (const { agent, at } of free) {
        if (agent.id !== c.held && !this.can(agent, c)) continue;
        const idle_ms = view.now - Math.max(at, waits, Number(c.declined[agent.id] ?? 0) + this.rest_ms);
        this.idle_max_ms = Math.max(this.idle_max_ms, idle_ms);
        if (idle_ms > IDLE_MS) this.found.stranded.add(`${c.id} waits in ${c.queue} beside ${agent.id}, who has room`);
      }
    }
  }

  /* What agents believe against what is stored. */
  #beliefs(view) {
    const differs = [];
    const holders = new Map();
    for (const agent of this.agents) {
      for (const id of agent.mine) holders.set(id, [...(holders.get(id) ?? []), agent]);
    }
    for (const [id, agents] of holders) {
      const c = view.conversations.get(id);
      const [{ id: one, work }] = agents;
      const { seen } = work.get(id);
      const is = `${c?.state} of ${c?.owner ?? 'nobody'}`;
      if (agents.length > 1) differs.push(['assigned_twice', `${agents.map((a) => a.id).join(' and ')} both believe to hold ${id}`]);
      else if (c?.state !== 'active' || c.owner !== one) differs.push(['stranded', `${one} believes to hold ${id}: ${is}`]);
      else if (seen < Number(c.seq)) differs.push(['stranded', `${one} has seen ${seen} of the ${c.seq} entries of ${id}, which it holds`]);
    }
    for (const c of view.conversations.values()) {
      if (c.state === 'active' && !holders.has(c.id)) differs.push(['stranded', `${c.id} is active with ${c.owner}, who does not know`]);
    }
    return differs;
  }

  /* Nothing new is said, and nobody leaves: until nothing changes any more, and agents and store say the same. What still differs then is found. */
  async agree() {
    let differs;
    let last;
    await until('agents and store to agree', async () => {
      const view = await this.look();
      const now = [...view.conversations.values()].map((c) => `${c.id} ${c.version}`).join();
      differs = this.#beliefs(view);
      const still = now === last;
      last = now;
      return still && differs.length === 0;
    }, { ms: AGREE_MS, every: 500 }).catch(() => {
      for (const [kind, sentence] of differs) this.found[kind].add(sentence);
    });
  }

  /* What the agents were shown in all that time. */
  shown() {
    const owners = new Map();
    for (const agent of this.agents) {
      for (const [what, owner] of agent.owners) {
        const other = owners.get(what) ?? owner;
        if (other !== owner) this.found.assigned_twice.add(`${what} was shown as ${owner}'s and as ${other}'s`);
        owners.set(what, owner);
      }
      for (const sentence of agent.full) this.found.over_capacity.add(sentence);
    }
  }

  get good() {
    return Object.values(this.found).every((sentences) => sentences.size === 0);
  }

  lines(most = 10) {
    return Object.entries(this.found).flatMap(([kind, sentences]) => [...sentences].slice(0, most).map((sentence) => `${kind}: ${sentence}`));
  }
}
