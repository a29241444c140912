/* What each test stands on: a broker of its own with staff, and people with a browser of their own each. A script error or a breach of the content
 * security policy on any page fails the test. */
import path from 'node:path';

import { expect, test as base } from '@playwright/test';

import { ROOT, startBroker } from '../../lib/broker.mjs';
import { setRules } from './rules.mjs';
import { AgentPage, DESK, PHONE, ResidentPage } from './people.mjs';
import { Proxy } from './proxy.mjs';

export { expect };

export const STAFF = [
  { id: 'sanne', name: 'Sanne de Vries', queues: ['burgerzaken', 'belastingen'] },
  { id: 'tom', name: 'Tom Bakker', queues: ['burgerzaken'] },
  { id: 'fatima', name: 'Fatima el Amrani', role: 'supervisor', queues: [] },
];

export const test = base.extend({
  /* Settings for the broker; test.use({ settings: { … } }). */
  settings: [{}, { option: true }],
  staff: [STAFF, { option: true }],
  /* What an administrator sets: test.use({ rules: { queues: { burgerzaken: { … } }, agents: { sanne: { … } }, routing: { … } } }). */
  rules: [{}, { option: true }],

  broker: async ({ settings, staff, rules }, use) => {
    const broker = await startBroker({ web: path.join(ROOT, 'web/dist'), ...settings });
    try {
      for (const each of staff) await broker.addStaff(each);
      await setRules(broker, staff, rules);
      await use(broker);
    } finally {
      await broker.close();
    }
  },

  network: async ({ broker }, use) => {
    const proxy = await new Proxy(broker.port).start();
    await use(proxy);
    await proxy.close();
  },

  /* people.page(options): a browser of somebody's own. people.resident(), people.agent('sanne'), people.supervisor(): with a page open. */
  people: async ({ browser, broker }, use) => {
    const contexts = [];
    const faults = [];
    const people = {
      async page(options = {}) {
        const context = await browser.newContext({ baseURL: broker.url, ...options });
        contexts.push(context);
        const page = await context.newPage();
        page.on('pageerror', (error) => faults.push(error.message));
        page.on('console', (message) => {
          if (message.text().includes('Content Security Policy')) faults.push(message.text());
        });
        return page;
      },
      async resident(options = {}) {
        return new ResidentPage(await people.page({ ...PHONE, ...options })).open();
      },
      async signedIn(id, options = {}) {
        const page = await people.page({ ...DESK, ...options });
        const [name, value] = (await broker.cookie(id)).split('=');
        await page.context().addCookies([{ name, value, url: options.baseURL ?? broker.url, httpOnly: true, sameSite: 'Strict' }]);
        return page;
      },
      async agent(id, options = {}) {
        return new AgentPage(await people.signedIn(id, options)).open();
      },
      async supervisor(options = {}) {
        const page = await people.signedIn('fatima', options);
        await page.goto('/supervise');
        return page;
      },
    };
    await use(people);
    for (const context of contexts) await context.close();
    expect(faults).toEqual([]);
  },
});
