/* The wallboard: numbers that change by themselves. */
import { expect, test } from './lib/test.mjs';

const row = (page, queue) => page.locator(`[data-testid=queue-row][data-queue=${queue}]`);
const seconds = (clock) => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

test('queues, waiting times and agents change live', async ({ people }) => {
  const board = await people.supervisor();
  const card = row(board, 'burgerzaken');
  await expect(card.getByTestId('queue-waiting')).toHaveText('0');
  await expect(card).toContainText('Niemand wacht');
  let loads = 0;
  board.on('load', () => loads++);

  const first = await people.resident();
  await first.start('burgerzaken', 'Eerste');
  await expect(card.getByTestId('queue-waiting')).toHaveText('1');
  await expect(card.getByTestId('queue-chat')).toContainText('1');
  await expect(board.getByTestId('waiting-row')).toHaveCount(1);
  const waited = seconds(await card.getByTestId('queue-oldest').innerText());
  await expect.poll(async () => seconds(await card.getByTestId('queue-oldest').innerText())).toBeGreaterThan(waited);
  const second = await people.resident();
  await second.start('burgerzaken', 'Tweede');
  await expect(card.getByTestId('queue-waiting')).toHaveText('2');
  await expect(board).toHaveTitle(/^\(2\)/);

  const tom = board.locator('[data-testid=agent-row][data-agent=tom]');
  await expect(tom).toHaveAttribute('data-presence', 'offline');
  const agent = await people.agent('tom');
  await agent.available();
  await expect(tom).toHaveAttribute('data-presence', 'available');
  await expect(card.getByTestId('queue-waiting')).toHaveText('0');
  await expect(card.getByTestId('queue-active')).toHaveText('2');
  await expect(tom).toHaveAttribute('data-load', '4');
  await expect(board.getByTestId('waiting-row')).toHaveCount(0);

  await agent.take('Eerste');
  await agent.page.getByTestId('close').click();
  await expect(card.getByTestId('queue-active')).toHaveText('1');
  await expect(tom).toHaveAttribute('data-load', '2');
  await agent.page.getByTestId('presence-break').click();
  await expect(tom).toHaveAttribute('data-presence', 'break');
  await expect(row(board, 'belastingen').getByTestId('queue-active')).toHaveText('0');
  expect(loads).toBe(0);
});

test('the board says when its figures are old, and comes back', async ({ people, network }) => {
  const board = await people.supervisor({ baseURL: network.url });
  await expect(row(board, 'burgerzaken').getByTestId('queue-waiting')).toHaveText('0');
  network.cut();
  await expect(board.getByTestId('connection')).toContainText('U ziet de cijfers van');
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Ondertussen');
  network.mend();
  await expect(row(board, 'burgerzaken').getByTestId('queue-waiting')).toHaveText('1');
  await expect(board.getByTestId('connection')).toHaveText('');
});

test('a full agent lets the next one wait; a freed place takes the oldest at once', async ({ people }) => {
  const board = await people.supervisor();
  const card = row(board, 'burgerzaken');
  const agent = await people.agent('tom'); /* capacity 6, a chat weighs 2 */
  await agent.available();
  for (const text of ['Vraag 1', 'Vraag 2', 'Vraag 3', 'Vraag 4', 'Vraag 5']) {
    const resident = await people.resident();
    await resident.start('burgerzaken', text);
    await expect(resident.message(text)).toHaveAttribute('data-state', 'sent');
  }
  await expect(agent.work).toHaveCount(3);
  await expect(card.getByTestId('queue-waiting')).toHaveText('2');
  await agent.take('Vraag 2');
  await agent.page.getByTestId('close').click();
  await expect(agent.work.filter({ hasText: 'Vraag 4' })).toBeVisible();
  await expect(card.getByTestId('queue-waiting')).toHaveText('1');
});
