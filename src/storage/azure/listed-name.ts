/**
 * The name of an entry of a listing.
 *
 * Source: Azure Storage, "List Blobs" (`Encoded`, from version 2021-02-12).
 *
 * @module
 */

import { childOf, type XmlElement } from '../xml.ts';
import { badAnswer, type AzureAction } from './azure-failure.ts';

/** The whole key, as in the container. @throws {Failure} if there is none, or it cannot be decoded. */
export function nameIn(action: AzureAction, element: XmlElement): string {
  const name = childOf(element, 'Name');
  if (name === undefined || name.text === '') throw badAnswer(action, 'a listing has an entry without a name');
  if (name.attributes['Encoded'] !== 'true') return name.text;
  try {
    return decodeURIComponent(name.text);
  } catch {
    throw badAnswer(action, `a listing holds the name ${JSON.stringify(name.text)}`);
  }
}
