export function whyNoBed(): string | undefined;
export function startBed(): { environment: Record<string, string>; close: () => void };
