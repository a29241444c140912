/* A chat: started, given to an agent, answered. Acks, repeats, gaps; both subprotocols in one conversation. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { startBroker } from '../lib/broker.mjs';
import { FORMS, newId, resident, staff } from '../lib/client.mjs';

let broker;
before(async () => {
  broker = await startBroker({ limits: { frames_per_s: 1000, frames_burst: 1000 } });
  await broker.addStaff({ id: 'sanne', name: 'Sanne', capacity: 100 });
});
after(() => broker.close());

for (const form of FORMS) {
  const other = FORMS.find((f) => f !== form);

  test(`resident in ${form}, agent in ${other}: a question and its answer`, async (t) => {
    const r = await resident(broker, { form }, t);
    const a = await staff(broker, 'sanne', { form: other }, t);
    const started = await r.start({ text: 'Waar haal ik mijn paspoort? 🛂', name: 'Fatima' });
    assert.match(started.conversation, /^[0-9a-z]{26}$/);
    assert.equal(started.seq, 1);
    assert.ok(started.expires_at > Date.now() + 29 * 86400e3);
    const { conversation } = started;

    const given = await a.assigned(conversation);
    assert.deepEqual(
      [given.state, given.queue, given.owner, given.name, given.channel, given.preview],
      ['active', 'burgerzaken', 'sanne', 'Fatima', 'chat', 'Waar haal ik mijn paspoort? 🛂'],
    );
    if (!given.present) await a.wait((f) => f.verb === 'conversation' && f.conversation === conversation && f.present); /* as soon as the page follows */
    await a.catchUp(conversation);
    const first = a.entries(conversation)[0];
    assert.deepEqual([first.kind, first.from, first.name, first.channel, first.text, first.counter], ['message', 'resident', 'Fatima', 'chat', 'Waar haal ik mijn paspoort? 🛂', 1]);

    const ack = await a.say(conversation, 'Aan het loket, met een afspraak.');
    const heard = await r.entry(conversation, (e) => e.text === 'Aan het loket, met een afspraak.');
    assert.equal(heard.seq, ack.seq);
    assert.equal(heard.at, ack.at);
    assert.deepEqual([heard.from, heard.name, heard.kind, heard.channel], ['agent', 'Sanne', 'message', 'chat']);
    assert.ok(!('author' in heard), 'a resident sees no account names');
    const thanks = await r.say(conversation, 'Dank u');
    assert.equal(thanks.counter, 2);
    await a.entry(conversation, (e) => e.text === 'Dank u' && e.seq === thanks.seq);
    await r.until(conversation, thanks.seq);
    assert.deepEqual(r.texts(conversation), ['Waar haal ik mijn paspoort? 🛂', 'Aan het loket, met een afspraak.', 'Dank u']);
    r.assertOrder();
    a.assertOrder();
    await r.close();
    const left = await a.wait((f) => f.verb === 'conversation' && f.conversation === conversation && !f.present && f.seq >= thanks.seq);
    assert.equal(left.owner, 'sanne');
  });

  test(`${form}: a repeat gets the first ack again and changes nothing`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation } = await r.start({ text: 'een' });
    const first = await r.say(conversation, 'twee');
    await r.say(conversation, 'drie');
    const again = await r.say(conversation, 'anders', { counter: 2 });
    assert.deepEqual(again, first);
    const start = await r.say(conversation, 'ook anders', { counter: 1 });
    assert.equal(start.seq, 1);
    await r.catchUp(conversation);
    assert.deepEqual(r.texts(conversation), ['een', 'twee', 'drie']);
  });

  test(`${form}: a repeat from far back gets its ack, too`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation } = await r.start({ text: '1' });
    const second = await r.say(conversation, '2');
    for (let i = 3; i <= 250; i++) r.send({ verb: 'say', conversation, counter: i, text: String(i) });
    await r.wait((f) => f.verb === 'ack' && f.counter === 250);
    assert.deepEqual(await r.say(conversation, 'x', { counter: 2 }), second);
  });

  test(`${form}: a gap is refused and says what is due`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation } = await r.start({ text: 'een' });
    const gap = await r.refused({ verb: 'say', conversation, counter: 5, text: 'vijf' });
    assert.deepEqual([gap.code, gap.refused, gap.conversation, gap.counter, gap.retry], ['counter_gap', 'say', conversation, 2, true]);
    await r.say(conversation, 'twee');
    await r.catchUp(conversation);
    assert.deepEqual(r.texts(conversation), ['een', 'twee']);
  });

  test(`${form}: starting twice with one key is one conversation`, async (t) => {
    const key = newId();
    const r = await resident(broker, { form }, t);
    const first = await r.start({ text: 'hallo', key });
    const again = await r.ask({ verb: 'start', key, queue: 'belastingen', text: 'nog eens' }, 'started');
    assert.equal(again.conversation, first.conversation);
    assert.equal(again.seq, 1);
    /* after a lost answer, from a new connection */
    const back = await resident(broker, { form, client: r.client }, t);
    const third = await back.ask({ verb: 'start', key, queue: 'burgerzaken', text: 'hallo' }, 'started');
    assert.equal(third.conversation, first.conversation);
    await back.catchUp(third.conversation, { token: third.token });
    assert.deepEqual(back.texts(third.conversation), ['hallo']);
    assert.equal((await back.say(third.conversation, 'verder', { counter: 2 })).counter, 2);
  });

  test(`${form}: what cannot be started or said is refused by name`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation } = await r.start();
    const cases = [
      [{ verb: 'start', key: newId(), queue: 'nergens', text: 'x' }, 'not_found', undefined],
      [{ verb: 'start', key: newId(), queue: 'burgerzaken', text: '' }, 'bad_field', undefined],
      [{ verb: 'start', key: 'short', queue: 'burgerzaken', text: 'x' }, 'bad_field', undefined],
      [{ verb: 'start', queue: 'burgerzaken', text: 'x' }, 'bad_field', 'key'],
      [{ verb: 'say', conversation, counter: 2, text: '' }, 'bad_field', 'text'],
      [{ verb: 'say', conversation, counter: 0, text: 'x' }, 'bad_field', 'counter'],
      [{ verb: 'say', conversation, counter: 2, text: 'x', note: true }, 'bad_field', 'note'],
      [{ verb: 'say', conversation, counter: 2, text: 'x', channel: 'email' }, 'bad_field', 'channel'],
      [{ verb: 'say', conversation, counter: 2 }, 'bad_field', 'text'],
      [{ verb: 'say', conversation: newId(), counter: 1, text: 'x' }, 'not_found', 'conversation'],
    ];
    for (const [frame, code, field] of cases) {
      const error = await r.refused(frame);
      assert.equal(error.code, code, JSON.stringify(frame));
      if (field) assert.equal(error.field, field, JSON.stringify(frame));
      assert.equal(error.refused, frame.verb);
    }
    await r.say(conversation, 'en dit gaat goed'); /* none of it used a number */
  });

  test(`${form}: the longest text passes, one byte more does not`, async (t) => {
    const r = await resident(broker, { form }, t);
    const { conversation } = await r.start();
    const longest = 'é'.repeat(8192);
    const ack = await r.say(conversation, longest);
    const entry = await r.entry(conversation, (e) => e.seq === ack.seq);
    assert.equal(entry.text, longest);
    const error = await r.refused({ verb: 'say', conversation, counter: 3, text: `${longest}x` });
    assert.deepEqual([error.code, error.field, error.counter], ['too_large', 'text', 3]);
    await r.say(conversation, 'korter');
  });

  test(`${form}: two pages of one resident see the same`, async (t) => {
    const phone = await resident(broker, { form }, t);
    const laptop = await resident(broker, { form }, t);
    const { conversation, token } = await phone.start({ text: 'van de telefoon' });
    await laptop.catchUp(conversation, { token });
    const [a, b] = await Promise.all([phone.say(conversation, 'p'), laptop.say(conversation, 'l')]);
    assert.deepEqual([a.counter, b.counter], [2, 1]); /* each counts for itself */
    const last = Math.max(a.seq, b.seq);
    await Promise.all([phone.until(conversation, last), laptop.until(conversation, last)]);
    assert.deepEqual(phone.texts(conversation), laptop.texts(conversation));
    assert.equal(phone.entries(conversation).find((e) => e.seq === a.seq).client, phone.client);
    phone.assertOrder();
    laptop.assertOrder();
  });
}

test('texts of every script come through as they were', async (t) => {
  const texts = ['Ångström œuvre ß', 'Добрый день', 'مرحبا', 'नमस्ते', '日本語のテキスト', '👩🏽‍🚒🇳🇱', 'regel een\nregel twee\ttab', '<b>"\'&amp;</b>', '\u2028\u2029', 'ǆ\u0301'];
  for (const form of FORMS) {
    const r = await resident(broker, { form }, t);
    const { conversation } = await r.start({ text: 'talen' });
    for (const text of texts) await r.say(conversation, text);
    await r.catchUp(conversation);
    assert.deepEqual(r.texts(conversation), ['talen', ...texts]);
  }
});
