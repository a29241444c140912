/* Offers, hand-over, taking part, wrap-up and snooze, as people do them at their pages; and what those who wait are told. */
import { sound, tabTo } from './lib/access.mjs';
import { expect, test } from './lib/test.mjs';

test.describe.configure({ timeout: 120_000 }); /* axe takes seconds on a busy machine */

const ASKED = { channels: [{ channel: 'chat', must_accept: true }] };
const problem = (agent) => agent.page.getByTestId('problem');
const over = (agent) => agent.page.getByTestId('over');

test.describe('offers', () => {
  test.use({ rules: { agents: { sanne: ASKED, tom: ASKED } } });

  test('an offer rings above everything and is accepted with the keyboard', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('burgerzaken', 'Mijn paspoort is kwijt', 'Jan Jansen');
    await expect(sanne.offer).toContainText('Jan Jansen');
    await expect(sanne.offer).toContainText('Mijn paspoort is kwijt');
    await expect(sanne.offer).toContainText(/nog 0:\d\d/);
    await expect(sanne.page.getByTestId('ringer')).toHaveText('Nieuw gesprek, Chat, Burgerzaken: Jan Jansen. Neem het aan of wijs het af.');
    await expect(sanne.page).toHaveTitle(/^\(1\)/);
    await expect(sanne.work).toHaveCount(0);
    await expect(resident.status).toHaveAttribute('data-state', 'queued');
    await sound(sanne.page, 'an offer');
    await tabTo(sanne.page, sanne.page.getByTestId('accept'));
    await sanne.page.keyboard.press('Enter');
    await expect(sanne.answer).toBeFocused();
    await expect(sanne.offer).toHaveCount(0);
    await sanne.page.keyboard.type('Goedemorgen');
    await sanne.page.keyboard.press('Enter');
    await expect(resident.message('Goedemorgen')).toBeVisible();
    await expect(resident.status).toHaveText('U praat met Sanne de Vries');
  });

  test('who declines says why if they like, and the next one is asked; the resident hears of none of it', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('burgerzaken', 'Een moeilijke vraag');
    await expect(sanne.offer).toBeVisible();
    await tabTo(sanne.page, sanne.page.getByTestId('decline'));
    await sanne.page.keyboard.press('Enter');
    await expect(sanne.page.getByTestId('decline-reason')).toBeFocused();
    await sound(sanne.page, 'declining');
    await sanne.page.keyboard.type('Ik ken dit onderwerp niet');
    await sanne.page.keyboard.press('Enter');
    await expect(sanne.offer).toHaveCount(0);
    const tom = await people.agent('tom');
    await tom.available();
    await expect(tom.offer).toContainText('Een moeilijke vraag');
    await tom.page.getByTestId('accept').click();
    await expect(resident.status).toHaveText('U praat met Tom Bakker');
    await expect(resident.page.locator('.state')).toHaveText(['Tom Bakker helpt u nu']);
  });
});

test.describe('an offer that nobody answers', () => {
  test.use({ rules: { agents: { sanne: ASKED }, queues: { burgerzaken: { offer_s: 2 } }, routing: { decline_rest_s: 1 } } });

  test('passes, and its agent gets no more until they say so', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('burgerzaken', 'Is daar iemand?');
    await expect(sanne.offer).toBeVisible();
    await expect(sanne.page.getByTestId('missed')).toBeVisible();
    await expect(sanne.offer).toHaveCount(0);
    await expect(sanne.page.getByTestId('presence')).toHaveAttribute('data-value', 'missed');
    await expect(sanne.page.getByTestId('ringer')).toContainText('U hebt een gesprek gemist');
    await sound(sanne.page, 'missed');
    await tabTo(sanne.page, sanne.page.getByTestId('missed-back'));
    await sanne.page.keyboard.press('Enter');
    await expect(sanne.page.getByTestId('missed')).toHaveCount(0);
    await expect(sanne.offer).toBeVisible();
    await sanne.page.getByTestId('accept').click();
    await expect(resident.status).toHaveText('U praat met Sanne de Vries');
  });
});

