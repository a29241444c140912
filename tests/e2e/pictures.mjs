#!/usr/bin/env node
/* Makes docs/pictures/{resident,console,supervise}.png: three faces of one busy morning at Gemeente Voorbeeld. Everything in them is real: a broker with
 * mail and text message servers of its own, people who write through all three channels, agents who answer. Takes two minutes, for people must have
 * waited for a while.
 *
 *   tests/e2e/pictures [FOLDER]        default: docs/pictures */
import fs from 'node:fs';
import path from 'node:path';

import { chromium, expect } from '@playwright/test';

import { ROOT, startBroker } from '../lib/broker.mjs';
import { startMail, startSms } from '../lib/parts.mjs';
import { freePort, sleep } from '../lib/wait.mjs';
import config from './playwright.config.mjs';
import { AgentPage, DESK, PHONE, ResidentPage } from './lib/people.mjs';

const folder = path.resolve(process.argv[2] ?? path.join(ROOT, 'docs/pictures'));
const DESK_ADDRESS = 'balie@voorbeeld.example';
const NUMBER = '+31600000000';
/* The pictures show office hours, whenever they are made. */
const shift = Math.max(-12, Math.min(14, 10 - new Date().getUTCHours()));
const timezoneId = `Etc/GMT${shift > 0 ? '-' : '+'}${Math.abs(shift)}`;

const port = await freePort();
const mail = await startMail();
const sms = await startSms({ hookUrl: `http://127.0.0.1:${port}` });
const broker = await startBroker({
  port,
  web: path.join(ROOT, 'web/dist'),
  mailboxes: [mail.mailbox(DESK_ADDRESS, 'burgerzaken')],
  sms: [sms.number(NUMBER, 'belastingen')],
});
const browser = await chromium.launch(config.use.launchOptions);

async function page(options) {
  const context = await browser.newContext({ baseURL: broker.url, locale: 'nl-NL', timezoneId, ...options });
  return context.newPage();
}

async function staff(id, where) {
  const made = await page(DESK);
  const [name, value] = (await broker.cookie(id)).split('=');
  await made.context().addCookies([{ name, value, url: broker.url }]);
  await made.goto(where);
  return made;
}

async function resident(queue, text, name, options = PHONE) {
  const made = await new ResidentPage(await page(options)).open();
  await made.start(queue, text, name);
  await expect(made.message(text)).toHaveAttribute('data-state', /sent|read/);
  return made;
}

const letter = (from, name, subject, text) => mail.send({ from, name, to: DESK_ADDRESS, subject, text });

async function talk(agent, phone, lines) {
  for (const [who, text] of lines) {
    await (who === 'agent' ? agent : phone).say(text);
    await expect(phone.message(text)).toHaveAttribute('data-state', who === 'agent' ? 'received' : /sent|read/);
    await expect(agent.message(text)).toBeVisible();
  }
}

try {
  for (const each of [
    { id: 'sanne', name: 'Sanne de Vries', queues: ['burgerzaken', 'belastingen'], capacity: 4 },
    { id: 'tom', name: 'Tom Bakker', queues: ['burgerzaken'], capacity: 4 },
    { id: 'yusuf', name: 'Yusuf Demir', queues: ['belastingen'], capacity: 4 },
    { id: 'fatima', name: 'Fatima el Amrani', role: 'supervisor', queues: [] },
  ])
    await broker.addStaff(each);
  const board = await staff('fatima', '/supervise');
  await expect(board.getByTestId('queue-row').first()).toBeVisible();

  const sanne = new AgentPage(await staff('sanne', '/console'));
  await sanne.available();
  const phone = await resident('burgerzaken', 'Goedemorgen! Mijn paspoort verloopt volgende maand. Kan ik hier een afspraak maken?', 'Jan Jansen');
  await sanne.take('Jan Jansen');
  await talk(sanne, phone, [
    ['agent', 'Goedemorgen meneer Jansen. Dat kan. Schikt donderdag om 10:20 uur, aan de balie in het stadhuis?'],
    ['resident', 'Donderdag is goed. Wat moet ik meenemen?'],
    ['agent', 'Uw oude paspoort en één recente pasfoto. De kosten zijn € 83,87.\nAlles staat op https://voorbeeld.example/id'],
    ['resident', 'Top, dan kom ik donderdag. Dank u wel!'],
  ]);
  await expect(phone.message('Top, dan kom ik')).toHaveAttribute('data-state', 'read');
  await letter('els.jansen@example.org', 'Els Jansen', 'Rijbewijs verlengen', 'Geachte heer of mevrouw,\n\nMijn rijbewijs verloopt in januari. Kan ik het online verlengen, of moet ik langskomen?\n\nMet vriendelijke groet,\nEls Jansen');
  await expect(sanne.work).toHaveCount(2);
  await sms.text('+31612345678', NUMBER, 'Wanneer moet mijn aanslag OZB betaald zijn?');
  await expect(sanne.work).toHaveCount(3);

  const tom = new AgentPage(await staff('tom', '/console'));
  await tom.available();
  await resident('burgerzaken', 'Hoe geef ik mijn verhuizing door?', 'Karin de Boer');
  await resident('burgerzaken', 'Ik ben mijn rijbewijs kwijt', 'Mo Yilmaz');
  await expect(tom.work).toHaveCount(2);
  const yusuf = new AgentPage(await staff('yusuf', '/console'));
  await yusuf.available();
  await resident('belastingen', 'Ik wil bezwaar maken tegen mijn WOZ-waarde', 'Piet Visser');
  await expect(yusuf.work).toHaveCount(1);
  await yusuf.presence('break');

  /* Those who wait: one after the other, so that the trend has a shape. */
  await letter('b.smit@example.net', 'Bas Smit', 'Uittreksel BRP', 'Hoe vraag ik een uittreksel aan?');
  await sleep(20_000);
  await sms.text('+31687654321', NUMBER, 'Kan ik in termijnen betalen?');
  await resident('burgerzaken', 'Wat zijn de openingstijden?', 'Noor');
  await sleep(25_000);
  await resident('belastingen', 'Mijn hond is overleden, hoe meld ik dat af?', 'Anna Meijer');
  await sleep(25_000);
  await sleep(20_000);

  fs.mkdirSync(folder, { recursive: true });
  await expect(board.getByTestId('waiting-row')).toHaveCount(4);
  await board.screenshot({ path: path.join(folder, 'supervise.png') });

  await sanne.take('Els Jansen');
  await sanne.say('Beste mevrouw Jansen,\n\nU kunt uw rijbewijs online verlengen. U hebt daarvoor DigiD nodig.');
  await sanne.take('Jan Jansen');
  await sanne.page.getByTestId('note').check();
  await sanne.say('Afspraak staat: donderdag 10:20, balie 3.');
  await expect(sanne.message('Afspraak staat')).toHaveAttribute('data-seq', /\d/);
  await phone.composer.pressSequentially('Nog');
  await expect(sanne.page.getByTestId('typing')).toBeVisible();
  await sanne.page.screenshot({ path: path.join(folder, 'console.png') });
  await phone.composer.fill('');
  await phone.page.evaluate(() => document.activeElement.blur());
  await phone.page.screenshot({ path: path.join(folder, 'resident.png') });
  console.log(`written: ${['resident', 'console', 'supervise'].map((name) => path.join(folder, `${name}.png`)).join(' ')}`);
} finally {
  await browser.close();
  await broker.close();
  await Promise.all([mail.close(), sms.close()]);
}
