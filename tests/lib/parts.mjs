/* The real other systems of a test, from deploy/parts: Dovecot with a mail server, Kannel with its fake SMSC. Each on free ports and in a folder of its own.
 *
 *   const mail = await startMail(t);             mail.mailbox('balie@voorbeeld.example', 'burgerzaken'): an item of `mailboxes` in loketd's settings
 *   await mail.send({ from, to, text });         through the mail server, as a resident
 *   const got = await mail.received('fatima@example.org');    what lies in a resident's mailbox
 *
 *   const sms = await startSms({ hookUrl }, t);  sms.number('+3197000000', 'belastingen'): an item of `sms` in loketd's settings
 *   await sms.text('+31612345678', '+31970…', 'Hallo');       as a phone would
 *   await sms.phone(pattern);                    waits until the phone has shown it */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { ROOT } from './broker.mjs';
import { freePort, until } from './wait.mjs';

const FAKESMSC = '/usr/lib/kannel/test/fakesmsc';

/* One script of deploy/parts, in the foreground. */
export class Part {
  constructor(name, args) {
    this.name = name;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), `loket-${name}-`));
    this.args = ['--dir', this.folder, ...Object.entries(args).flatMap(([key, value]) => [`--${key}`, String(value)])];
    this.output = '';
  }

  start() {
    this.child = spawn(path.join(ROOT, 'deploy/parts', this.name), this.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (this.output += piece));
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })));
    this.ended.then((how) => (this.how = how));
  }

  /* Waits until something listens on each of these ports. */
  async listens(...ports) {
    for (const port of ports) {
      await until(`${this.name} to listen on ${port}`, () => {
        if (this.how) throw new Error(`${this.name} ended: ${JSON.stringify(this.how)} ${this.output}`);
        return new Promise((resolve) => {
          const probe = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
          probe.unref();
          probe.on('connect', () => probe.destroy());
        });
      }, { ms: 20000 });
    }
  }

  async stop() {
    if (!this.how) {
      this.child.kill('SIGTERM');
      const late = setTimeout(() => this.child.kill('SIGKILL'), 15000);
      await this.ended;
      clearTimeout(late);
    }
  }

  async close() {
    await this.stop();
    if (!process.env.LOKET_KEEP) fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/* --- mail ------------------------------------------------------------------------------------------------------------------------------- */

export class Mail {
  async start() {
    const [imap, lmtp, smtp] = [await freePort(), await freePort(), await freePort()];
    Object.assign(this, { imap, lmtp, smtp });
    this.dovecot = new Part('dovecot', { imap, lmtp });
    this.mta = new Part('mta', { smtp, lmtp });
    this.dovecot.start();
    this.mta.start();
    await this.dovecot.listens(imap, lmtp);
    await this.mta.listens(smtp);
    return this;
  }

  async close() {
    await Promise.all([this.mta.close(), this.dovecot.close()]);
  }

  /* As in loketd's settings. */
  mailbox(address, queue) {
    return {
      address,
      queue,
      imap_url: `imap://127.0.0.1:${this.imap}/INBOX`,
      smtp_url: `smtp://127.0.0.1:${this.smtp}`,
      user: address,
      password: 'demo',
      tls: 'none',
    };
  }

  /* A whole mail, as it is, through the mail server. @raw: text or bytes; lines end as they are given, "\n" becomes "\r\n". */
  async sendRaw(from, to, raw) {
    const bytes = Buffer.isBuffer(raw) ? raw : Buffer.from(raw.replace(/\r?\n/g, '\r\n'), 'utf8');
    const socket = net.connect(this.smtp, '127.0.0.1');
    socket.setEncoding('latin1');
    let got = '';
    socket.on('data', (piece) => (got += piece));
    const expect = async (code) => {
      await until(`SMTP ${code}`, () => {
        const last = got.split('\r\n').at(-2) ?? '';
        if (/^[45]\d\d /.test(last)) throw new Error(last);
        return last.startsWith(`${code} `);
      });
      got = '';
    };
    try {
      await expect(220);
      for (const [line, code] of [['EHLO localhost', 250], [`MAIL FROM:<${from}>`, 250], [`RCPT TO:<${to}>`, 250], ['DATA', 354]]) {
        socket.write(`${line}\r\n`);
        await expect(code);
      }
      const stuffed = bytes.toString('latin1').replace(/^\./gm, '..');
      socket.write(Buffer.from(`${stuffed}${stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1'));
      await expect(250);
      socket.write('QUIT\r\n');
    } finally {
      socket.end();
    }
  }

  /* An ordinary mail; @headers adds or replaces. Gives its Message-ID (without brackets). */
  async send({ from, name, to, subject = 'Vraag', text = 'Goedemorgen', headers = {} }) {
    const id = `${Math.random().toString(36).slice(2)}.${Date.now()}@resident.example`;
    const all = {
      From: name ? `"${name}" <${from}>` : from,
      To: to,
      Subject: subject,
      Date: new Date().toUTCString().replace('GMT', '+0000'),
      'Message-ID': `<${id}>`,
      'MIME-Version': '1.0',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Transfer-Encoding': '8bit',
      ...headers,
    };
    const head = Object.entries(all).filter(([, value]) => value !== null).map(([key, value]) => `${key}: ${value}`);
    await this.sendRaw(from, to, `${head.join('\n')}\n\n${text}\n`);
    return id;
  }

  /* The mails in @user's mailbox (Maildir), oldest first, as bytes in latin1. */
  inbox(user) {
    const box = path.join(this.dovecot.folder, 'mail', user.toLowerCase());
    const found = [];
    for (const part of ['new', 'cur']) {
      for (const folder of [path.join(box, part), path.join(box, 'Maildir', part)]) {
        if (fs.existsSync(folder)) for (const file of fs.readdirSync(folder)) found.push(path.join(folder, file));
      }
    }
    return found
      .map((file) => ({ raw: fs.readFileSync(file, 'latin1'), at: fs.statSync(file).mtimeMs }))
      .sort((a, b) => a.at - b.at)
      .map((mail) => mail.raw);
  }

  /* The @nth mail (from 1) in @user's mailbox, as soon as it is there. */
  received(user, nth = 1, { ms = 20000 } = {}) {
    return until(`mail ${nth} for ${user}`, () => this.inbox(user)[nth - 1], { ms });
  }
}

export async function startMail(t = null) {
  const mail = new Mail();
  t?.after(() => mail.close());
  return mail.start();
}

/* Headers (unfolded, names in lower case) and body of a mail as in Mail.inbox. */
export function mailParts(raw) {
  const at = raw.search(/\r?\n\r?\n/);
  const headers = {};
  for (const line of raw.slice(0, at).replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] ??= line.slice(colon + 1).trim();
  }
  const body = raw.slice(at).replace(/^\r?\n\r?\n/, '');
  const coding = (headers['content-transfer-encoding'] ?? '7bit').toLowerCase();
  let bytes = Buffer.from(body, 'latin1');
  if (coding === 'base64') bytes = Buffer.from(body, 'base64');
  if (coding === 'quoted-printable') {
    bytes = Buffer.from(body.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
  }
  return { headers, text: bytes.toString('utf8') };
}

/* --- text messages ------------------------------------------------------------------------------------------------------------------------ */

export class Sms {
  constructor({ hookUrl, secret = 'demo' }) {
    this.hookUrl = hookUrl;
    this.secret = secret;
  }

  async start() {
    const [sendsms, smsc, admin, smsbox] = [await freePort(), await freePort(), await freePort(), await freePort()];
    Object.assign(this, { sendsms, smsc, admin });
    this.kannel = new Part('kannel', { sendsms, smsc, admin, smsbox, 'hook-url': this.hookUrl, 'hook-secret': this.secret });
    this.kannel.start();
    await this.kannel.listens(sendsms, smsc);
    return this;
  }

  async close() {
    await this.kannel.close();
  }

  /* As in loketd's settings. */
  number(number, queue) {
    return {
      number,
      queue,
      provider: 'kannel',
      url: `http://127.0.0.1:${this.sendsms}/cgi-bin/sendsms`,
      user: 'loket',
      password: 'demo',
      hook_secret: this.secret,
      hook_url: this.hookUrl,
    };
  }

  /* One text as a phone would send it, with Debian's fakesmsc; done when the gateway has taken it. */
  text(from, to, text) {
    const plain = /^[\x20-\x7e]+$/.test(text);
    const ucs2 = () => Buffer.from(text, 'utf16le').swap16().toString('hex').replace(/../g, '%$&');
    return this.fakesmsc(`${from} ${to} ${plain ? `text ${text}` : `ucs2 ${ucs2()}`}`);
  }

  fakesmsc(message) {
    return new Promise((resolve, reject) => {
      const child = spawn(FAKESMSC, ['-r', String(this.smsc), '-i', '0.01', '-m', '1', message], { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      let sent = false;
      const take = (piece) => {
        output += piece;
        if (!sent && output.includes('sent message 1')) {
          sent = true;
          child.kill('SIGTERM'); /* it would go on to listen for texts to this phone */
        }
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);
      const late = setTimeout(() => child.kill('SIGKILL'), 20000);
      child.once('error', reject);
      child.once('close', () => {
        clearTimeout(late);
        if (sent) resolve(output);
        else reject(new Error(`fakesmsc sent nothing: ${output.slice(-1000)}`));
      });
    });
  }

  /* What the phone has shown so far. */
  phoneLog() {
    const file = path.join(this.kannel.folder, 'phone.log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  }

  phone(pattern, { ms = 20000 } = {}) {
    return until(`${pattern} on the phone`, () => this.phoneLog().match(pattern), { ms });
  }
}

export async function startSms(options, t = null) {
  const sms = new Sms(options);
  t?.after(() => sms.close());
  return sms.start();
}
