/**
 * Every step with its code: complete by type.
 *
 * @module
 */

import { cutoverSteps } from './cutover-steps.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { rehearseSteps } from './rehearse-steps.ts';
import type { Step } from './runner.ts';
import type { StepName } from './step-names.ts';
import { undoSteps } from './undo-steps.ts';

/** The steps of recoveries. */
export const STEPS: Record<StepName, Step<RecoveryContext>> = { ...rehearseSteps, ...cutoverSteps, ...undoSteps };
