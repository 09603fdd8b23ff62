/**
 * The place and the header of the record that is being indexed.
 *
 * @module
 */

import { lsnOfHalves, type Lsn } from '../postgres/lsn.ts';

/** Where the record being taken is; one of these is used again for each. */
export class CurrentRecord {
  bytes: Buffer = Buffer.alloc(0);
  lsnHigh = 0;
  lsnLow = 0;
  endHigh = 0;
  endLow = 0;
  xid = 0;
  resourceManager = 0;
  info = 0;

  get lsn(): Lsn {
    return lsnOfHalves(this.lsnHigh, this.lsnLow);
  }

  get endLsn(): Lsn {
    return lsnOfHalves(this.endHigh, this.endLow);
  }
}
