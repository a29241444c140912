/* Whatever breaks on the way, the pages come back by themselves, and every message stands there once, in order. */
import { expect, test } from './lib/test.mjs';

/* Short heartbeats, so that silence is noticed within the test's patience; the rest as delivered. */
test.use({ settings: { limits: { heartbeat_ms: 1000, away_grace_ms: 30000 } } });

async function conversation(people, options = {}) {
  const agent = await people.agent('sanne', options.agent);
  await agent.available();
  const resident = await people.resident(options.resident);
  await resident.start('burgerzaken', 'Bericht 0');
  await agent.take('Bericht 0');
  await agent.say('Antwoord 0');
  await expect(resident.message('Antwoord 0')).toBeVisible();
  return { agent, resident };
}

/* The same on both screens and after a reload, that is: in the log. */
async function same(resident, agent, expected) {
  await expect.poll(() => resident.texts()).toEqual(expected);
  await expect.poll(() => agent.texts()).toEqual(expected);
  await resident.page.reload();
  await expect.poll(() => resident.texts()).toEqual(expected);
  await expect(resident.page.locator('[data-state=sending], [data-state=held], [data-state=failed]')).toHaveCount(0);
}

test('a reload on either side loses and doubles nothing', async ({ people }) => {
  const { agent, resident } = await conversation(people);
  await resident.page.reload();
  await resident.say('Na herladen');
  await expect(agent.message('Na herladen')).toBeVisible();
  await agent.page.reload();
  await agent.take('Na herladen');
  await agent.say('Ik ook');
  await same(resident, agent, ['Bericht 0', 'Antwoord 0', 'Na herladen', 'Ik ook']);
});

test('a page that is closed in mid-sentence sends what was written when it opens again', async ({ people, network }) => {
  const { agent, resident } = await conversation(people, { resident: { baseURL: network.url } });
  network.cut();
  await resident.say('Geschreven zonder netwerk');
  await expect(resident.message('Geschreven zonder netwerk')).toHaveAttribute('data-state', /held|sending/);
  const context = resident.page.context();
  await resident.page.close();
  network.mend();
  resident.page = await context.newPage();
  await resident.page.goto('/');
  const again = new resident.constructor(resident.page);
  await expect(agent.message('Geschreven zonder netwerk')).toBeVisible();
  await same(again, agent, ['Bericht 0', 'Antwoord 0', 'Geschreven zonder netwerk']);
});

test('a phone without a network says so, keeps what is written, and sends it once', async ({ people }) => {
  const { agent, resident } = await conversation(people);
  await resident.page.context().setOffline(true);
  await expect(resident.connection).toContainText('Geen verbinding');
  for (let i = 1; i <= 5; i++) await resident.say(`Bericht ${i}`);
  await expect(resident.message('Bericht 5')).toHaveAttribute('data-state', 'held');
  await expect(resident.message('Bericht 5')).toContainText('Wacht op verbinding');
  await agent.say('Bent u er nog?');
  await resident.page.context().setOffline(false);
  await expect(resident.message('Bent u er nog?')).toBeVisible();
  await expect(agent.message('Bericht 5')).toBeVisible();
  await expect(resident.connection).toHaveText('');
  const expected = ['Bericht 0', 'Antwoord 0', 'Bent u er nog?', ...[1, 2, 3, 4, 5].map((i) => `Bericht ${i}`)];
  await same(resident, agent, expected);
});

test('the cable is pulled on both sides while both write', async ({ people, network }) => {
  const { agent, resident } = await conversation(people, { resident: { baseURL: network.url }, agent: { baseURL: network.url } });
  network.cut();
  await expect(resident.connection).toContainText('Geen verbinding');
  await expect(agent.connection).toContainText('Geen verbinding');
  for (let i = 1; i <= 3; i++) {
    await resident.say(`Bericht ${i}`);
    await agent.say(`Antwoord ${i}`);
  }
  network.mend();
  const of = (all, word) => all.filter((text) => text.startsWith(word));
  await expect.poll(() => resident.texts()).toHaveLength(8);
  await expect.poll(async () => of(await agent.texts(), 'Bericht')).toEqual([0, 1, 2, 3].map((i) => `Bericht ${i}`));
  await expect.poll(async () => of(await resident.texts(), 'Antwoord')).toEqual([0, 1, 2, 3].map((i) => `Antwoord ${i}`));
  await expect(resident.page.locator('[data-state=sending], [data-state=held]')).toHaveCount(0);
  await same(resident, agent, await resident.texts());
});

