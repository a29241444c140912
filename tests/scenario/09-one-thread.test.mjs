/* One resident, one thread: chat, mail and text messages of one person come together at the agent who holds it, who answers where the resident is. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { mailParts, startMail, startSms } from '../lib/parts.mjs';
import { freePort } from '../lib/wait.mjs';

const DESK = 'balie@voorbeeld.example';
const NUMBER = '+3197005002';
let mail;
let sms;
let broker;
let a;
before(async () => {
  const port = await freePort();
  [mail, sms] = await Promise.all([startMail(), startSms({ hookUrl: `http://127.0.0.1:${port}` })]);
  broker = await startBroker({ port, mailboxes: [mail.mailbox(DESK, 'burgerzaken')], sms: [sms.number(NUMBER, 'burgerzaken')] });
  await broker.addStaff({ id: 'sanne', name: 'Sanne', capacity: 100 });
  a = await staff(broker, 'sanne');
});
after(async () => {
  a?.assertOrder();
  await broker?.close();
  await Promise.all([sms?.close(), mail?.close()]);
});

const link = (conversation, channel, address, verb = 'link') =>
  a.ask({ verb, conversation, channel, address }, (f) => f.verb === 'entry' && f.conversation === conversation && f.kind === 'link' && f.state === `${verb}ed`);
const shows = (conversation, fits) => a.wait((f) => f.verb === 'conversation' && f.conversation === conversation && fits(f), { name: 'a change of the conversation', ms: 20000 });

test('a chat, a text and a mail of one person are one thread, answered where they wrote last', async (t) => {
  const r = await resident(broker, {}, t);
  const { conversation } = await r.start({ text: 'Ik heb een vraag', name: 'Noor' });
  await a.assigned(conversation);
  await a.catchUp(conversation);

  const linked = await link(conversation, 'sms', '06-1234 5001');
  assert.deepEqual([linked.address, linked.from, linked.author], ['+31612345001', 'agent', 'sanne']);
  await link(conversation, 'email', 'Noor@Example.org');
  await shows(conversation, (f) => f.addresses?.length === 2);

  await sms.text('+31612345001', NUMBER, 'Ik ben even weg, app me');
  const text = await a.entry(conversation, (e) => e.text === 'Ik ben even weg, app me', { ms: 20000 });
  assert.deepEqual([text.channel, text.address], ['sms', '+31612345001']);
  await shows(conversation, (f) => f.channel === 'sms');
  await r.entry(conversation, (e) => e.text === 'Ik ben even weg, app me'); /* the chat page shows it, too */
  const bySms = await a.say(conversation, 'Doe ik!'); /* no channel given: the last used */
  assert.equal((await a.entry(conversation, (e) => e.seq === bySms.seq)).channel, 'sms');
  await sms.phone(/Doe ik!/);

  const id = await mail.send({ from: 'noor@example.org', to: DESK, subject: 'Formulier', text: 'Hierbij het formulier' });
  const letter = await a.entry(conversation, (e) => e.message_id === id, { ms: 20000 });
  assert.equal(letter.channel, 'email');
  const byMail = await a.say(conversation, 'Ontvangen, dank.');
  assert.equal((await a.entry(conversation, (e) => e.seq === byMail.seq)).channel, 'email');
  assert.equal(mailParts(await mail.received('noor@example.org')).headers['in-reply-to'], `<${id}>`);

  /* another channel by choice */
  const chosen = await a.say(conversation, 'Ook even per sms.', { channel: 'sms' });
  assert.equal((await a.entry(conversation, (e) => e.seq === chosen.seq)).address, '+31612345001');
  await sms.phone(/Ook even per sms\./);
  const chat = await a.say(conversation, 'En in de chat.', { channel: 'chat' });
  await r.entry(conversation, (e) => e.seq === chat.seq && e.channel === 'chat');
  assert.equal(mail.inbox('noor@example.org').length, 1);

  await r.say(conversation, 'Ik ben terug');
  const back = await a.say(conversation, 'Welkom terug'); /* chat was used last */
  assert.equal((await a.entry(conversation, (e) => e.seq === back.seq)).channel, 'chat');
  r.assertOrder();
});

test('a text lands in the open thread of its number, whoever waits or holds it', async () => {
  await sms.text('+31612345002', NUMBER, 'eerste');
  const got = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(got.conversation);
  await sms.text('+31612345002', NUMBER, 'tweede');
  await a.entry(got.conversation, (e) => e.text === 'tweede', { ms: 20000 });
});

test('an address of somebody else is refused; what is unlinked is apart again', async () => {
  await sms.text('+31612345003', NUMBER, 'van een ander');
  const other = await a.assigned(undefined, { ms: 20000 });
  await mail.send({ from: 'els@example.org', to: DESK, subject: 'Vraag van Els' });
  const els = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(els.conversation);
  const refusal = async (address, channel, verb = 'link') => (await a.refused({ verb, conversation: els.conversation, channel, address })).code;
  assert.equal(await refusal('+31612345003', 'sms'), 'address_taken');
  assert.equal(await refusal('no number', 'sms'), 'bad_field');
  assert.equal(await refusal('no-address', 'email'), 'bad_field');
  assert.equal(await refusal('els@example.org', 'post'), 'bad_field');
  assert.equal(await refusal('+31699999999', 'sms', 'unlink'), 'not_found');
  await a.catchUp(other.conversation);
  assert.deepEqual(a.entries(other.conversation).map((e) => e.kind), ['message', 'state'], 'the other thread is untouched');

  await link(els.conversation, 'sms', '+31612345004');
  await sms.text('+31612345004', NUMBER, 'ik ben Els');
  await a.entry(els.conversation, (e) => e.text === 'ik ben Els', { ms: 20000 });
  await link(els.conversation, 'sms', '+31612345004', 'unlink');
  await sms.text('+31612345004', NUMBER, 'ik ben toch een ander');
  const apart = await a.assigned(undefined, { ms: 20000 });
  assert.notEqual(apart.conversation, els.conversation);
  assert.notEqual(apart.resident, els.resident);
});

test('where there is no address nothing can be sent', async (t) => {
  const r = await resident(broker, {}, t);
  const { conversation } = await r.start({ text: 'alleen chat' });
  await a.assigned(conversation);
  await a.catchUp(conversation);
  for (const channel of ['sms', 'email']) {
    const error = await a.refused({ verb: 'say', conversation, counter: 1, text: 'x', channel });
    assert.deepEqual([error.code, error.counter], ['bad_channel', 1]);
  }
  assert.equal((await a.refused({ verb: 'say', conversation, counter: 1, text: 'x', channel: 'post' })).code, 'bad_field');
  await a.say(conversation, 'dan in de chat');
});
