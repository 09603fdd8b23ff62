/**
 * The problems of one page of documentation: names of things that are not there.
 *
 * A code span is read as a path if it starts with a folder of the project or is a file at its root; `<name>` in it
 * stands for any text, `*` and `{a,b}` are patterns. Fenced blocks count for commands, not for paths.
 *
 * @module
 */

import { join } from 'node:path';

/** What a page can name. */
export interface Surroundings {
  /** True if the path or pattern, from the root, is there. */
  exists(path: string): boolean;
  readonly scripts: ReadonlySet<string>;
  readonly targets: ReadonlySet<string>;
  /** Walkback's commands by their words, e.g. `recover plan`, each with its flags. */
  readonly commands: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A page, and the folder it is in, from the root. */
export interface Page {
  readonly folder: string;
  readonly text: string;
}

const PATH =
  /^(?:(?:src|tests|scripts|docs|bench|deploy|fixtures|bin|\.ci)\/\S*|[A-Za-z.][\w.-]*\.(?:md|ts|mjs|json)|Makefile)$/;
/** Made by commands of the project, not kept in it. */
const MADE = /^(?:node_modules|\.tools|dist)\//;
const UNFINISHED = /\b(?:TODO|FIXME|XXX|TBD)\b|lorem ipsum/i;
const MACHINE = /(?:^|[\s`'"(])\/(?:work|root|home\/(?!postgres\/)\w+|Users\/\w+)\//;

function spansOf(line: string): string[] {
  return Array.from(line.matchAll(/`([^`]+)`/g), (match) => match[1] ?? '');
}

function linksOf(line: string): string[] {
  const targets = Array.from(line.matchAll(/\]\(([^)\s]+)\)/g), (match) => match[1] ?? '');
  return targets.filter((target) => !/^[a-z]+:|^#/.test(target)).map((target) => target.split('#')[0] ?? '');
}

function missingPaths(line: string, page: Page, around: Surroundings): string[] {
  const spans = spansOf(line).filter((span) => PATH.test(span) && !MADE.test(span));
  const named = spans.filter((span) => {
    const pattern = span.replaceAll(/<[^>]+>/g, '*');
    return !around.exists(pattern) && !around.exists(join(page.folder, pattern));
  });
  const linked = linksOf(line).filter((target) => !around.exists(join(page.folder, target)));
  return [...named, ...linked].map((path) => `${JSON.stringify(path)} is not there`);
}

/** What is typed after `walkback` in a code span, or on a line of a fenced block. */
function commandTexts(line: string, isFenced: boolean): string[] {
  const texts = isFenced ? [line.trimStart().replace(/^\$ /, '')] : spansOf(line);
  return texts.filter((text) => /^walkback [a-z]/.test(text)).map((text) => (text.split(' #')[0] ?? '').slice(9));
}

function wrongCommand(text: string, around: Surroundings): string[] {
  const [first = '', second = ''] = text.split(' ');
  const flags = around.commands.get(`${first} ${second}`) ?? around.commands.get(first);
  if (flags === undefined) return [`there is no command "walkback ${`${first} ${second}`.trim()}"`];
  const named = text.match(/(?<=\s)--[a-z-]+/g) ?? [];
  return named.filter((flag) => !flags.has(flag)).map((flag) => `"walkback ${first}" takes no ${flag}`);
}

function missingCommands(line: string, isFenced: boolean, around: Surroundings): string[] {
  const problems: string[] = [];
  for (const [, name = ''] of line.matchAll(/\bnpm run ([a-z][\w:-]*)/g))
    if (!around.scripts.has(name)) problems.push(`package.json has no script ${JSON.stringify(name)}`);
  for (const [, name = ''] of line.matchAll(/(?:^|`)make ([a-z][a-z-]*)/g))
    if (!around.targets.has(name)) problems.push(`the Makefile has no target ${JSON.stringify(name)}`);
  for (const text of commandTexts(line, isFenced)) problems.push(...wrongCommand(text, around));
  return problems;
}

/** The problems of `page`, each `<line>: <what>`. */
export function checkPage(page: Page, around: Surroundings): string[] {
  const problems: string[] = [];
  let isFenced = false;
  for (const [index, line] of page.text.split('\n').entries()) {
    if (line.startsWith('```')) isFenced = !isFenced;
    const found = isFenced ? [] : missingPaths(line, page, around);
    found.push(...missingCommands(line, isFenced, around));
    if (UNFINISHED.test(line)) found.push('says that something is unfinished');
    if (MACHINE.test(line)) found.push('names a folder of one machine');
    problems.push(...found.map((problem) => `${index + 1}: ${problem}`));
  }
  return problems;
}