test.describe('hand-over', () => {
  test.use({ rules: { agents: { tom: ASKED } } });

  test('to a colleague, who declines it first and takes it then', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('burgerzaken', 'Een vraag voor Tom');
    await sanne.take('Een vraag voor Tom');
    const tom = await people.agent('tom');
    await tom.available();
    const handOver = async () => {
      await sanne.tool('hand-over');
      await sanne.page.getByTestId('transfer-to-tom').check();
      await sanne.page.getByTestId('transfer').click();
    };
    await handOver();
    await expect(over(sanne)).toContainText('Neemt niemand het aan, dan komt het bij u terug');
    await expect(sanne.work).toHaveCount(0);
    await tom.page.getByTestId('decline').click();
    await tom.page.getByTestId('decline-do').click();
    await expect(sanne.page.getByTestId('returned')).toHaveAttribute('data-reason', 'declined');
    await expect(sanne.work).toContainText('Terug');
    await sound(sanne.page, 'returned');
    await sanne.say('Ik zoek het uit');
    await expect(sanne.page.getByTestId('returned')).toHaveCount(0);
    await expect(resident.message('Ik zoek het uit')).toBeVisible();
    await handOver();
    await expect(tom.offer).toBeVisible();
    await tom.page.getByTestId('accept').click();
    await expect(tom.message('Ik zoek het uit')).toBeVisible();
    await tom.say('Hier is Tom');
    await expect(resident.status).toHaveText('U praat met Tom Bakker');
    await expect(sanne.work).toHaveCount(0);
    await expect(sanne.answer).toHaveCount(0);
  });

  test('a colleague is brought in, writes along, and leaves', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('burgerzaken', 'Een vraag voor twee');
    await sanne.take('Een vraag voor twee');
    const tom = await people.agent('tom');
    await tom.presence('busy');
    await sanne.tool('bring-in');
    await sanne.page.getByTestId('join-who-tom').check();
    await sanne.page.getByTestId('join-do').click();
    await expect(sanne.page.getByTestId('with')).toHaveText('met Tom Bakker');
    await expect(tom.work).toContainText('Doet mee');
    await tom.take('Een vraag voor twee');
    await tom.say('Ik kijk even mee');
    await expect(resident.message('Ik kijk even mee')).toBeVisible();
    await tom.tool('leave');
    await expect(tom.work).toHaveCount(0);
    await expect(sanne.page.getByTestId('with')).toHaveCount(0);
    await sanne.say('Tot zover');
    await expect(resident.message('Tot zover')).toBeVisible();
  });
});

test.describe('the end', () => {
  test.use({ rules: { queues: { burgerzaken: { wrap_up_s: 600, reasons: ['opgelost', 'no-show'] }, belastingen: { reasons: ['opgelost'] } } } });

  test('wrap-up with its time and a reason', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('burgerzaken', 'Een korte vraag');
    await sanne.take('Een korte vraag');
    await sanne.tool('close');
    const wrapUp = sanne.page.getByTestId('wrap-up');
    await expect(wrapUp).toContainText(/nog 9:\d\d/);
    await expect(resident.status).toHaveAttribute('data-state', 'closed');
    await expect(sanne.work).toHaveAttribute('data-state', 'wrap_up');
    await sanne.page.getByTestId('finish').click();
    await expect(wrapUp.getByRole('alert')).toHaveText('Kies eerst een reden.');
    await sound(sanne.page, 'wrap-up');
    await sanne.page.getByTestId('reason').selectOption('no-show');
    await sanne.page.getByTestId('finish').click();
    await expect(over(sanne)).toHaveText('Dit gesprek is afgerond.');
    await expect(sanne.work).toHaveCount(0);
  });

  test('a reason at once where there is no wrap-up', async ({ people }) => {
    const sanne = await people.agent('sanne');
    await sanne.available();
    const resident = await people.resident();
    await resident.start('belastingen', 'Een aanslag');
    await sanne.take('Een aanslag');
    await sanne.tool('close');
    await sanne.page.getByTestId('reason').selectOption('opgelost');
    await sanne.page.getByTestId('close-do').click();
    await expect(resident.status).toHaveAttribute('data-state', 'closed');
    await expect(sanne.work).toHaveCount(0);
    await expect(problem(sanne)).toHaveCount(0);
  });
});

