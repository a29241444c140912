/* E-mail in and out, with a real mail server and Dovecot: threads by reference, charsets, attachments, and mail that nobody can read. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { resident, staff } from '../lib/client.mjs';
import { mailParts, startMail } from '../lib/parts.mjs';

const DESK = 'balie@voorbeeld.example';
const TAXES = 'belastingen@voorbeeld.example';
let mail;
let broker;
let a; /* Sanne, Burgerzaken */
let j; /* Joost, Belastingen */
before(async () => {
  mail = await startMail();
  broker = await startBroker({ mailboxes: [mail.mailbox(DESK, 'burgerzaken'), mail.mailbox(TAXES, 'belastingen')] });
  await Promise.all([
    broker.addStaff({ id: 'sanne', name: 'Sanne', queues: ['burgerzaken'], capacity: 100 }),
    broker.addStaff({ id: 'joost', name: 'Joost', queues: ['belastingen'], capacity: 100 }),
  ]);
  a = await staff(broker, 'sanne');
  j = await staff(broker, 'joost');
});
after(async () => {
  a?.assertOrder();
  j?.assertOrder();
  await broker?.close();
  await mail?.close();
});

/* Sends a mail and gives the conversation in which it arrived at @agent. */
async function arrives(agent, options) {
  const id = await mail.send(options);
  const given = await agent.assigned(undefined, { ms: 20000 });
  await agent.catchUp(given.conversation);
  return { id, ...given };
}

const attachment = (conversation, hash, cookie) => fetch(`${broker.url}/api/attachment/${conversation}/${hash}`, { headers: cookie ? { cookie } : {} });

test('a mail becomes a conversation, and the answer a mail in the same thread', async () => {
  const got = await arrives(a, { from: 'Fatima@Example.org', name: 'Fatima El Idrissi', to: DESK, subject: 'Paspoort verlengen', text: 'Hoe verleng ik mijn paspoort? ☺' });
  assert.deepEqual([got.queue, got.channel, got.name, got.subject], ['burgerzaken', 'email', 'Fatima El Idrissi', 'Paspoort verlengen']);
  assert.deepEqual(got.addresses, [{ channel: 'email', address: 'fatima@example.org' }]);
  const first = a.entries(got.conversation)[0];
  assert.deepEqual([first.from, first.channel, first.text.trim(), first.message_id, first.address], ['resident', 'email', 'Hoe verleng ik mijn paspoort? ☺', got.id, 'fatima@example.org']);

  const said = await a.say(got.conversation, 'Met een afspraak aan het loket.\nNeem een pasfoto mee: ë € 😀');
  await a.entry(got.conversation, (e) => e.kind === 'receipt' && e.of === said.seq && e.state === 'sent');
  const { headers, text } = mailParts(await mail.received('fatima@example.org'));
  assert.equal(headers['in-reply-to'], `<${got.id}>`);
  assert.equal(headers.references, `<${got.id}>`);
  assert.equal(headers.subject, 'Re: Paspoort verlengen');
  assert.match(headers.from, /Gemeente Voorbeeld.*<balie@voorbeeld\.example>/);
  assert.match(headers['content-type'], /charset="?utf-8"?/i);
  assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 60000);
  assert.match(text.replace(/\r/g, ''), /Met een afspraak aan het loket\.\nNeem een pasfoto mee: ë € 😀/);

  /* her answer to the answer, as her program does it */
  const ours = headers['message-id'].slice(1, -1);
  const second = await mail.send({ from: 'fatima@example.org', to: DESK, subject: 'Re: Paspoort verlengen', text: 'Dank u!', headers: { 'In-Reply-To': `<${ours}>`, References: `<${got.id}> <${ours}>` } });
  const thanks = await a.entry(got.conversation, (e) => e.message_id === second, { ms: 20000 });
  assert.equal(thanks.text.trim(), 'Dank u!');
  const again = await a.say(got.conversation, 'Graag gedaan');
  await a.entry(got.conversation, (e) => e.kind === 'receipt' && e.of === again.seq);
  const next = mailParts(await mail.received('fatima@example.org', 2)).headers;
  assert.equal(next['in-reply-to'], `<${second}>`);
  assert.deepEqual(next.references.split(/\s+/), [`<${got.id}>`, `<${ours}>`, `<${second}>`]);
  assert.notEqual(next['message-id'], headers['message-id']);
});

test('the mailbox decides the queue, and who answers from which address', async () => {
  const got = await arrives(j, { from: 'piet@example.org', to: TAXES, subject: 'Aanslag' });
  assert.equal(got.queue, 'belastingen');
  await j.say(got.conversation, 'Wij kijken het na.');
  const { headers } = mailParts(await mail.received('piet@example.org'));
  assert.match(headers.from, /<belastingen@voorbeeld\.example>/);
});

