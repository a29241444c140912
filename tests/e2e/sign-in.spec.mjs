/* Who may see what. */
import { PASSWORD } from '../lib/broker.mjs';
import { AgentPage } from './lib/people.mjs';
import { expect, test } from './lib/test.mjs';

test('a wrong password is told; the right one opens the console; signing out ends it', async ({ people }) => {
  const agent = await new AgentPage(await people.page()).open();
  await agent.signIn('sanne', 'verkeerd');
  await expect(agent.page.getByRole('alert')).toHaveText('De gebruikersnaam of het wachtwoord klopt niet.');
  await agent.signIn('niemand');
  await expect(agent.page.getByRole('alert')).toHaveText('De gebruikersnaam of het wachtwoord klopt niet.');
  await agent.signIn('sanne');
  await expect(agent.page.getByText('Sanne de Vries')).toBeVisible();
  const [cookie] = await agent.page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  expect(await agent.page.evaluate(() => document.cookie)).toBe('');

  await agent.page.reload();
  await expect(agent.page.getByText('Sanne de Vries')).toBeVisible();
  await agent.page.getByTestId('sign-out').click();
  await expect(agent.page.getByTestId('user')).toBeVisible();
  await agent.page.reload();
  await expect(agent.page.getByTestId('user')).toBeVisible();
});

test('a cookie that was signed out counts for nothing any more', async ({ people, broker }) => {
  const agent = await people.agent('sanne');
  await expect(agent.page.getByText('Sanne de Vries')).toBeVisible();
  const [cookie] = await agent.page.context().cookies();
  const ask = () => fetch(`${broker.url}/api/session`, { headers: { cookie: `${cookie.name}=${cookie.value}` } });
  expect((await ask()).status).toBe(200);
  await agent.page.getByTestId('sign-out').click();
  await expect(agent.page.getByTestId('user')).toBeVisible();
  expect((await ask()).status).toBe(401);
});

test('an agent does not get into the wallboard, and a supervisor not into the console', async ({ people }) => {
  const page = await people.signedIn('sanne');
  await page.goto('/supervise');
  await expect(page.getByTestId('user')).toBeVisible();
  await page.getByTestId('user').fill('sanne');
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('sign-in').click();
  await expect(page.getByRole('alert')).toHaveText('Met dit account kunt u deze pagina niet gebruiken.');
  await expect(page.getByTestId('queue-row')).toHaveCount(0);

  const supervisor = await new AgentPage(await people.page()).open();
  await supervisor.signIn('fatima');
  await expect(supervisor.page.getByRole('alert')).toHaveText('Met dit account kunt u deze pagina niet gebruiken.');
});

/* One frame after hello, in a page of this origin: what the broker answers to it. */
const answer = (page, frame) =>
  page.evaluate(
    (last) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/ws`, 'loket.1.json');
        socket.onopen = () => socket.send(JSON.stringify({ verb: 'hello', client: 'a'.repeat(26) }));
        socket.onclose = ({ code }) => resolve({ closed: code });
        socket.onmessage = ({ data }) => {
          const got = JSON.parse(data);
          if (got.verb === 'welcome') socket.send(JSON.stringify(last));
          else if (got.verb === 'error' || got.verb === 'board') resolve(got);
        };
      }),
    frame,
  );

test('roles are checked on every verb, whatever a page says', async ({ people }) => {
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Een vraag');
  await expect(resident.message('Een vraag')).toHaveAttribute('data-state', 'sent');
  const chat = JSON.parse(await resident.page.evaluate(() => localStorage.getItem('loket.chat')));
  for (const frame of [{ verb: 'watch' }, { verb: 'presence', presence: 'available' }, { verb: 'transfer', conversation: chat.conversation, queue: 'belastingen' }]) {
    expect(await answer(resident.page, frame)).toMatchObject({ verb: 'error', code: 'forbidden', refused: frame.verb });
  }
  const stranger = await people.resident();
  const token = `${chat.token.slice(0, -2)}aa`;
  expect(await answer(stranger.page, { verb: 'resume', conversation: chat.conversation })).toMatchObject({ code: 'bad_token' });
  expect(await answer(stranger.page, { verb: 'resume', conversation: chat.conversation, token })).toMatchObject({ code: 'bad_token' });

  const agent = await people.agent('tom');
  const board = await answer(agent.page, { verb: 'watch' });
  expect(board.verb).toBe('board');
  expect(board.agents.map((each) => [each.agent, each.load, each.capacity]).sort()).toEqual([['sanne', 0, 0], ['tom', 0, 0]]); /* colleagues, without what they do */
  expect(board.queues.map((each) => each.queue)).toEqual(['burgerzaken']);
  expect(await answer(agent.page, { verb: 'start', key: 'b'.repeat(26), queue: 'burgerzaken', text: 'x' })).toMatchObject({ code: 'forbidden' });
});

test('a conversation that can no longer be opened says so and offers a new one', async ({ people }) => {
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Een vraag');
  await expect(resident.message('Een vraag')).toHaveAttribute('data-state', 'sent');
  await resident.page.evaluate(() => {
    const chat = JSON.parse(localStorage.getItem('loket.chat'));
    localStorage.setItem('loket.chat', JSON.stringify({ ...chat, token: 'verlopen' }));
  });
  await resident.page.reload();
  await expect(resident.page.getByRole('alert')).toContainText('Dit gesprek is niet meer te openen.');
  await resident.page.getByTestId('new-conversation').click();
  await resident.start('burgerzaken', 'Opnieuw');
});
