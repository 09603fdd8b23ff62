export const BASE_IMAGE: string;
export function whyNoEngine(): string | undefined;
export function engineEnvironment(): Record<string, string>;
export function ensureBaseImage(environment: Readonly<Record<string, string>>): void;
export function serveEngine(
  environment: Readonly<Record<string, string>>,
): Promise<{ environment: Record<string, string>; close: () => void }>;