test('the thread is found by References when In-Reply-To is of no use', async () => {
  const got = await arrives(a, { from: 'anna@example.org', to: DESK, subject: 'Verhuizing' });
  const cases = [
    { References: `<${got.id}>` },
    { 'In-Reply-To': '<unknown@elsewhere.example>', References: `<other@elsewhere.example>\n <${got.id}>` },
    { 'In-Reply-To': `<one@elsewhere.example> <${got.id}>` },
    { 'In-Reply-To': `Your mail of "today" (a comment with <brackets>) <${got.id}>` },
  ];
  for (const headers of cases) {
    const id = await mail.send({ from: 'anna@example.org', to: DESK, subject: 'Heel iets anders', headers });
    await a.entry(got.conversation, (e) => e.message_id === id, { ms: 20000 });
  }
});

test('words in other charsets and codings arrive as words', async () => {
  const latin = Buffer.from('From: "=?iso-8859-1?Q?Jos=E9?=" <jose@example.org>\r\nTo: balie@voorbeeld.example\r\nSubject: =?utf-8?B?w4lpw6luIHZyYWFn?=\r\n' +
    'Message-ID: <latin@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-15\r\nContent-Transfer-Encoding: 8bit\r\n\r\nCaf\xe9 kost \xa4 3\r\n', 'latin1');
  await mail.sendRaw('jose@example.org', DESK, latin);
  const one = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(one.conversation);
  assert.deepEqual([one.name, one.subject, a.entries(one.conversation)[0].text.trim()], ['José', 'Éién vraag', 'Café kost € 3']);

  const html = 'From: kees@example.org\nTo: balie@voorbeeld.example\nSubject: html\nMessage-ID: <html@example.org>\nMIME-Version: 1.0\n' +
    'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>Goede=\nmorgen,</p><script>alert(1)</script><p>Ik wil <b>=C3=A9=C3=A9n</b> ding.</p>\n';
  await mail.sendRaw('kees@example.org', DESK, html);
  const two = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(two.conversation);
  const { text } = a.entries(two.conversation)[0];
  assert.match(text, /Goedemorgen,/);
  assert.match(text, /Ik wil één ding\./);
  assert.doesNotMatch(text, /alert|<p>|<b>/);
});

test('attachments go to staff who may read the conversation, and to nobody else', async (t) => {
  const cookie = await broker.cookie('sanne');
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256));
  const raw = ['From: lena@example.org', 'To: balie@voorbeeld.example', 'Subject: bijlage', 'Message-ID: <files@example.org>', 'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=b"', '', '--=b', 'Content-Type: text/plain; charset=utf-8', '', 'Zie de bijlage.', '--=b',
    'Content-Type: application/pdf; name="../../etc/brief.pdf"', 'Content-Disposition: attachment; filename="../../etc/brief.pdf"', 'Content-Transfer-Encoding: base64', '',
    bytes.toString('base64').replace(/.{76}/g, '$&\n'), '--=b--', ''].join('\n');
  await mail.sendRaw('lena@example.org', DESK, raw);
  const got = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(got.conversation);
  const entry = a.entries(got.conversation)[0];
  assert.equal(entry.text.trim(), 'Zie de bijlage.');
  const file = entry.attachments.find((x) => x.type === 'application/pdf');
  assert.equal(file.bytes, bytes.length);
  assert.doesNotMatch(file.name, /[/\\]/);
  const answer = await attachment(got.conversation, file.hash, cookie);
  assert.equal(answer.status, 200);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  assert.match(answer.headers.get('content-disposition'), /^attachment; filename=/);
  assert.match(answer.headers.get('content-security-policy'), /sandbox/);
  assert.equal(answer.headers.get('content-type'), 'application/octet-stream');

  assert.equal((await attachment(got.conversation, file.hash)).status, 401);
  assert.equal((await attachment(got.conversation, file.hash, await broker.cookie('joost'))).status, 404); /* another queue */
  assert.equal((await attachment(got.conversation, '0'.repeat(64), cookie)).status, 404);
  const r = await resident(broker, {}, t);
  const chat = await r.start({ text: 'x' });
  await a.assigned(chat.conversation);
  assert.equal((await attachment(chat.conversation, file.hash, cookie)).status, 404, 'a hash opens only the conversation it stands in');
  assert.equal((await attachment('..%2F..', file.hash, cookie)).status, 404);
});

