/* The people at the pages, as they act: what they press, write and see. */
import { expect } from '@playwright/test';

import { PASSWORD } from '../../lib/broker.mjs';

export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const DESK = { viewport: { width: 1280, height: 800 } };

const texts = (page) => page.locator('[data-testid=message] .message__text').allInnerTexts();

export class ResidentPage {
  constructor(page) {
    this.page = page;
    this.composer = page.getByTestId('composer');
    this.status = page.getByTestId('status');
    this.connection = page.getByTestId('connection');
    this.messages = page.getByTestId('message');
  }

  async open() {
    await this.page.goto('/');
    return this;
  }

  async start(subject, text, name) {
    await this.page.getByTestId(`subject-${subject}`).click();
    if (name) await this.page.getByTestId('name').fill(name);
    await this.composer.fill(text);
    await this.page.getByTestId('send').click();
    await expect(this.message(text)).toBeVisible();
  }

  async say(text) {
    await this.composer.fill(text);
    await this.page.getByTestId('send').click();
  }

  message(text) {
    return this.messages.filter({ hasText: text });
  }

  texts() {
    return texts(this.page);
  }
}

export class AgentPage {
  constructor(page) {
    this.page = page;
    this.answer = page.locator('#answer');
    this.connection = page.getByTestId('connection');
    this.work = page.getByTestId('work-item');
    this.messages = page.getByTestId('message');
    this.offer = page.getByTestId('offer');
  }

  async open() {
    await this.page.goto('/console');
    return this;
  }

  async signIn(user, password = PASSWORD) {
    await this.page.getByTestId('user').fill(user);
    await this.page.getByTestId('password').fill(password);
    await this.page.getByTestId('sign-in').click();
  }

  async presence(which) {
    await this.page.getByTestId('presence').click();
    await this.page.getByTestId(`presence-${which}`).click();
    await expect(this.page.getByTestId('presence')).toHaveAttribute('data-value', which);
  }

  available() {
    return this.presence('available');
  }

  /* Press one of the tools of the conversation on screen. */
  tool(name) {
    return this.page.getByTestId(name).click();
  }

  /* The conversation of the list that shows @text. */
  async take(text) {
    await this.work.filter({ hasText: text }).click();
    await expect(this.answer).toBeVisible();
  }

  async say(text) {
    await this.answer.fill(text);
    await this.page.getByTestId('send').click();
  }

  message(text) {
    return this.messages.filter({ hasText: text });
  }

  texts() {
    return texts(this.page);
  }
}
