/* HTTP: pages with their tags, paths that go astray, headers and bodies past every measure, slow ones. Two bystanders notice nothing. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, afterEach, before } from 'node:test';

import { startBroker } from '../../lib/broker.mjs';
import { Bystander } from '../../lib/bystander.mjs';
import { Raw } from '../../lib/raw.mjs';

let folder;
let broker;
let bystander;
before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'loket-web-'));
  const web = path.join(folder, 'web');
  fs.mkdirSync(path.join(web, 'assets'), { recursive: true });
  for (const face of ['index', 'console', 'supervise']) fs.writeFileSync(path.join(web, `${face}.html`), `<!doctype html><title>${face}</title>`);
  fs.writeFileSync(path.join(web, 'assets/app-1a2b3c.js'), `/*${'x'.repeat(300000)}*/`);
  fs.writeFileSync(path.join(web, 'assets/secret'), 'no ending');
  fs.writeFileSync(path.join(web, '.hidden.txt'), 'hidden');
  fs.writeFileSync(path.join(folder, 'outside.txt'), 'outside');
  fs.symlinkSync(path.join(folder, 'outside.txt'), path.join(web, 'assets/link.txt'));
  broker = await startBroker({ web });
  await broker.addStaff({ id: 'sanne', capacity: 100 });
  bystander = await new Bystander().start(broker, 'sanne');
});
afterEach(() => bystander.check());
after(async () => {
  try {
    await bystander?.end();
  } finally {
    await broker?.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

const raw = async (request, options) => {
  const socket = new Raw(broker.port);
  socket.write(request);
  try {
    return await socket.answer(options);
  } catch {
    return { status: 'closed', headers: {}, body: '' };
  } finally {
    socket.end();
  }
};
const get = (target, more = '', options) => raw(`GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`, options);

test('the three faces and their assets', async () => {
  for (const [target, title] of [['/', 'index'], ['/console', 'console'], ['/supervise', 'supervise'], ['/?a=b', 'index']]) {
    const answer = await get(target);
    assert.equal(answer.status, 200, target);
    assert.match(answer.body, new RegExp(`<title>${title}</title>`));
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-cache');
    assert.match(answer.headers['content-security-policy'], /default-src 'self'/);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
  const asset = await get('/assets/app-1a2b3c.js');
  assert.equal(asset.body.length, 300004);
  assert.match(asset.headers['cache-control'], /immutable/);
});

test('HEAD has the headers of GET and no body', async () => {
  const socket = new Raw(broker.port);
  socket.write('HEAD /assets/app-1a2b3c.js HTTP/1.1\r\nHost: x\r\n\r\n');
  const head = await socket.answer({ head: true });
  assert.deepEqual([head.status, head.headers['content-length']], [200, '300004']);
  socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'); /* the same connection: nothing of a body stood in between */
  const next = await socket.answer();
  assert.deepEqual([next.status, next.body], [200, '{"status":"ok"}\n']);
  socket.end();
});

test('a page that is known is answered with 304', async () => {
  const first = await get('/');
  assert.match(first.headers.etag, /^"[0-9a-f-]+"$/);
  const again = await get('/', `If-None-Match: ${first.headers.etag}\r\n`);
  assert.equal(again.status, 304);
  assert.equal(again.headers['content-length'], undefined);
  assert.equal((await get('/', 'If-None-Match: "other"\r\n')).status, 200);
});

test('no path leads out of the folder', async () => {
  const paths = ['/../outside.txt', '/assets/../../outside.txt', '/..%2foutside.txt', '/%2e%2e/outside.txt', '/assets/%2e%2e%2f%2e%2e%2foutside.txt', '/assets/..%5c..%5coutside.txt',
    '//outside.txt', '/assets//../../outside.txt', '/.hidden.txt', '/assets/.hidden.txt', '/assets/link.txt', '/assets/secret', '/assets/', '/assets', '/web/index.html',
    '/etc/passwd', '/assets/\u00e9.js', '/assets/app-1a2b3c.js/', '/index.html%00.js', '/assets/%c0%ae%c0%ae/outside.txt', `/${'a'.repeat(900)}`, '/loket.yaml'];
  for (const target of paths) {
    const answer = await get(target);
    assert.ok([400, 404, 403, 'closed', 301, 302].includes(answer.status), `${target}: ${answer.status}`);
    assert.doesNotMatch(answer.body, /outside|hidden|no ending|root:/, target);
  }
});

test('methods that are not meant are refused', async () => {
  for (const [method, target, status] of [['POST', '/', 405], ['PUT', '/index.html', 405], ['DELETE', '/', 405], ['OPTIONS', '/', 405], ['PATCH', '/console', 405]]) {
    const answer = await raw(`${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    assert.ok(answer.status === status || answer.status === 'closed', `${method}: ${answer.status}`);
    if (answer.status === 405) assert.equal(answer.headers.allow, 'GET, HEAD');
  }
  for (const method of ['TRACE', 'BREW']) {
    assert.ok([400, 403, 404, 405, 501, 'closed'].includes((await raw(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`)).status), method);
  }
  assert.equal((await raw('POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')).status, 405);
  assert.equal((await get('/api/sign-in')).status, 405);
  assert.equal((await get('/api/nothing')).status, 404);
});

test('headers past every measure end the connection', async () => {
  const long = [`X-Long: ${'h'.repeat(20000)}\r\n`, Array.from({ length: 2000 }, (_, i) => `X-${i}: ${i}\r\n`).join(''), `Cookie: loket_session=${'c'.repeat(10000)}\r\n`];
  for (const headers of long) {
    const answer = await get('/', headers, { ms: 500 }); /* some are not answered, and run into their time */
    assert.ok([200, 400, 403, 413, 431, 'closed'].includes(answer.status), String(answer.status));
  }
  assert.ok([400, 404, 414, 'closed'].includes((await get(`/${'u'.repeat(20000)}`, '', { ms: 500 })).status));
  for (const odd of ['\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `\0\0\0\0${'\0'.repeat(500)}`, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', `${'A'.repeat(30000)}`]) {
    const socket = new Raw(broker.port);
    socket.write(odd);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.end();
  }
});

test('bodies: too large, without a length, with a false one', async () => {
  const post = (headers, body = '') => raw(`POST /api/sign-in HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`);
  assert.equal((await post('Content-Length: 65537\r\n', 'x'.repeat(65537))).status, 413);
  assert.equal((await post('Content-Length: 99999999999\r\n')).status, 413);
  assert.equal((await post('')).status, 411);
  assert.ok([411, 'closed'].includes((await post('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n')).status));
  for (const length of ['-1', 'abc', '1e3', '0x10', '18446744073709551616']) {
    assert.ok([400, 413, 'closed'].includes((await post(`Content-Length: ${length}\r\n`)).status), length);
  }
  assert.equal((await post('Content-Length: 2\r\n', '{}')).status, 400);
  assert.equal((await post('Content-Length: 65536\r\n', '['.repeat(65536))).status, 400);
});

test('a body that comes drop by drop holds up nobody', async () => {
  const socket = new Raw(broker.port);
  socket.write('POST /api/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n');
  const body = '{"user":"sanne","password":"zo-langzaam-als-het-kan-hoor"}  ';
  for (const letter of body.slice(0, 30)) {
    socket.write(letter);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await bystander.check();
  socket.write(body.slice(30, 60));
  assert.equal((await socket.answer()).status, 401);
  socket.end();
});

test('several requests on one connection, one after the other', async () => {
  const socket = new Raw(broker.port);
  for (let i = 0; i < 20; i++) {
    socket.write(`GET ${i % 2 ? '/' : '/api/session'} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await socket.answer()).status, i % 2 ? 200 : 401);
  }
  socket.end();
});

test('clients that go away in the middle of an answer leave nothing behind', async () => {
  for (let i = 0; i < 50; i++) {
    const socket = new Raw(broker.port);
    socket.write('GET /assets/app-1a2b3c.js HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, i % 3));
    socket.end();
  }
  assert.equal((await get('/health')).status, 200);
});

test('answers never name the server or show what is inside', async () => {
  for (const target of ['/', '/nothing', '/api/session', '/health']) {
    const { headers, body } = await get(target);
    assert.equal(headers.server, undefined);
    assert.doesNotMatch(body, /libwebsockets|\/work|\/tmp|0x/);
  }
});
