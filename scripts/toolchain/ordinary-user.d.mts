export interface OrdinaryUserLine {
  readonly line: readonly string[];
  readonly options: { readonly uid?: number; readonly gid?: number };
  readonly environment: Readonly<Record<string, string>>;
}
export function asOrdinaryUser(
  line: readonly string[],
  given: { readonly root: string; readonly node: string; readonly mayUnshare?: boolean },
): OrdinaryUserLine;