test('a network that carries nothing but looks whole is noticed by its silence', async ({ people, network }) => {
  const { agent, resident } = await conversation(people, { resident: { baseURL: network.url } });
  network.stall();
  await resident.say('Komt dit aan?');
  await expect(agent.message('Komt dit aan?')).toBeVisible();
  await same(resident, agent, ['Bericht 0', 'Antwoord 0', 'Komt dit aan?']);
});

test('the broker is killed and started again under both pages', async ({ people, broker }) => {
  const { agent, resident } = await conversation(people);
  for (let round = 1; round <= 2; round++) {
    await resident.say(`Vlak voor ${round}`);
    await broker.kill('SIGKILL');
    await expect(resident.connection).toContainText('Geen verbinding');
    await expect(agent.connection).toContainText('Geen verbinding');
    await resident.say(`Ondertussen ${round}`);
    await agent.say(`Van de balie ${round}`);
    await broker.start();
    await expect(resident.message(`Van de balie ${round}`)).toBeVisible();
    await expect(agent.message(`Ondertussen ${round}`)).toBeVisible();
    await expect(resident.connection).toHaveText('');
  }
  const shown = await resident.texts();
  expect([...shown].sort()).toEqual(
    ['Bericht 0', 'Antwoord 0', ...[1, 2].flatMap((i) => [`Vlak voor ${i}`, `Ondertussen ${i}`, `Van de balie ${i}`])].sort(),
  );
  expect(shown.indexOf('Vlak voor 1')).toBeLessThan(shown.indexOf('Ondertussen 1'));
  await expect(agent.page.getByTestId('presence')).toHaveAttribute('data-value', 'available');
  await same(resident, agent, shown);
});

test('a first question written while the broker is away arrives once', async ({ people, broker }) => {
  const resident = await people.resident();
  await resident.page.getByTestId('subject-burgerzaken').click();
  await broker.kill('SIGKILL');
  await expect(resident.connection).toContainText('Geen verbinding');
  await resident.composer.fill('Mijn eerste vraag');
  await resident.page.getByTestId('send').click();
  await expect(resident.message('Mijn eerste vraag')).toHaveAttribute('data-state', 'held');
  await resident.page.evaluate(() => 0);
  await broker.start();
  await expect(resident.message('Mijn eerste vraag')).toHaveAttribute('data-state', 'sent');
  const agent = await people.agent('sanne');
  await agent.available();
  await expect(agent.work).toHaveCount(1);
  await agent.take('Mijn eerste vraag');
  await same(resident, agent, ['Mijn eerste vraag']);
});

test('while the store is away nothing is called sent; when it is back it is', async ({ people, broker }) => {
  const { agent, resident } = await conversation(people);
  const redis = broker.redisPid;
  process.kill(redis, 'SIGSTOP');
  try {
    await resident.say('Tijdens de storing');
    await expect(resident.connection).toHaveAttribute('data-state', 'store-away', { timeout: 30_000 });
    await expect(resident.connection).toContainText('storing');
    await expect(resident.message('Tijdens de storing')).toHaveAttribute('data-state', 'held');
    await expect(agent.message('Tijdens de storing')).toHaveCount(0);
  } finally {
    try {
      process.kill(redis, 'SIGCONT');
    } catch {
      /* the broker has replaced it */
    }
  }
  await expect(agent.message('Tijdens de storing')).toBeVisible();
  await expect(resident.message('Tijdens de storing')).toHaveAttribute('data-state', /sent|read/);
  await same(resident, agent, ['Bericht 0', 'Antwoord 0', 'Tijdens de storing']);
});

test('two tabs of one resident are one conversation', async ({ people }) => {
  const { agent, resident } = await conversation(people);
  const second = new resident.constructor(await resident.page.context().newPage());
  await second.open();
  await expect(second.message('Antwoord 0')).toBeVisible();
  await second.say('Uit de tweede tab');
  await resident.say('Uit de eerste tab');
  await expect(agent.message('Uit de eerste tab')).toBeVisible();
  await expect(second.message('Uit de eerste tab')).toBeVisible();
  const shown = await agent.texts();
  expect([...shown].sort()).toEqual(['Antwoord 0', 'Bericht 0', 'Uit de eerste tab', 'Uit de tweede tab']);
  await same(second, agent, shown);
  await same(resident, agent, shown);
});
