export function explain(output: string, what: string, registryUrl: string): Error;
export function runNpm(args: readonly string[], cwd: string, what: string): void;
