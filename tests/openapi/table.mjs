/* proto/frames.def and limits.def, and broker/hub/api_routes.def, as far as a test compares them with the description. */
import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../lib/broker.mjs';

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

export function limits() {
  const found = [...read('proto/limits.def').matchAll(/^LIMIT\((\w+), (\d+),/gm)].map(([, name, value]) => [name, Number(value)]);
  return { ...Object.fromEntries(found), U53_MAX: Number.MAX_SAFE_INTEGER };
}

/* name → [{ kind, field, must, max, bytes, record }] of every record and verb. */
export function records() {
  const known = limits();
  const out = {};
  for (const [, kind, owner, field, presence, rest] of read('proto/frames.def').matchAll(/^ {4}(TEXT|UINT|BOOL|LIST|WORDS)\((\w+), (\w+), (MUST|MAY), ([^"]*)"/gm)) {
    const args = rest.split(',').map((arg) => arg.trim()).filter(Boolean);
    const value = (name) => known[name] ?? Number(name);
    const row = { kind, field, must: presence === 'MUST' };
    if (kind === 'TEXT' || kind === 'UINT') row.max = value(args[0]);
    if (kind === 'LIST') Object.assign(row, { record: args[0], max: value(args[1]) });
    if (kind === 'WORDS') Object.assign(row, { bytes: value(args[0]), max: value(args[1]) });
    (out[owner] ??= []).push(row);
  }
  return out;
}

/* [{ method, path }] */
export function routes() {
  return [...read('broker/hub/api_routes.def').matchAll(/^(?:DOOR|API)\((\w+), "([^"]+)"/gm)].map(([, method, at]) => ({ method, path: at }));
}
