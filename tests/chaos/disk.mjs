/* A disk that loses its power, played from the notes of shim.c.
 *
 * What survives a cut: of each file the bytes up to its size at its last fsync, and of the names in a folder what its last fsync has seen. Of the names changed
 * after that, the first few (a journal keeps their order), from none to all. Folders themselves survive from the moment they are made: a file system that has
 * just synced a file inside one has also written the one. Of the bytes after the last fsync, one of:
 *   cut      none are left
 *   torn     the first few are left
 *   zeros    the first few are left, and then zeros: the file had grown, its blocks had not been written
 *   garbage  the first few are left, and then whatever had been on the disk there before */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const TEARS = ['cut', 'torn', 'zeros', 'garbage'];

export class Disk {
  /* @dir: the folder under test; @room: a folder for notes and kept files, on the same file system. */
  constructor(dir, room, random) {
    Object.assign(this, { dir, random, notes: path.join(room, 'notes'), keep: path.join(room, 'keep') });
  }

  env(shim) {
    return { LD_PRELOAD: shim, LOKET_SHIM_DIR: this.dir, LOKET_SHIM_NOTES: this.notes, LOKET_SHIM_KEEP: this.keep };
  }

  /* Power is on: what is on the disk now is on the disk. */
  begin() {
    fs.rmSync(this.keep, { recursive: true, force: true });
    fs.mkdirSync(this.keep, { recursive: true });
    fs.writeFileSync(this.notes, '');
    this.names = this.#look();
    this.sizes = new Map([...this.names].map(([name, inode]) => [inode, fs.statSync(name).size]));
  }

  #look() {
    const names = new Map();
    const walk = (folder) => {
      if (!fs.existsSync(folder)) return;
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const full = path.join(folder, entry.name);
        if (entry.isDirectory()) walk(full);
        else if (entry.isFile()) names.set(full, fs.statSync(full).ino);
      }
    };
    walk(this.dir);
    return names;
  }

  /* The notes, read: sizes by inode, and the changes of names in order, each with whether a folder's fsync came after it. @live: the names that are there now. */
  #read(live) {
    const sizes = new Map(this.sizes);
    const changes = [];
    const begun = new Set(); /* changes that were about to be made, and have no note that they were */
    let syncs = 0;
    for (const line of fs.readFileSync(this.notes, 'utf8').split('\n').filter(Boolean)) {
      const [what, a, b, c] = line.split(' ');
      begun.delete([what, b, c].join(' ').trim());
      if (what === 'will') {
        begun.add(line.slice('will '.length));
      } else if (what === 'sync') {
        sizes.set(Number(a), Number(b));
        syncs++;
      } else if (what === 'size') {
        sizes.set(Number(a), Math.min(sizes.get(Number(a)) ?? 0, Number(b)));
      } else if (what === 'make') {
        changes.push({ inode: Number(a), to: b });
        sizes.set(Number(a), 0);
      } else if (what === 'move') {
        changes.push({ inode: Number(a), from: b, to: c });
      } else if (what === 'drop') {
        changes.push({ inode: Number(a), from: b });
      } else if (what === 'folder') {
        for (const change of changes) change.safe ||= path.dirname(change.to ?? change.from) === a;
      } else {
        throw new Error(`the shim noted: ${line}`);
      }
    }
    /* The kill came between a change and its note. */
    for (const line of begun) {
      const [what, a, b] = line.split(' ');
      const inode = live.get(what === 'move' ? b : a);
      if (what === 'make' && inode !== undefined && ![...this.names.values(), ...changes.map((change) => change.inode)].includes(inode)) changes.push({ inode, to: a });
      if (what === 'move' && inode !== undefined && !live.has(a)) changes.push({ inode, from: a, to: b });
      if (what === 'drop' && inode === undefined) changes.push({ from: a });
    }
    return { sizes, changes, syncs };
  }

  static #apply(names, { inode, from, to }) {
    if (from) names.delete(from);
    if (to) names.set(to, inode);
  }

  /* Power is off: every process that wrote here must be gone. Gives what was done. @tear: one of TEARS. */
  cut(tear) {
    const live = this.#look();
    const { sizes, changes, syncs } = this.#read(live);
    const all = new Map(this.names);
    for (const change of changes) Disk.#apply(all, change);
    /* The shim has seen every change of a name, or this test would prove nothing. */
    const missed = [...new Set([...all.keys(), ...live.keys()])].filter((name) => all.get(name) !== live.get(name));
    if (missed.length > 0) throw new Error(`the shim did not see what happened to ${missed.join(', ')}`);
    const pending = changes.filter((change) => !change.safe);
    const spared = new Set(pending.slice(0, this.random(pending.length + 1)));
    const left = new Map(this.names);
    for (const change of changes) if (change.safe || spared.has(change)) Disk.#apply(left, change);
    const done = { tear, syncs, undone: pending.length - spared.size, unsynced: 0, cut: 0 };
    const bytes = new Map();
    for (const [name, inode] of left) {
      const from = live.get(name) === inode ? name : [...live].find(([, other]) => other === inode)?.[0] ?? path.join(this.keep, String(inode));
      bytes.set(name, this.#spare(fs.readFileSync(from), sizes.get(inode) ?? 0, tear, done));
    }
    for (const name of live.keys()) fs.rmSync(name);
    for (const [name, content] of bytes) {
      fs.mkdirSync(path.dirname(name), { recursive: true });
      fs.writeFileSync(name, content, { mode: 0o600 });
    }
    return done;
  }

  #spare(content, synced, tear, done) {
    const safe = Math.min(synced, content.length);
    const rest = content.length - safe;
    done.unsynced += rest;
    const some = tear === 'cut' || rest === 0 ? 0 : this.random(rest + 1);
    done.cut += rest - some;
    const parts = [content.subarray(0, safe + some)];
    if (rest > some && tear === 'zeros') parts.push(Buffer.alloc(rest - some));
    if (rest > some && tear === 'garbage') parts.push(randomBytes(rest - some));
    return Buffer.concat(parts);
  }
}