/* Mail that breaks rules, or has no words: a conversation all the same, with its source for a person to look at. */
const broken = {
  'no headers but a sender': 'From: broken1@example.org\n\n\n',
  'an empty body': 'From: broken2@example.org\nSubject: leeg\nMessage-ID: <b2@example.org>\n\n',
  'base64 that is none': 'From: broken3@example.org\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n!!!! ???? ----\n',
  'base64 that gives no words': 'From: broken4@example.org\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nSGFsbG8g/9j/4AAQ\n',
  'bytes of a type that nobody knows': Buffer.concat([Buffer.from('From: broken5@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/x-unknown\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'), Buffer.from([0xff, 0xfe, 0x80, 0x81, 0x0d, 0x0a])]),
};

test('a broken mail is never dropped: its raw source is attached', async () => {
  const cookie = await broker.cookie('sanne');
  let n = 0;
  for (const [what, raw] of Object.entries(broken)) {
    const from = `broken${++n}@example.org`;
    await mail.sendRaw(from, DESK, raw);
    const got = await a.assigned(undefined, { ms: 20000 });
    await a.catchUp(got.conversation);
    const entry = a.entries(got.conversation)[0];
    assert.equal(entry.from, 'resident', what);
    assert.equal(got.addresses?.[0]?.address, from, what);
    const source = entry.attachments?.find((x) => x.type === 'message/rfc822') ?? entry.attachments?.[0];
    assert.ok(source, `${what}: ${JSON.stringify(entry)}`);
    const answer = await attachment(got.conversation, source.hash, cookie);
    const bytes = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    const sent = Buffer.isBuffer(raw) ? raw.toString('latin1') : raw;
    const [head, body] = [sent.split(/\r?\n/).find((line) => line.startsWith('From:')), sent.split(/\r?\n\r?\n/).slice(1).join().trim()];
    if (source.type === 'message/rfc822') assert.ok(bytes.includes(head) && bytes.includes(body), `${what}: the source as it came`);
    else assert.equal(bytes.trim(), body, `${what}: its content as it came`);
  }
});

test('the same mail twice is one message', async () => {
  const raw = 'From: twice@example.org\nTo: balie@voorbeeld.example\nSubject: dubbel\nMessage-ID: <twice@example.org>\n\nEen keer is genoeg\n';
  await mail.sendRaw('twice@example.org', DESK, raw);
  await mail.sendRaw('twice@example.org', DESK, raw);
  const got = await a.assigned(undefined, { ms: 20000 });
  const next = await mail.send({ from: 'twice@example.org', to: DESK, subject: 'dubbel', text: 'daarna' });
  await a.resume(got.conversation);
  await a.entry(got.conversation, (e) => e.message_id === next, { ms: 20000 });
  assert.equal(a.texts(got.conversation).length, 2);
});

test('somebody else who writes into a thread does not land in it', async () => {
  const mine = await arrives(a, { from: 'owner@example.org', to: DESK, subject: 'Mijn dossier 12345', text: 'geheim' });
  const other = await arrives(a, { from: 'stranger@example.org', to: DESK, subject: 'Re: Mijn dossier 12345', headers: { 'In-Reply-To': `<${mine.id}>`, References: `<${mine.id}>` } });
  assert.notEqual(other.conversation, mine.conversation);
  await a.say(other.conversation, 'Wie bent u?');
  const { headers } = mailParts(await mail.received('stranger@example.org'));
  assert.equal(headers['in-reply-to'], `<${other.id}>`);
  assert.deepEqual(mail.inbox('owner@example.org'), []);
});

test('an address that cannot be reached fails visibly', async () => {
  const got = await arrives(a, { from: 'nobody@example.org', to: DESK, subject: 'onbestelbaar' });
  const said = await a.say(got.conversation, 'Komt dit aan?');
  const receipt = await a.entry(got.conversation, (e) => e.kind === 'receipt' && e.of === said.seq);
  assert.equal(receipt.state, 'failed');
  assert.match(receipt.reason, /\S/);
});

test('what the mail server cannot take now leaves later, once', async () => {
  const got = await arrives(a, { from: 'later@example.org', to: DESK, subject: 'geduld' });
  await mail.mta.stop();
  const from = broker.logMark();
  const said = await a.say(got.conversation, 'Straks');
  await broker.logged(/ev=message_out_later/, { from });
  mail.mta = Object.assign(mail.mta, { how: undefined });
  mail.mta.start();
  await a.entry(got.conversation, (e) => e.kind === 'receipt' && e.of === said.seq && e.state === 'sent', { ms: 30000 });
  await mail.received('later@example.org');
  assert.equal(mail.inbox('later@example.org').length, 1);
});
