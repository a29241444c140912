/* For everyone: axe-core in all main states, the keyboard alone, 320 pixels, 400 % zoom. */
import { fits, small, sound, tabTo } from './lib/access.mjs';
import { expect, test } from './lib/test.mjs';

for (const language of ['nl', 'en']) {
  test(`no serious fault for axe in any main state, light and dark: ${language}`, async ({ people, broker }) => {
    test.setTimeout(240_000);
    const speak = async (page) => {
      if (language === 'en') await page.getByTestId('language').click();
      await expect(page.locator('html')).toHaveAttribute('lang', language);
    };
    const resident = await people.resident();
    const { page } = resident;
    await expect(page.getByTestId('subject-burgerzaken')).toBeVisible();
    await speak(page);
    await sound(page, 'subjects');
    await page.getByTestId('subject-burgerzaken').click();
    await sound(page, 'question');
    await resident.composer.fill('Een vraag met https://www.voorbeeld.example/');
    await page.getByTestId('send').click();
    await expect(resident.status).toHaveAttribute('data-state', 'queued');
    await sound(page, 'waiting');

    const signIn = await people.page();
    await signIn.goto('/console');
    await speak(signIn);
    await signIn.getByTestId('user').fill('sanne');
    await signIn.getByTestId('password').fill('fout');
    await signIn.getByTestId('sign-in').click();
    await expect(signIn.getByRole('alert')).not.toHaveText('');
    await sound(signIn, 'sign-in refused');
    const board = await people.supervisor();
    await speak(board);
    await expect(board.getByTestId('waiting-row')).toHaveCount(1);
    await sound(board, 'board');

    const agent = await people.agent('sanne');
    await speak(agent.page);
    await expect(agent.page.getByTestId('queue').first()).toBeVisible();
    await sound(agent.page, 'console, nothing');
    await agent.available();
    await expect(agent.work).toHaveCount(1);
    await sound(agent.page, 'console, work');
    await agent.take('Een vraag met');
    await agent.say('Een antwoord met https://www.voorbeeld.example/');
    await resident.composer.pressSequentially('ik');
    await expect(agent.page.getByTestId('typing')).toBeVisible();
    await agent.page.getByTestId('link-fold').locator('summary').click();
    await sound(agent.page, 'console, thread');
    for (const tool of ['hand-over', 'bring-in', 'snooze']) {
      await agent.page.getByTestId(tool).click();
      await sound(agent.page, `console, ${tool}`);
    }
    await agent.page.keyboard.press('Escape');
    await agent.page.getByTestId('presence').click();
    await sound(agent.page, 'console, presences');
    await agent.page.keyboard.press('Escape');
    await agent.page.getByTestId('note').check();
    await agent.say('Een notitie');
    await expect(agent.message('Een notitie')).toBeVisible();
    await agent.page.getByTestId('link-address').fill('geen adres');
    await agent.page.getByTestId('link').evaluate((button) => (button.form.noValidate = true));
    await agent.page.getByTestId('link').click();
    await expect(agent.page.getByTestId('problem')).toBeVisible();
    await sound(agent.page, 'console, note and problem');
    await expect(resident.message('Een antwoord')).toBeVisible();
    await sound(page, 'talking');
    await sound(board, 'board, active');

    await agent.page.getByTestId('close').click();
    await expect(resident.status).toHaveAttribute('data-state', 'closed');
    await sound(page, 'closed');
    await sound(agent.page, 'console, closed');
    await broker.kill('SIGKILL');
    for (const each of [resident, agent]) await expect(each.connection).not.toHaveText('');
    await resident.say('Zonder verbinding');
    await sound(page, 'no connection');
    await sound(agent.page, 'console, no connection');
    await sound(board, 'board, old figures');
    await broker.start();
  });
}

