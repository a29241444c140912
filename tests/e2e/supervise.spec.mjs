/* The wallboard: numbers that change by themselves. */
import { sound } from './lib/access.mjs';
import { expect, test } from './lib/test.mjs';

test.describe.configure({ timeout: 120_000 }); /* axe takes seconds on a busy machine */

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
  await agent.presence('break');
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

test('an alarm, reading along unseen, a whisper, joining, taking over', async ({ people }) => {
  const board = await people.supervisor();
  await expect(board.getByTestId('alarms')).toContainText('Geen alarmen');
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Niemand thuis?', 'Jan Jansen');
  const alarm = board.locator('[data-testid=alarm][data-kind=nobody]');
  await expect(alarm).toContainText('Burgerzaken');
  await sound(board, 'alarm');

  await board.getByTestId('waiting-open').click();
  const opened = board.getByTestId('opened');
  await expect(opened).toContainText('Niemand thuis?');
  await expect(opened.locator('#thread-title')).toHaveText('Jan Jansen');
  await expect(opened.getByTestId('whisper')).toHaveCount(0);
  const tom = await people.agent('tom');
  await tom.available();
  await expect(alarm).toHaveCount(0);
  await tom.take('Niemand thuis?');
  await expect(opened.getByTestId('with')).toHaveText('met Tom Bakker');
  await sound(board, 'reading along');

  await board.locator('#answer').fill('Vraag naar zijn geboortedatum');
  await board.getByTestId('send').click();
  const whisper = tom.message('Vraag naar zijn geboortedatum');
  await expect(whisper).toHaveAttribute('data-kind', 'whisper');
  await expect(whisper).toContainText('Fluistering');
  await expect(tom.page.getByTestId('with')).toHaveCount(0);

  await opened.getByTestId('join').click();
  await expect(tom.page.getByTestId('with')).toHaveText('met Fatima el Amrani');
  await opened.getByTestId('whisper').uncheck();
  await board.locator('#answer').fill('Ik help even mee');
  await board.getByTestId('send').click();
  await expect(resident.message('Ik help even mee')).toBeVisible();
  expect(await resident.texts()).toEqual(['Niemand thuis?', 'Ik help even mee']);

  await opened.getByTestId('take').click();
  await expect(tom.work).toHaveCount(0);
  await expect(board.getByTestId('work-item')).toContainText('Jan Jansen');
  await expect(resident.status).toHaveText('U praat met Fatima el Amrani');
  await sound(board, 'taken over');
  await opened.getByTestId('close').click();
  await expect(resident.status).toHaveAttribute('data-state', 'closed');
  await opened.getByTestId('back').click();
  await expect(opened).toHaveCount(0);
});

test('priority, an agent’s presence, a notice to agents', async ({ people }) => {
  const board = await people.supervisor();
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Dit is dringend');
  await board.getByTestId('waiting-open').click();
  await board.getByTestId('prioritise').click();
  await board.getByTestId('priority').selectOption('3');
  await board.getByTestId('prioritise-do').click();
  await expect(board.getByTestId('waiting-priority')).toHaveText('Voorrang 3');
  await board.keyboard.press('Escape');
  await expect(board.getByTestId('opened')).toHaveCount(0);

  const tom = await people.agent('tom');
  await tom.presence('busy');
  const row = board.locator('[data-testid=agent-row][data-agent=tom]');
  await expect(row).toHaveAttribute('data-presence', 'busy');
  await row.getByTestId('presence-of').selectOption('available');
  await expect(tom.page.getByTestId('presence')).toHaveAttribute('data-value', 'available');
  await expect(tom.work).toHaveCount(1);

  await board.getByTestId('bulletin-fold').locator('summary').click();
  await board.getByTestId('bulletin-text').fill('Om drie uur is er een brandoefening');
  await board.getByTestId('bulletin-burgerzaken').check();
  await sound(board, 'notice');
  await board.getByTestId('bulletin-send').click();
  await expect(board.getByTestId('bulletin-sent')).toContainText('Verstuurd om');
  const notice = tom.page.getByTestId('bulletin');
  await expect(notice).toContainText('Bericht van Fatima el Amrani');
  await sound(tom.page, 'a notice');
  await tom.page.getByTestId('bulletin-dismiss').click();
  await expect(notice).toHaveCount(0);
});
