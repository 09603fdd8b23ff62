/**
 * `walkback bucket provision`: makes a bucket ready for an archive, with credentials for its writer and its viewer.
 *
 * @module
 */

import { openBucketWork } from '../../app/provision-bucket.ts';
import { changeName } from '../../bucket/bucket-change.ts';
import { secretOf } from '../../bucket/secret-content.ts';
import { defineCommand } from '../command.ts';
import { choice, flag, integer, path, text } from '../options.ts';
import { bucketPlanJson, bucketPlanText, bucketReportText } from '../output/bucket-text.ts';

const DEFAULT_VERSION_DAYS = 30;
const DEFAULT_UPLOAD_DAYS = 7;
const LONGEST_DAYS = 36_500;

/** The command. */
export const bucketProvision = defineCommand({
  path: ['bucket', 'provision'],
  summary: "Make an archive's bucket, a writer and a viewer for it alone, and the Secret with their credentials",
  description:
    "Creates the bucket of the archive's address, or adopts it; keeps versions in it; lets old versions and unfinished uploads go after a time, and never a current object; makes two accounts that can use this bucket only, and writes their credentials into a Secret. What is so already stays: a second run changes nothing, and keeps the credentials. Nothing is deleted, but for former keys with --end-former. A permission that is missing is named, with the lines that do the same by hand. Run it with credentials that may do all this; the archive itself then needs the writer's only.",
  settings: ['archive', 'kubernetes'],
  // In the image that variable names a directory which a cluster's pod makes, and a Job has not.
  ownEnvironment: true,
  options: {
    dryRun: flag('Only show what is there and what would be done'),
    secret: text(
      'The Secret; s3-BUCKET-access-key, gcp-BUCKET-service-account-key or azure-BUCKET-sas-token unless given',
      'NAME',
    ),
    viewerSecret: text("A Secret of its own for the viewer's credentials; one for both unless given", 'NAME'),
    secretFile: path('Keep the Secrets as manifests in this file, readable by its owner alone, and not in a namespace'),
    showSecrets: flag('Show the credentials in the answer'),
    writer: text('The account that reads, writes and deletes objects; sa-BUCKET unless given', 'NAME'),
    viewer: text('The account that only reads; ro-BUCKET unless given', 'NAME'),
    accounts: choice(
      'Which accounts a server of S3 has: of IAM, of MinIO, or none, so that the given credentials are used, with all their rights; found out unless given, and refused where it cannot be',
      ['iam', 'minio', 'none'],
    ),
    iamEndpoint: text('Where IAM answers, other than the cloud’s own or the store itself', 'URL'),
    project: text('The project of Google Cloud; that of the credentials unless given', 'ID'),
    location: text(
      'Where a bucket of Google Cloud is made, such as northamerica-northeast1; US unless given. S3: s3-region',
      'PLACE',
    ),
    versionDays: integer('Days that versions stay which were replaced or deleted; 30 unless given', 1, LONGEST_DAYS),
    uploadDays: integer('Days that unfinished uploads stay; 7 unless given', 1, LONGEST_DAYS),
    rotate: flag('Make new keys. Former ones go on until --end-former; those of MinIO end at once'),
    endFormer: flag('End the keys of both accounts that the Secret does not hold'),
  },
  examples: [
    { line: 'walkback bucket provision --archive s3://backups/shop --dry-run', does: 'what would be done' },
    {
      line: 'walkback bucket provision --archive gs://shop-prod-backups/db --location northamerica-northeast1 --namespace shop-prod',
      does: 'the bucket, two service accounts, and the Secret gcp-shop-prod-backups-service-account-key',
    },
    {
      line: 'walkback bucket provision --archive s3://backups/shop --rotate',
      does: 'new keys in the Secret; when all pods have them, again with --end-former',
    },
  ],
  run: async (given, { settings, reporter, signal }) => {
    await using work = await openBucketWork(settings, {
      secret: given.secret,
      viewerSecret: given.viewerSecret,
      secretFile: given.secretFile,
      writer: given.writer,
      viewer: given.viewer,
      accounts: given.accounts ?? 'auto',
      iamEndpoint: given.iamEndpoint,
      project: given.project,
      place: given.location,
      versionDays: given.versionDays ?? DEFAULT_VERSION_DAYS,
      uploadDays: given.uploadDays ?? DEFAULT_UPLOAD_DAYS,
      isRotating: given.rotate,
      isEndingFormer: given.endFormer,
    });
    const plan = await work.plan();
    const json = bucketPlanJson(plan);
    if (given.dryRun) return { text: (screen) => bucketPlanText(plan, screen), json: { ...json, changed: false } };
    const due = plan.changes.filter(({ state }) => state === 'due');
    const steps = due.map(({ change, summary }) => ({ name: changeName(change), summary }));
    if (steps.length > 0) reporter.plan(`provision ${plan.address}`, steps);
    const report = await work.run(plan, {
      signal,
      onChange: ({ change }, outcome) => {
        const name = changeName(change);
        if (outcome === 'begins') reporter.begin(name);
        if (outcome === 'done') reporter.finish(name);
        if (outcome === 'unsupported') reporter.finish(name, 'this server has no such thing');
        if (outcome === 'denied') reporter.fail(name, 'denied');
      },
    });
    const found = await work.secrets(plan);
    const secrets = new Map(plan.planned.map(({ name, where }) => [where, found.get(name) ?? {}]));
    const shown = given.showSecrets ? { credentials: Object.fromEntries(found) } : {};
    return {
      text: (screen) => bucketReportText(plan, report, { secrets, isShown: given.showSecrets }, screen),
      json: { ...json, ...report, changed: report.done.length > 0, secret: secretOf(plan.secrets, 'writer'), ...shown },
    };
  },
});