test('a whole chat with the keyboard alone, on both sides', async ({ people }) => {
  const { page } = await people.resident({ viewport: { width: 1280, height: 800 }, isMobile: false, hasTouch: false });
  await expect(page.getByTestId('subject-burgerzaken')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByText('Naar de inhoud')).toBeFocused();
  await expect(page.getByText('Naar de inhoud')).toBeInViewport();
  await tabTo(page, page.getByTestId('subject-burgerzaken'));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Burgerzaken' })).toBeFocused();
  await tabTo(page, page.getByTestId('name'));
  await page.keyboard.type('Jan');
  await tabTo(page, page.getByTestId('composer'));
  await page.keyboard.type('Een vraag');
  await tabTo(page, page.getByTestId('send'));
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('message')).toHaveAttribute('data-state', 'sent');

  const agent = await people.page();
  await agent.goto('/console');
  await tabTo(agent, agent.getByTestId('user'));
  await agent.keyboard.type('sanne');
  await tabTo(agent, agent.getByTestId('password'));
  await agent.keyboard.type('een-lang-wachtwoord');
  await agent.keyboard.press('Enter');
  await expect(agent.getByTestId('presence')).toBeEnabled();
  await tabTo(agent, agent.getByTestId('presence'));
  await agent.keyboard.press('Enter');
  await tabTo(agent, agent.getByTestId('presence-available'));
  await agent.keyboard.press('Enter');
  await expect(agent.getByTestId('work-item')).toBeVisible();
  await tabTo(agent, agent.getByTestId('work-item'));
  await agent.keyboard.press('Enter');
  await expect(agent.locator('#answer')).toBeFocused();
  await agent.keyboard.type('Een antwoord');
  await agent.keyboard.press('Enter');
  await expect(page.getByTestId('message').filter({ hasText: 'Een antwoord' })).toBeVisible();
  await expect(page.getByTestId('announcer')).toHaveText('Sanne de Vries: Een antwoord');

  await tabTo(page, page.getByTestId('composer'));
  await page.keyboard.type('Dank u');
  await page.keyboard.press('Enter');
  await expect(agent.getByTestId('message').filter({ hasText: 'Dank u' })).toBeVisible();
  await tabTo(agent, agent.getByTestId('close'));
  await agent.keyboard.press('Enter');
  await expect(page.getByTestId('status')).toHaveAttribute('data-state', 'closed');
  await tabTo(page, page.getByTestId('new-conversation'));
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('subject-burgerzaken')).toBeVisible();
});

/* 320 CSS pixels wide is also what 400 % zoom makes of a window 1280 wide; 256 high is what it makes of 1024 (WCAG 2.2, 1.4.10). */
for (const [name, viewport] of [['320 pixels', { width: 320, height: 568 }], ['400 % zoom', { width: 320, height: 256 }]]) {
  test(`${name}: nothing runs out of the window, and fingers find everything`, async ({ people }) => {
    const long = 'Meervoudigepersoonlijkheidsstoornisverzekeringsmaatschappij https://www.voorbeeld.example/een/lang/adres/dat/doorgaat';
    const resident = await people.resident({ viewport });
    const { page } = resident;
    await expect(page.getByTestId('subject-burgerzaken')).toBeVisible();
    expect(await fits(page)).toBe(true);
    await resident.start('burgerzaken', long, 'Willem-Alexander van Oranje-Nassau-Dietz');
    await expect(resident.message(long)).toHaveAttribute('data-state', 'sent');
    expect(await fits(page)).toBe(true);
    expect(await small(page, 44)).toEqual([]);

    const agent = await people.agent('sanne', { viewport, hasTouch: true, isMobile: true });
    await agent.available();
    await agent.work.click();
    await expect(agent.answer).toBeVisible();
    await agent.say(long);
    await expect(resident.message(long)).toHaveCount(2);
    await expect(agent.message(long)).toHaveCount(2);
    for (const each of [agent.message(long).last(), resident.message(long).last()]) {
      await each.scrollIntoViewIfNeeded();
      await expect(each).toBeInViewport();
    }
    expect(await fits(agent.page)).toBe(true);
    expect(await small(agent.page, 44)).toEqual([]);
    for (const tool of ['hand-over', 'bring-in', 'snooze']) {
      await agent.page.getByTestId(tool).click();
      expect(await fits(agent.page)).toBe(true);
      expect(await small(agent.page, 44)).toEqual([]);
    }
    await agent.page.keyboard.press('Escape');
    await agent.page.getByTestId('details-toggle').click();
    await agent.page.getByTestId('link-fold').locator('summary').click();
    await agent.page.getByTestId('link').scrollIntoViewIfNeeded();
    expect(await fits(agent.page)).toBe(true);
    expect(await small(agent.page, 44)).toEqual([]);

    const board = await people.supervisor({ viewport });
    await expect(board.getByTestId('queue-active').first()).toHaveText('1');
    expect(await board.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(await small(board, 24)).toEqual([]);
    await resident.composer.scrollIntoViewIfNeeded();
    await expect(resident.composer).toBeInViewport();
  });
}
