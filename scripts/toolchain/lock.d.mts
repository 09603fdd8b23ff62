export function withLock<T>(lock: string, work: () => T, onWait?: (owner: number | undefined) => void): T;
