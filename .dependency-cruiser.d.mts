import type { IConfiguration, ICruiseOptions } from 'dependency-cruiser';

/** For each folder of src, the folders it may import besides itself. */
export declare const MAY_IMPORT: Readonly<Record<string, readonly string[]>>;

declare const configuration: {
  readonly forbidden: NonNullable<IConfiguration['forbidden']>;
  readonly options: ICruiseOptions;
};
export default configuration;
