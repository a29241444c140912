/* Mail programs of the world outside, for the test alone: one that sends over SMTP, and one that looks into a mailbox over IMAP. */
import net from 'node:net';

/* Lines of a connection, one after the other; RFC 3501 literals come as part of their line. */
class Lines {
  constructor(port) {
    this.socket = net.connect(port, '127.0.0.1');
    this.buffer = '';
    this.waiting = [];
    this.socket.setEncoding('latin1');
    this.socket.on('data', (piece) => {
      this.buffer += piece;
      this.#give();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      for (const wait of this.waiting.splice(0)) wait.reject(new Error('the connection was closed'));
    });
  }

  #take() {
    let end = this.buffer.indexOf('\r\n');
    for (;;) {
      if (end < 0) return undefined;
      const literal = this.buffer.slice(0, end).match(/\{(\d+)\}$/);
      if (!literal) break;
      const from = end + 2 + Number(literal[1]);
      if (this.buffer.length < from) return undefined;
      const next = this.buffer.indexOf('\r\n', from);
      if (next < 0) return undefined;
      if (!/\{\d+\}$/.test(this.buffer.slice(from, next))) {
        end = next;
        break;
      }
      end = next;
    }
    const line = this.buffer.slice(0, end);
    this.buffer = this.buffer.slice(end + 2);
    return line;
  }

  #give() {
    while (this.waiting.length > 0) {
      const line = this.#take();
      if (line === undefined) return;
      this.waiting.shift().resolve(line);
    }
  }

  line() {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.#give();
    });
  }

  write(text) {
    this.socket.write(text);
  }

  end() {
    this.socket.destroy();
  }
}

/* A resident's mail program: SMTP (RFC 5321), one connection. */
export class Mailer {
  async open(port) {
    this.lines = new Lines(port);
    await this.#reply(220);
    await this.#ask('EHLO client.example.net', 250);
  }

  async #reply(code) {
    for (;;) {
      const line = await this.lines.line();
      if (line[3] === '-') continue;
      if (!line.startsWith(String(code))) throw new Error(`the mail server said: ${line}`);
      return line;
    }
  }

  #ask(line, code) {
    this.lines.write(`${line}\r\n`);
    return this.#reply(code);
  }

  /* Resolves when the mail server has taken it: 250. */
  async send({ from, to, id, subject, text }) {
    await this.#ask(`MAIL FROM:<${from}>`, 250);
    await this.#ask(`RCPT TO:<${to}>`, 250);
    await this.#ask('DATA', 354);
    const head = [`From: <${from}>`, `To: <${to}>`, `Message-ID: <${id}>`, `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`, `Subject: ${subject}`, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8'];
    await this.#ask(`${head.join('\r\n')}\r\n\r\n${text}\r\n.`, 250);
  }

  close() {
    this.lines.end();
  }
}

/* Looks into a mailbox: IMAP4rev1 (RFC 3501), read only. */
export async function mailbox(port, user, ask) {
  const lines = new Lines(port);
  let n = 0;
  const command = async (words) => {
    const tag = `a${++n}`;
    lines.write(`${tag} ${words}\r\n`);
    const untagged = [];
    for (;;) {
      const line = await lines.line();
      if (line.startsWith(`${tag} OK`)) return untagged;
      if (line.startsWith(`${tag} `)) throw new Error(`IMAP: ${words.split(' ')[0]}: ${line}`);
      untagged.push(line);
    }
  };
  try {
    await lines.line();
    await command(`LOGIN "${user}" "demo"`);
    await command('EXAMINE INBOX');
    return await ask(command);
  } finally {
    lines.end();
  }
}

/* UIDs of mails that nobody has confirmed. */
export async function unconfirmed(port, user) {
  return mailbox(port, user, async (command) => {
    const found = (await command('UID SEARCH OR UNSEEN UNKEYWORD $Loket')).find((line) => line.startsWith('* SEARCH'));
    return found.split(' ').slice(2).filter(Boolean).map(Number);
  });
}

/* All mails in order of UID: { uid, id (Message-ID without brackets), text (raw) }. */
export async function mails(port, user) {
  return mailbox(port, user, async (command) => {
    const rows = await command('UID FETCH 1:* (UID BODY.PEEK[])');
    return rows
      .filter((row) => /^\* \d+ FETCH /.test(row))
      .map((row) => ({ uid: Number(row.match(/UID (\d+)/)[1]), id: row.match(/^message-id:\s*<([^>]+)>/im)?.[1], text: row }))
      .sort((a, b) => a.uid - b.uid);
  });
}
