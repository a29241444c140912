/* What was said against what stands in the log, conversation by conversation, as `loketctl export` prints it. */

/* Every conversation of the store, from the store itself: a lost one must not hide by not being asked for. */
export async function exportAll(broker) {
  const organisation = broker.config.organisation.id;
  const keys = broker.redis('--scan', '--pattern', `{o:${organisation}}:c:*:log`).split('\n').filter(Boolean);
  const ids = keys.map((key) => key.slice(`{o:${organisation}}:c:`.length, -':log'.length)).sort();
  const logs = new Map();
  let next = 0;
  const worker = async () => {
    while (next < ids.length) {
      const id = ids[next++];
      const done = await broker.ctl(['export', id]);
      if (done.code !== 0) throw new Error(`loketctl export ${id}: ${done.stderr}`);
      logs.set(id, done.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)));
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  return logs;
}

const MARKER = /\b[cmsa]-\d+(?:-\d+)?\b/;

export const markerOf = (text) => text?.match(MARKER)?.[0];

export class Findings {
  constructor() {
    this.lost = [];
    this.doubled = [];
    this.reordered = [];
    this.wrong = []; /* gaps in numbers, changed words, what nobody said */
  }

  get good() {
    return this.lost.length + this.doubled.length + this.reordered.length + this.wrong.length === 0;
  }

  lines(most = 10) {
    return Object.entries(this).flatMap(([what, rows]) => rows.slice(0, most).map((row) => `${what}: ${row}`));
  }
}

/* @expected: marker → { text, from: whose order it is in, place: its place in that order }; every one must be there, once. @attempted: markers that were said and never
 * acked: they may be there, once. */
export function verify(logs, expected, attempted) {
  const found = new Findings();
  const seen = new Map();
  for (const [conversation, entries] of logs) {
    const last = new Map(); /* sender → place */
    entries.forEach((entry, i) => {
      if (entry.seq !== i + 1) found.wrong.push(`${conversation}: entry ${i + 1} has number ${entry.seq}`);
      if (entry.kind !== 'message') return;
      const marker = markerOf(entry.text);
      const said = expected.get(marker) ?? attempted.get(marker);
      if (!said) {
        found.wrong.push(`${conversation} ${entry.seq}: nobody said this`);
        return;
      }
      if (entry.text.trim() !== said.text.trim()) found.wrong.push(`${conversation} ${entry.seq}: ${marker} has other words`);
      if (seen.has(marker)) found.doubled.push(`${marker} in ${seen.get(marker)} and ${conversation} ${entry.seq}`);
      seen.set(marker, `${conversation} ${entry.seq}`);
      if ((last.get(said.from) ?? -1) >= said.place) found.reordered.push(`${marker} in ${conversation} ${entry.seq} comes after one that was said later`);
      last.set(said.from, Math.max(said.place, last.get(said.from) ?? -1));
    });
  }
  for (const marker of expected.keys()) if (!seen.has(marker)) found.lost.push(marker);
  return found;
}