test('what is put away comes back with the resident’s words, or at its time', async ({ people }) => {
  const sanne = await people.agent('sanne');
  await sanne.available();
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Ik zoek mijn bonnetje nog');
  await sanne.take('Ik zoek mijn bonnetje nog');
  await sanne.tool('snooze');
  await sanne.page.getByTestId('snooze-own').fill('2020-01-01T09:00');
  await sanne.page.getByTestId('snooze-do').click();
  await expect(sanne.page.getByRole('alert').filter({ hasText: 'Kies een tijd in de toekomst.' })).toBeVisible();
  await sanne.page.getByTestId('snooze-reply').click();
  await expect(over(sanne)).toContainText('Weggezet tot de inwoner antwoordt');
  await expect(sanne.work).toHaveCount(0);
  await resident.say('Gevonden!');
  await expect(sanne.work).toContainText('Gevonden!');
  await expect(sanne.message('Gevonden!')).toBeVisible();
  await sanne.tool('snooze');
  await sanne.page.getByTestId('snooze-tomorrow').click();
  await expect(over(sanne)).toContainText(/Weggezet tot .* 09:00/);
  await expect(sanne.work).toHaveCount(0);
});

test.describe('those who wait', () => {
  test('see their place, hear it when it changes, and may leave the line', async ({ people }) => {
    const first = await people.resident();
    await first.start('burgerzaken', 'Ik was eerst');
    const second = await people.resident();
    await second.start('burgerzaken', 'Ik kwam later');
    const place = (resident) => resident.page.getByTestId('place');
    await expect(place(first)).toHaveText('U bent als eerste aan de beurt');
    await expect(place(second)).toHaveText('U bent nummer 2 in de rij');
    await expect(second.page.getByTestId('expected')).toHaveText('We kunnen nog niet zeggen hoe lang het duurt.');
    await expect(second.page.getByTestId('place-announcer')).toContainText('U bent nummer 2 in de rij.');
    await sound(second.page, 'waiting in line');
    await first.page.getByTestId('end').click();
    await expect(first.page.getByTestId('end-no')).toBeFocused();
    await sound(first.page, 'leaving the line');
    await first.page.keyboard.press('Escape');
    await expect(first.page.getByTestId('end')).toBeFocused();
    await first.page.getByTestId('end').click();
    await first.page.getByTestId('end-yes').click();
    await expect(first.status).toHaveAttribute('data-state', 'closed');
    await expect(place(second)).toHaveText('U bent als eerste aan de beurt');
    await expect(second.page.getByTestId('place-announcer')).toContainText('U bent als eerste aan de beurt.');
    const sanne = await people.agent('sanne');
    await sanne.available();
    await expect(second.status).toHaveAttribute('data-state', 'active');
    await expect(place(second)).toHaveCount(0);
    await second.page.getByTestId('end').click();
    await second.page.getByTestId('end-yes').click();
    await expect(second.status).toHaveAttribute('data-state', 'closed');
    await expect(sanne.work).toHaveCount(0);
  });
});

/* Open tomorrow only, whatever day it is. */
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const tomorrow = DAYS[new Date(new Date().toLocaleString('en-US', { timeZone: 'Europe/Amsterdam' })).getDay() + 1] ?? 'sun';
const hours = [{ days: [tomorrow], from: '09:00', to: '17:00' }];

test.describe('a queue that is closed', () => {
  test.use({
    rules: {
      queues: {
        burgerzaken: { hours, outside: 'close', outside_nl: 'Morgen zijn we er weer.', outside_email: 'balie@voorbeeld.example' },
        belastingen: { hours, outside: 'message' },
      },
    },
  });

  test('says so, until when, and where else to ask', async ({ people }) => {
    const resident = await people.resident();
    const { page } = resident;
    await expect(page.getByTestId('subject-burgerzaken')).toContainText('Gesloten');
    await page.getByTestId('subject-burgerzaken').click();
    const shut = page.getByTestId('shut');
    await expect(shut).toContainText('We gaan morgen open om 09:00 uur.');
    await expect(shut).toContainText('Morgen zijn we er weer.');
    await expect(shut.getByRole('link', { name: 'balie@voorbeeld.example' })).toHaveAttribute('href', 'mailto:balie@voorbeeld.example');
    await expect(resident.composer).toHaveCount(0);
    await sound(page, 'closed');
    await page.getByText('Ander onderwerp').click();
    await page.getByTestId('subject-belastingen').click();
    await expect(shut).toContainText('U kunt een bericht achterlaten.');
    await resident.composer.fill('Voor morgen');
    await page.getByTestId('send').click();
    await expect(resident.message('Voor morgen')).toHaveAttribute('data-state', 'sent');
    await expect(page.getByTestId('wait')).toContainText('We gaan morgen open om 09:00 uur.');
  });
});
