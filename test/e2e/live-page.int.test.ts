import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openChromium } from './fixtures/chromium.ts';
import { fillBlog } from './fixtures/fill-blog.ts';
import { type RunningBlog, startBlog } from './fixtures/running-blog.ts';

/** A folder for pictures of pages, to be looked at. */
const screenshots = process.env['EVERWARM_SCREENSHOTS'];

let blog: RunningBlog;

beforeAll(async () => {
  blog = await startBlog();
  await fillBlog(blog.database.pool);
  await blog.settled();
}, 120_000);

afterAll(() => blog?.stop());

/** Opens a post in a window, and tells what the browser complains of: what its policy refuses, errors of scripts, other servers. */
async function open(window: Page, path: string, complaints: string[]): Promise<void> {
  window.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  window.on('pageerror', (error) => void complaints.push(error.message));
  window.on(
    'request',
    (request) => void (/^(data:|blob:)/.test(request.url()) || request.url().startsWith(blog.url) || complaints.push(request.url())),
  );
  await window.goto(blog.url + path);
  await window.getByRole('status').getByText('live').waitFor();
  await window.getByRole('heading', { name: 'Post 7' }).waitFor();
}

test('a comment posted in one window appears in the other', async () => {
  await using browser = await openChromium();
  const complaints: string[] = [];
  const [writer, watcher] = [browser.tab, await browser.tab.context().newPage()];
  await open(writer, '/pages/posts/7', complaints);
  await open(watcher, '/pages/posts/7', complaints);
  const before = await watcher.getByRole('listitem').count();
  const words = 'Seen in <b>both</b> windows <img src=x onerror="document.title=1">';
  await writer.getByLabel('Comment').fill(words);
  await writer.getByRole('button', { name: 'Post' }).click();
  await watcher.getByText(words).waitFor();
  await writer.getByText(words).waitFor();
  expect(await watcher.getByRole('listitem').count()).toBe(before + 1);
  await watcher.getByRole('heading', { name: `${before + 1} comments` }).waitFor();
  expect(await writer.getByLabel('Comment').inputValue()).toBe('');

  await blog.database.pool.query(`update posts set body = 'Changed by psql' where id = 7`);
  await watcher.getByText('Changed by psql').waitFor();
  await watcher.getByText(/, 2 views$/).waitFor();
  const picture = await watcher.screenshot(screenshots === undefined ? {} : { path: join(screenshots, 'live-page.png') });
  expect(picture.length, 'bytes of a picture that is not blank').toBeGreaterThan(10_000);
  expect(complaints).toEqual([]);
});

test('what the server refuses is said on the page', async () => {
  await using browser = await openChromium();
  await open(browser.tab, '/pages/posts/7', []);
  await browser.tab.getByLabel('Number of the member').fill('4000');
  await browser.tab.getByLabel('Comment').fill('By nobody');
  await browser.tab.getByRole('button', { name: 'Post' }).click();
  await browser.tab.getByRole('alert').getByText('4000').waitFor();
});

test('the page may run its own script, talk to its own server, and nothing else', async () => {
  for (const path of ['/pages/posts/7', '/pages/post.js', '/pages/post.css']) {
    const { status, headers } = await fetch(blog.url + path);
    expect(status).toBe(200);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  }
  const html = await (await fetch(`${blog.url}/pages/posts/7`)).text();
  expect(html).not.toMatch(/<script(?! type="module" src=)|<style| on\w+=| style=/);
});
