/**
 * Asks which of several transactions is meant, at a terminal.
 *
 * @module
 */

import { describeRemoval, describeRemovalTarget, type AskWhich } from '../history/choose-removal.ts';
import { countOf, shortTime } from './output/format.ts';
import type { Session } from './session.ts';

/** Asks by its number. An answer that is none of them is no answer. */
export function askWhich({ questions, screen }: Pick<Session, 'questions' | 'screen'>): AskWhich {
  return async (asked, found) => {
    if (!questions.canAsk) return undefined;
    const width = Math.max(...found.kept.map(({ xid }) => String(xid).length));
    const lines = found.kept.map(
      (one) => `  ${String(one.xid).padStart(width)}  ${shortTime(one.timeUs, screen, 3)}  ${describeRemoval(one)}`,
    );
    const more = found.count - found.kept.length;
    const question = [
      '',
      `${countOf(found.count, 'transaction')} can be meant by "${describeRemovalTarget(asked)}":`,
      ...lines,
      ...(more === 0 ? [] : [`  and ${more.toLocaleString('en-US')} smaller ones`]),
      'Type the number of the one to go back before, or Enter to stop: ',
    ].join('\n');
    const answer = (await questions.ask({ question, flag: '--before-xid' }))?.trim();
    return found.kept.find(({ xid }) => String(xid) === answer);
  };
}
