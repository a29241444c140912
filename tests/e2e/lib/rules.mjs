/* Settings of queues, agents and routing, through the API as an administrator. In force when this returns: each change is given a mark, and the broker greets with it. */
import { QUEUES } from '../../lib/broker.mjs';
import { resident, staff as member } from '../../lib/client.mjs';
import { until } from '../../lib/wait.mjs';

const mark = () => `m${Math.random().toString(36).slice(2, 10)}`;

async function put(broker, cookie, path, body) {
  const answer = await fetch(`${broker.url}/api/${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', origin: broker.url, cookie },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
}

async function greeted(broker, id, what, fits) {
  await until(what, async () => {
    const c = id ? await member(broker, id, { presence: null }) : await resident(broker);
    const { welcome } = c;
    await c.close();
    return fits(welcome);
  });
}

export async function setRules(broker, staff, { queues = {}, agents = {}, routing }) {
  if (Object.keys(queues).length + Object.keys(agents).length === 0 && !routing) return;
  await broker.addStaff({ id: 'beheer', name: 'Beheer', role: 'administrator', queues: [] });
  const cookie = await broker.cookie('beheer');
  for (const [id, set] of Object.entries(queues)) {
    const { name_nl, name_en } = QUEUES.find((each) => each.id === id);
    const marked = `${name_en} ${mark()}`;
    await put(broker, cookie, `queues/${id}`, { name_nl, name_en: marked, ...set });
    await greeted(broker, null, `queue ${id} as set`, (welcome) => welcome.queues.some((each) => each.name_en === marked));
  }
  for (const [id, set] of Object.entries(agents)) {
    const { name, queues: own, capacity } = staff.find((each) => each.id === id);
    const change = (as) => put(broker, cookie, `agents/${id}`, { name: as, role: 'agent', queues: own, capacity, ...set });
    const marked = `${name} ${mark()}`;
    await change(marked);
    await greeted(broker, id, `agent ${id} as set`, (welcome) => welcome.name === marked);
    await change(name);
    await greeted(broker, id, `agent ${id} by name`, (welcome) => welcome.name === name);
  }
  if (routing) {
    const status = mark();
    await put(broker, cookie, 'routing', { ...routing, statuses: [...(routing.statuses ?? []), { status, name_nl: status, name_en: status }] });
    await greeted(broker, 'beheer', 'routing as set', (welcome) => welcome.statuses?.some((each) => each.status === status));
  }
}
