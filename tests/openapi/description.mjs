/* proto/openapi.yaml as a test uses it: what there is, and whether an answer is what it promises.
 *
 *   const described = readDescription();
 *   described.check('GET', '/api/queues', answer.status, answer.headers, body);      throws when the description says otherwise
 *
 * `seen` counts every (method path status) that was checked. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import Ajv from 'ajv/dist/2020.js';
import YAML from 'yaml';

import { ROOT } from '../lib/broker.mjs';

export const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

export class Description {
  constructor(text) {
    this.text = text;
    this.document = YAML.parse(text);
    this.seen = new Map();
    this.validators = new Map();
    this.ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, allowUnionTypes: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } });
    for (const word of ['components', 'discriminator', 'example', 'x-bytes']) this.ajv.addKeyword(word);
    this.ajv.addSchema({ $id: 'loket', components: this.document.components });
  }

  /* Follows one $ref. */
  at(node) {
    if (!node?.$ref) return node;
    const found = node.$ref.slice(2).split('/').reduce((at, step) => at?.[step], this.document);
    assert.ok(found, `${node.$ref} leads nowhere`);
    return found;
  }

  get paths() {
    return Object.keys(this.document.paths);
  }

  /* [{ method, path, operation }] */
  operations() {
    return this.paths.flatMap((at) => METHODS.filter((method) => this.document.paths[at][method.toLowerCase()])
      .map((method) => ({ method, path: at, operation: this.document.paths[at][method.toLowerCase()] })));
  }

  /* The described path that a real one belongs to. */
  pathOf(real) {
    return this.paths.find((at) => new RegExp(`^${at.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`).test(real));
  }

  validator(pointer) {
    if (!this.validators.has(pointer)) this.validators.set(pointer, this.ajv.compile({ $ref: `loket#${pointer}` }));
    return this.validators.get(pointer);
  }

  fits(schema, value, what) {
    const validate = this.validator(`/components/schemas/${schema}`);
    assert.ok(validate(value), `${what}: ${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 500)}`);
  }

  check(method, real, status, headers, text) {
    const at = this.pathOf(real);
    const asked = method === 'HEAD' ? 'GET' : method;
    const what = `${method} ${real} answered ${status}`;
    assert.ok(at, `${what}, but no such path is described`);
    const operation = this.document.paths[at][asked.toLowerCase()];
    assert.ok(operation, `${what}, but the method is not described`);
    const response = this.at(operation.responses[status]);
    assert.ok(response, `${what}, which is not described (${Object.keys(operation.responses)})`);
    this.seen.set(`${asked} ${at} ${status}`, (this.seen.get(`${asked} ${at} ${status}`) ?? 0) + 1);
    for (const name of Object.keys(response.headers ?? {})) assert.ok(headers.get(name), `${what} without its header ${name}`);
    if (!response.content) {
      assert.equal(text, '', `${what} with a body`);
      return undefined;
    }
    const type = headers.get('content-type').split(';')[0];
    assert.ok(response.content[type], `${what} with ${type}`);
    if (type !== 'application/json' || method === 'HEAD') return text;
    const value = JSON.parse(text);
    const schema = response.content[type].schema;
    const validate = this.ajvOf(schema);
    assert.ok(validate(value), `${what}: ${this.ajv.errorsText(validate.errors)} in ${text.slice(0, 800)}`);
    return value;
  }

  ajvOf(schema) {
    if (!this.validators.has(schema)) {
      const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"loket#/components/'));
      this.validators.set(schema, this.ajv.compile(absolute));
    }
    return this.validators.get(schema);
  }
}

export function readDescription() {
  return new Description(fs.readFileSync(path.join(ROOT, 'proto/openapi.yaml'), 'utf8'));
}

/* The API of a broker as one person; every answer is held against the description. */
export class Api {
  constructor(broker, described, cookie) {
    this.broker = broker;
    this.described = described;
    this.cookie = cookie;
  }

  async ask(method, where, { body, headers = {}, raw } = {}) {
    const sent = raw ?? (body === undefined ? (method === 'GET' || method === 'HEAD' || method === 'DELETE' ? undefined : '') : JSON.stringify(body));
    const answer = await fetch(this.broker.url + where, {
      method,
      body: sent,
      headers: { ...(this.cookie ? { cookie: this.cookie } : {}), ...(body !== undefined || raw !== undefined ? { 'content-type': 'application/json' } : {}), origin: this.broker.url, ...headers },
    });
    const text = await answer.text();
    const value = this.described.check(method, where.split('?')[0], answer.status, answer.headers, text);
    return { status: answer.status, headers: answer.headers, etag: answer.headers.get('etag'), text, value, error: value?.error };
  }

  async expect(status, method, where, more) {
    const answer = await this.ask(method, where, more);
    assert.equal(answer.status, status, `${method} ${where}: ${answer.text}`);
    return answer;
  }

  async get(where) {
    return (await this.expect(200, 'GET', where)).value;
  }

  async put(where, body, more) {
    const answer = await this.ask('PUT', where, { body, ...more });
    assert.ok(answer.status === 200 || answer.status === 201, `PUT ${where}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /* Refused for this field; gives the error. */
  async refused(field, method, where, body, status = 400) {
    const answer = await this.expect(status, method, where, { body });
    assert.equal(answer.error.field, field, answer.text);
    return answer.error;
  }
}
