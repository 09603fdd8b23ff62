export const ROOT: string;
export const TOOLS: string;
export const POSTGRES_VERSIONS: Readonly<Record<string, string>>;
export const MISSING_MAJORS: readonly number[];
export function ensurePackages(): void;
export function ensureNode(): string;
export function ensurePostgres(major: number): string;
export function childEnvironment(node: string): Record<string, string>;
