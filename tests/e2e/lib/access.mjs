/* What is asked of every page: no serious fault for axe, light and dark; all of it within the window; all of it by keyboard and by finger. */
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/* Serious and critical faults of WCAG 2.2 AA and axe's best practices on what is on screen now; the colours in the dark as well. */
export async function sound(page, state) {
  const whole = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await new AxeBuilder({ page }).withRules(['color-contrast']).analyze();
  await page.emulateMedia({ colorScheme: 'light' });
  const named = (scheme, { violations }) =>
    violations
      .filter((each) => each.impact === 'serious' || each.impact === 'critical')
      .flatMap((each) => each.nodes.map((node) => `${state}, ${scheme}: ${each.id}: ${node.target.join(' ')}: ${node.any.map((any) => any.message).join('; ')}`));
  expect([...named('light', whole), ...named('dark', dark)]).toEqual([]);
}

export const fits = (page) => page.evaluate(() => [...document.querySelectorAll('.app, .app *')].every((each) => each.getBoundingClientRect().width <= innerWidth) && document.documentElement.scrollWidth <= innerWidth);

/* What can be pressed is at least 24 px (WCAG 2.2 AA) and, where fingers press, 44 px high. Links within words are exempt. */
export const small = (page, min) =>
  page.evaluate(
    (least) =>
      [...document.querySelectorAll('button, select, textarea, input:not([type=checkbox]):not([type=radio]), summary, .pick__face, .composer__note')]
        .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < least)
        .map((each) => `${each.className} ${each.getBoundingClientRect().height}`),
    min,
  );

/* Press Tab until the focus is on @target. */
export async function tabTo(page, target) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element === document.activeElement)) {
      const ring = await target.evaluate((element) => {
        const near = [element, element.nextElementSibling].filter(Boolean).map((each) => getComputedStyle(each));
        return near.some((style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || parseFloat(style.borderTopWidth) >= 2);
      });
      expect(ring, 'the focus is visible').toBe(true);
      return;
    }
  }
  throw new Error('the focus does not get there by Tab');
}
