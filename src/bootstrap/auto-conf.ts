/**
 * `postgresql.auto.conf` of a clone: what ALTER SYSTEM had set in the cluster of the backup, without what would lead the new
 * one to the old one's primary, archive or recovery target. It wins over the file that Patroni writes.
 *
 * @module
 */

/** Where the old cluster archived, whom it followed, where its recovery stopped, which files it read. */
const LEFT_OUT =
  /^(archive_command|archive_library|archive_cleanup_command|restore_command|recovery_\w+|primary_conninfo|primary_slot_name|promote_trigger_file|synchronous_standby_names|synchronized_standby_slots|data_directory|hba_file|ident_file|external_pid_file|cluster_name)$/i;

const SETTING = /^\s*([a-z_][\w.]*)\s*(?:=|\s)/i;

/** The text that stays, and the names of the settings that do not. */
export function cleanAutoConf(text: string): { readonly text: string; readonly leftOut: readonly string[] } {
  const leftOut = new Set<string>();
  const kept = text.split('\n').filter((line) => {
    const name = SETTING.exec(line)?.[1]?.toLowerCase();
    if (name === undefined || !LEFT_OUT.test(name)) return true;
    leftOut.add(name);
    return false;
  });
  return { text: kept.join('\n'), leftOut: [...leftOut] };
}
