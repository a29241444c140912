/* Chat, e-mail and SMS at one console: real Dovecot, Exim and Kannel from deploy/parts. */
import { mailParts, startMail, startSms } from '../lib/parts.mjs';
import { freePort } from '../lib/wait.mjs';
import { expect, test as base } from './lib/test.mjs';

const DESK_ADDRESS = 'balie@voorbeeld.example';
const NUMBER = '+31600000000';
const PHONE_NUMBER = '+31612345678';

/* The servers serve all tests of a worker; mailboxes, numbers and residents are each test's own. */
const test = base.extend({
  mail: [
    async ({}, use) => {
      const mail = await startMail();
      await use(mail);
      await mail.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  sms: async ({}, use) => {
    const port = await freePort();
    const sms = await startSms({ hookUrl: `http://127.0.0.1:${port}` });
    await use({ port, server: sms });
    await sms.close();
  },
  settings: async ({ mail, sms }, use) => {
    await use({
      port: sms.port,
      mailboxes: [mail.mailbox(DESK_ADDRESS, 'burgerzaken')],
      sms: [sms.server.number(NUMBER, 'burgerzaken')],
    });
  },
});

test.describe.configure({ mode: 'serial' }); /* they share the mailbox of the counter */

test('e-mail, SMS and chat wait in one queue and reach one agent, each answered on its own channel', async ({ people, mail, sms }) => {
  const board = await people.supervisor();
  const card = board.locator('[data-testid=queue-row][data-queue=burgerzaken]');
  const asked = await mail.send({
    from: 'els.jansen@example.org',
    name: 'Els Jansen',
    to: DESK_ADDRESS,
    subject: 'Rijbewijs verlengen',
    text: 'Geachte heer/mevrouw,\n\nMijn rijbewijs verloopt. Wat kost een nieuw? Ik zie € 52 staan.\n\nMet vriendelijke groet,\nEls Jansen',
  });
  await expect(card.getByTestId('queue-email')).toContainText('1');
  await sms.server.text(PHONE_NUMBER, NUMBER, 'Is het loket zaterdag open? 😀');
  await expect(card.getByTestId('queue-sms')).toContainText('1');
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Ik wil een verhuizing doorgeven', 'Mo Yilmaz');
  await expect(card.getByTestId('queue-chat')).toContainText('1');
  await expect(card.getByTestId('queue-waiting')).toHaveText('3');

  const agent = await people.agent('sanne');
  await agent.available();
  await expect(agent.work).toHaveCount(3);
  for (const channel of ['email', 'sms', 'chat']) await expect(agent.work.and(agent.page.locator(`[data-channel=${channel}]`))).toHaveCount(1);

  await agent.take('Els Jansen');
  const question = agent.message('Mijn rijbewijs verloopt');
  await expect(question).toHaveAttribute('data-channel', 'email');
  await expect(question).toContainText('Rijbewijs verlengen');
  await expect(question).toContainText('els.jansen@example.org');
  await expect(agent.page.getByTestId('channels')).toHaveAttribute('data-channel', 'email');
  await agent.say('Beste mevrouw Jansen,\n\nEen nieuw rijbewijs kost € 52. Pasfoto meenemen.');
  await expect(agent.message('Pasfoto meenemen')).toHaveAttribute('data-channel', 'email');
  const answer = mailParts(await mail.received('els.jansen@example.org'));
  expect(answer.headers['in-reply-to']).toBe(`<${asked}>`);
  expect(answer.headers.references).toContain(`<${asked}>`);
  expect(answer.headers.subject).toBe('Re: Rijbewijs verlengen');
  expect(answer.headers['content-type']).toMatch(/utf-8/i);
  expect(answer.text).toContain('Een nieuw rijbewijs kost € 52.');
  await expect(agent.message('Pasfoto meenemen')).toHaveAttribute('data-state', 'sent');

  await agent.take('Is het loket zaterdag open? 😀');
  await expect(agent.message('zaterdag')).toHaveAttribute('data-channel', 'sms');
  await agent.say('Ja, van 10 tot 14 uur.');
  await sms.server.phone(/Ja, van 10 tot 14 uur\./);
  await expect(agent.message('van 10 tot 14 uur')).toHaveAttribute('data-state', 'delivered');
  await expect(agent.message('van 10 tot 14 uur')).toContainText('Afgeleverd');
  await agent.take('Mo Yilmaz');
  await agent.say('Dat kan online.');
  await expect(resident.message('Dat kan online.')).toBeVisible();
});

test('an agent links a number: a text from it lands in the same thread, and the channel can be picked', async ({ people, broker, mail, sms }) => {
  const agent = await people.agent('sanne');
  await agent.available();
  const resident = await people.resident();
  await resident.start('burgerzaken', 'Mijn paspoort is kwijt', 'Karin de Boer');
  await agent.take('Karin de Boer');
  await agent.page.getByTestId('link-fold').locator('summary').click();
  await agent.page.getByTestId('link-channel').selectOption('sms');
  await agent.page.getByTestId('link-address').fill('06-1234 5678');
  await agent.page.getByTestId('link').click();
  await expect(agent.page.getByTestId('entry-line').and(agent.page.locator('[data-kind=link]'))).toContainText(PHONE_NUMBER);
  await expect(agent.page.locator('.addresses')).toContainText(PHONE_NUMBER);

  await sms.server.text(PHONE_NUMBER, NUMBER, 'Gevonden, het lag in de auto');
  await expect(agent.message('Gevonden, het lag in de auto')).toHaveAttribute('data-channel', 'sms');
  await expect(agent.work).toHaveCount(1);
  await expect(resident.message('Gevonden, het lag in de auto')).toContainText('via Sms');
  await expect(agent.page.getByTestId('channels')).toHaveAttribute('data-channel', 'sms');
  await agent.say('Fijn om te horen');
  await sms.server.phone(/Fijn om te horen/);
  await agent.page.getByTestId('channel-chat').check();
  await agent.say('Dan sluit ik de aangifte');
  await expect(agent.message('Dan sluit ik de aangifte')).toHaveAttribute('data-channel', 'chat');
  await expect(resident.message('Dan sluit ik de aangifte')).toBeVisible();
  expect(sms.server.phoneLog()).not.toContain('Dan sluit ik de aangifte');

  await agent.page.getByTestId('link-channel').selectOption('email');
  await agent.page.getByTestId('link-address').fill('Karin.deBoer@Example.org');
  await agent.page.getByTestId('link').click();
  await expect(agent.page.locator('.addresses')).toContainText('karin.deboer@example.org');
  await mail.send({ from: 'karin.deboer@example.org', to: DESK_ADDRESS, subject: 'Paspoort', text: 'Ook per mail: dank u wel' });
  await expect(agent.message('Ook per mail: dank u wel')).toHaveAttribute('data-channel', 'email');
  await expect(agent.work).toHaveCount(1);
  await agent.page.getByRole('button', { name: 'karin.deboer@example.org loskoppelen' }).click();
  await expect(agent.page.locator('.addresses')).not.toContainText('karin.deboer@example.org');
  expect(broker.log()).not.toContain('karin.deboer');
  expect(broker.log()).not.toContain('612345678');
});

test('an address of another resident is refused, and the agent is told why; a file can be fetched by its agent alone', async ({ people, broker, mail }) => {
  const agent = await people.agent('sanne');
  await agent.available();
  const boundary = 'grens';
  await mail.send({
    from: 'piet@example.com',
    name: 'Piet',
    to: DESK_ADDRESS,
    subject: 'Bijlage',
    headers: { 'Content-Type': `multipart/mixed; boundary=${boundary}` },
    text: `--${boundary}\nContent-Type: text/plain; charset=utf-8\n\nZie de bijlage\n--${boundary}\nContent-Type: text/html; name="brief.html"\nContent-Disposition: attachment; filename="brief.html"\nContent-Transfer-Encoding: base64\n\n${Buffer.from('<script>alert(1)</script>').toString('base64')}\n--${boundary}--`,
  });
  await agent.take('Zie de bijlage');
  const file = agent.page.getByTestId('attachment').filter({ hasText: 'brief.html' });
  await expect(file).toBeVisible();
  const href = await file.getAttribute('href');
  const fetched = await agent.page.request.get(href);
  expect(fetched.status()).toBe(200);
  expect(await fetched.text()).toBe('<script>alert(1)</script>');
  expect(fetched.headers()['content-security-policy']).toContain('sandbox');
  expect((await fetch(broker.url + href)).status).toBe(401);

  const resident = await people.resident();
  await resident.start('burgerzaken', 'Ik ben iemand anders');
  await agent.take('Ik ben iemand anders');
  await agent.page.getByTestId('link-fold').locator('summary').click();
  await agent.page.getByTestId('link-address').fill('piet@example.com');
  await agent.page.getByTestId('link').click();
  await expect(agent.page.getByTestId('problem')).toContainText('Dit adres hoort al bij een andere inwoner.');
});
