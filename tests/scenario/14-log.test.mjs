/* The log tells what happened, and never who or what: no text, name, address, number, password, token or cookie stands in it, at any level. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { FORMS, resident, staff } from '../lib/client.mjs';
import { startMail } from '../lib/parts.mjs';

const SECRETS = {
  text: 'Zevenblad-in-de-tuin',
  answer: 'Antwoord-over-zevenblad',
  note: 'Notitie-lastig-geval',
  name: 'Willemijntje',
  mailName: 'Xanthippe',
  mail: 'xanthippe.zevenblad@example.org',
  mailLocal: 'xanthippe.zevenblad',
  subject: 'Onderwerp-zevenblad',
  mailText: 'Brief-over-zevenblad',
  number: '31698765432',
  sms: 'Sms-over-zevenblad',
  password: 'W8woord-zevenblad!',
  wrong: 'verkeerd-zevenblad',
  stranger: 'vreemdeling-zevenblad',
  hookSecret: 'hook-sleutel-zevenblad',
  mailPassword: 'demo-imap-zevenblad',
};

test('nothing of people stands in the log', async (t) => {
  const mail = await startMail(t);
  const desk = mail.mailbox('balie@voorbeeld.example', 'burgerzaken');
  const broker = await startBroker({
    log_level: 'debug',
    mailboxes: [desk, { ...mail.mailbox('dicht@voorbeeld.example', 'burgerzaken'), password: SECRETS.mailPassword }],
    sms: [{ number: '+3197009009', queue: 'burgerzaken', provider: 'kannel', url: 'http://127.0.0.1:1/cgi-bin/sendsms', user: 'u', password: 'p-zevenblad', hook_secret: SECRETS.hookSecret, hook_url: 'http://127.0.0.1:1' }],
  }, t);
  await broker.addStaff({ id: 'sanne', name: SECRETS.name, capacity: 100, password: SECRETS.password });
  const hidden = [...Object.values(SECRETS), 'p-zevenblad', '98765432'];

  assert.equal((await broker.signIn('sanne', SECRETS.wrong)).status, 401);
  assert.equal((await broker.signIn(SECRETS.stranger, SECRETS.wrong)).status, 401);
  const signedIn = await broker.signIn('sanne', SECRETS.password);
  const cookie = signedIn.headers.get('set-cookie').split(';')[0];
  hidden.push(cookie.split('=')[1], cookie.split('.').at(-1));

  for (const form of FORMS) {
    const r = await resident(broker, { form }, t);
    const a = await staff(broker, 'sanne', { form, cookie }, t);
    const { conversation, token } = await r.start({ text: SECRETS.text, name: SECRETS.name });
    hidden.push(token, token.split('.').at(-1));
    await a.assigned(conversation);
    await a.catchUp(conversation);
    await a.say(conversation, SECRETS.answer);
    await a.say(conversation, SECRETS.note, { note: true });
    await a.ask({ verb: 'link', conversation, channel: 'email', address: SECRETS.mail }, (f) => f.verb === 'entry' && f.kind === 'link');
    await a.ask({ verb: 'unlink', conversation, channel: 'email', address: SECRETS.mail }, (f) => f.verb === 'entry' && f.state === 'unlinked');
    /* refusals carry a client's own words: none may be logged */
    for (const bytes of [`{"verb":"${SECRETS.text}"}`, `{"verb":"say","text":"${SECRETS.text}"`, `{"verb":"typing","conversation":"${SECRETS.text}"}`]) r.sendRaw(bytes);
    await r.refused({ verb: 'resume', conversation, token: `${token}x` }).catch(() => {});
    await r.close();
    await a.close();
  }

  const a = await staff(broker, 'sanne', {}, t);
  await mail.send({ from: SECRETS.mail, name: SECRETS.mailName, to: 'balie@voorbeeld.example', subject: SECRETS.subject, text: SECRETS.mailText });
  const letter = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(letter.conversation);
  await a.say(letter.conversation, SECRETS.answer);
  await mail.received(SECRETS.mail);
  await mail.sendRaw(SECRETS.mail, 'balie@voorbeeld.example', `From: ${SECRETS.mail}\nSubject: ${SECRETS.subject}\nMIME-Version: 1.0\nContent-Type: application/octet-stream\n\n`);
  const hook = (query) => fetch(`${broker.url}/hook/sms/kannel/${query}`);
  assert.equal((await hook(`in?key=${SECRETS.hookSecret}&id=1&from=%2B${SECRETS.number}&to=%2B3197009009&text=${SECRETS.sms}`)).status, 200);
  assert.equal((await hook(`in?key=${SECRETS.wrong}&id=2&from=%2B${SECRETS.number}&to=%2B3197009009&text=${SECRETS.sms}`)).status, 403);
  const text = await a.assigned(undefined, { ms: 20000 });
  await a.catchUp(text.conversation);
  await a.say(text.conversation, SECRETS.answer); /* to a gateway that is not there: logged as later */
  await broker.logged(/ev=message_out_later .*channel=sms/);
  await broker.logged(/ev=imap/); /* a mailbox that lets nobody in */
  await broker.stop();

  const log = broker.log();
  fs.writeFileSync(path.join(broker.folder, 'checked.log'), log);
  assert.ok(log.split('\n').length > 20);
  for (const secret of hidden) {
    const at = log.toLowerCase().indexOf(secret.toLowerCase());
    assert.equal(at, -1, `\`${secret}\` stands in the log: ${log.slice(Math.max(0, at - 200), at + 100)}`);
  }
  /* and what should be there is */
  for (const event of ['started', 'signed_in', 'sign_in_refused', 'conversation_opened', 'conversation_changed', 'presence', 'message_out', 'hook_refused', 'stopped']) {
    assert.match(log, new RegExp(`ev=${event} `), event);
  }
});
