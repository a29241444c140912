/* Every change of state in a conversation's log against the one table, broker/core/transitions.def: what is not in it was decided on something that was
 * no longer so. */
import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../lib/broker.mjs';

const GIVES = ['assigned', 'offered', 'accepted']; /* to somebody, by routing: never while somebody has it */

function tableOf(text) {
  const table = new Map();
  for (const [, from, event, to] of text.matchAll(/^TRANSITION\((\w+),\s*(\w+),\s*(\w+),/gm)) {
    table.set(`${from} ${event}`.toLowerCase(), to.toLowerCase());
  }
  return table;
}

/* @logs: conversation → entries, as exported. Gives { twice, wrong }: sentences. */
export function strayChanges(logs) {
  const table = tableOf(fs.readFileSync(path.join(ROOT, 'broker/core/transitions.def'), 'utf8'));
  const found = { twice: [], wrong: [] };
  for (const [conversation, entries] of logs) {
    let state = 'queued'; /* the first message brings it there */
    for (const entry of entries) {
      if (entry.kind !== 'state' || !entry.state) continue; /* without a state: who takes part */
      const event = entry.reason === 'handed_over' && entry.state === 'active' ? 'taken' : entry.reason; /* to somebody who need not be asked */
      const next = table.get(`${state} ${event}`);
      if (next !== entry.state) {
        const sentence = `${conversation} ${entry.seq}: ${entry.reason} made ${entry.state} of ${state}`;
        (GIVES.includes(entry.reason) ? found.twice : found.wrong).push(sentence);
      }
      state = entry.state;
    }
  }
  return found;
}
