/**
 * Variables of the cluster: its name, its server, its roles, its certificates.
 *
 * Source: Spilo `ENVIRONMENT.rst`, `configure_spilo.py`, `launch.sh`, its Dockerfile.
 *
 * @module
 */

import type { VariableGroup } from './container-variable.ts';

/** The cluster and its server. */
export const SERVER_VARIABLES: VariableGroup = {
  title: 'The cluster and its server',
  variables: [
    {
      name: 'SCOPE',
      summary:
        "The cluster's name: Patroni's scope, and part of a generated archive address. Unset, it is the same for every cluster, which is told as a warning.",
      default: 'dummy',
    },
    {
      name: 'NAMESPACE',
      summary:
        "The namespace of Kubernetes, or the root of the cluster's keys in another store. It goes into a generated archive address.",
      default: 'POD_NAMESPACE where the keys are in Kubernetes, otherwise none',
    },
    { name: 'POD_NAMESPACE', summary: "The pod's namespace." },
    {
      name: 'POD_IP',
      summary: 'The address by which other members reach this one, in Kubernetes.',
      default: "the first address of the host's name",
    },
    { name: 'PGHOME', summary: 'The home of the user that runs PostgreSQL.', default: '/home/postgres' },
    { name: 'PGROOT', summary: 'The folder around the data directory.', default: 'PGHOME/pgdata/pgroot' },
    {
      name: 'PGDATA',
      summary: "The data directory. If it holds a cluster, that cluster's major is started, whatever PGVERSION says.",
      default: 'PGROOT/data',
    },
    { name: 'PGLOG', summary: "The folder of the server's log.", default: 'pg_log beside PGDATA' },
    {
      name: 'PGVERSION',
      summary:
        "The major version of a cluster that begins here. One that is not in the image is refused; Spilo takes the newest then. A member that joins a cluster has the cluster's, whatever this says.",
      default: 'for a clone that of its backup, otherwise the newest that is installed',
    },
    { name: 'PGPORT', summary: "PostgreSQL's port.", default: '5432' },
    { name: 'APIPORT', summary: "The port of Patroni's REST API.", default: '8008' },
    {
      name: 'HEALTHPORT',
      summary:
        "The port of the container's own probes and metrics. The port behind it is taken too, on the loopback interface, by the agent. Spilo does not have it.",
      default: '8009',
    },
    {
      name: 'RESTAPI_CONNECT_ADDRESS',
      summary: 'Host and port by which other members reach the REST API.',
      default: "the pod's or host's address with APIPORT",
    },
    {
      name: 'PG_CONNECT_ADDRESS',
      summary: 'Host and port by which other members reach PostgreSQL.',
      default: "the pod's or host's address with PGPORT",
    },
    {
      name: 'INITDB_LOCALE',
      summary:
        'The locale of a new cluster; `.UTF-8` is put behind it. One that the image lacks is refused where a new cluster would be made.',
      default: 'en_US',
    },
    {
      name: 'SPILO_CONFIGURATION',
      summary:
        "Patroni's configuration as YAML, merged over what the container makes: mappings are merged, lists replaced. What names Spilo's own scripts in it is refused, and so is `recovery_conf` of a clone. `create_replica_method` with `wal_e` and `basebackup_fast_xlog` is read as `create_replica_methods` with `walkback` and `basebackup`; `bootstrap.users` are made by walkback.",
    },
    { name: 'PATRONI_CONFIGURATION', summary: 'The same, where SPILO_CONFIGURATION is not set. Both are refused.' },
    {
      name: 'CALLBACK_SCRIPT',
      summary: 'A command that Patroni calls on start, stop and change of role.',
    },
    {
      name: 'RW_DIR',
      summary: 'The folder of what is written at every start: configuration, certificates, socket, variables.',
      default: '/run',
    },
    {
      name: 'LOG_SHIP_HOURLY',
      summary: '`true`: the server begins a file of its log every hour instead of every day.',
      default: 'false',
    },
    { name: 'KUBERNETES_SERVICE_HOST', summary: 'Set by Kubernetes: the container runs in a pod.' },
    {
      name: 'SPILO_PROVIDER',
      summary:
        'Where the container runs. In a pod it changes nothing. Elsewhere aws, google and openstack are refused: Spilo asks their metadata servers for name, address and zone, and tags the instance.',
      default: 'local',
    },
    {
      name: 'DEVELOP',
      summary: '`true`, `on` or `1`: the same as SPILO_PROVIDER=local, which is always so here.',
    },
    { name: 'DEBUG', summary: "How much Spilo's own configuration script says. It has no effect." },
    {
      name: 'USE_OLD_LOCALES',
      summary: 'Collations of Ubuntu 18.04.',
      refused: {
        why: 'the image has the collations of its own C library only',
        instead:
          'Take it out. Text indexes of a cluster that was made with those collations must be rebuilt (REINDEX) after its first start here.',
        unless: ['false'],
      },
    },
    {
      name: 'DEMO',
      summary: 'Spilo without backups and cron.',
      refused: { why: 'there is no such mode', instead: 'Take it out, and set no archive.', unless: ['false'] },
    },
  ],
};

/** Roles and their passwords. */
export const ROLE_VARIABLES: VariableGroup = {
  title: 'Roles',
  variables: [
    { name: 'PGUSER_SUPERUSER', summary: 'The superuser.', default: 'postgres' },
    {
      name: 'PGPASSWORD_SUPERUSER',
      summary:
        "The superuser's password. It has to be given, here or in SPILO_CONFIGURATION: Spilo's default is known to everybody. That default, given, is taken with a warning.",
      secret: true,
    },
    { name: 'PGUSER_STANDBY', summary: 'The role that members replicate with.', default: 'standby' },
    {
      name: 'PGPASSWORD_STANDBY',
      summary: 'Its password. It has to be given, as that of the superuser.',
      secret: true,
    },
    { name: 'PGUSER_ADMIN', summary: 'The administrator, a role that may make databases and roles.', default: 'admin' },
    {
      name: 'PGPASSWORD_ADMIN',
      summary:
        'Its password. Given, there is an administrator; it is made after a bootstrap by walkback, with any Patroni.',
      secret: true,
    },
    {
      name: 'USE_ADMIN',
      summary:
        'Whether there is an administrator. Spilo asks only whether it is empty, so false meant yes and is refused; without PGPASSWORD_ADMIN it is refused too.',
      default: 'whether PGPASSWORD_ADMIN is set',
    },
    { name: 'HUMAN_ROLE', summary: "A role without login, for people's roles to be members of.", default: 'zalandos' },
    {
      name: 'ALLOW_NOSSL',
      summary: 'Any text: clients may connect without encryption. A word for no is refused, because it meant yes.',
    },
    {
      name: 'PAM_OAUTH2',
      summary: 'Login of people by tokens.',
      refused: {
        why: 'pam_oauth2 is not in the image',
        instead: 'Give people passwords or certificates, by lines in SPILO_CONFIGURATION, postgresql.pg_hba.',
      },
    },
  ],
};

const INSTEAD_OF_PGBOUNCER = {
  why: 'PgBouncer is not in the image',
  instead: 'Run it as a container of its own.',
} as const;

/** Certificates, and programs that Spilo's image has beside PostgreSQL. */
export const CERTIFICATE_VARIABLES: VariableGroup = {
  title: 'Certificates',
  variables: [
    {
      name: 'SSL_CERTIFICATE',
      summary:
        "PostgreSQL's certificate itself, with SSL_PRIVATE_KEY. Without either, one is made and signed by itself.",
    },
    { name: 'SSL_PRIVATE_KEY', summary: 'Its key itself.', secret: true },
    { name: 'SSL_CA', summary: 'Certificates by which clients are trusted.' },
    { name: 'SSL_CRL', summary: 'Certificates that are revoked.' },
    {
      name: 'SSL_CERTIFICATE_FILE',
      summary:
        'Where the certificate is. Set without SSL_CERTIFICATE, it must be there: Spilo makes one of its own in that place.',
      default: 'RW_DIR/certs/server.crt',
    },
    { name: 'SSL_PRIVATE_KEY_FILE', summary: 'Where its key is.', default: 'RW_DIR/certs/server.key' },
    { name: 'SSL_CA_FILE', summary: 'Where the certificates by which clients are trusted are.' },
    { name: 'SSL_CRL_FILE', summary: 'Where the revoked ones are.' },
    {
      name: 'SSL_TEST_RELOAD',
      summary:
        'Whether PostgreSQL reads its certificate again when the file changes. Any text means yes; a word for no is refused.',
      default: 'whether SSL_PRIVATE_KEY_FILE is set',
    },
    { name: 'SSL_RESTAPI_CERTIFICATE', summary: "The REST API's certificate itself. Without one it speaks HTTP." },
    { name: 'SSL_RESTAPI_PRIVATE_KEY', summary: 'Its key itself.', secret: true },
    { name: 'SSL_RESTAPI_CA', summary: 'Certificates by which its clients are trusted.' },
    {
      name: 'SSL_RESTAPI_CERTIFICATE_FILE',
      summary: 'Where it is.',
      default: 'RW_DIR/certs/rest-api-server.crt, with SSL_RESTAPI_CERTIFICATE',
    },
    {
      name: 'SSL_RESTAPI_PRIVATE_KEY_FILE',
      summary: 'Where its key is.',
      default: 'RW_DIR/certs/restapi-api-server.key, with SSL_RESTAPI_PRIVATE_KEY',
    },
    {
      name: 'SSL_RESTAPI_CA_FILE',
      summary: 'Where the certificates by which its clients are trusted are.',
      default: 'RW_DIR/certs/rest-api-ca.crt, with SSL_RESTAPI_CA',
    },
  ],
};

/** Programs beside PostgreSQL that this image does not have. */
export const OTHER_VARIABLES: VariableGroup = {
  title: 'Programs of Spilo’s image that are not here',
  variables: [
    {
      name: 'CRONTAB',
      summary: 'Lines for cron, as a list in YAML.',
      default: '[]',
      refused: {
        why: 'there is no cron in the container, and a job in it would run on every member',
        instead: 'Run the job as a CronJob of Kubernetes, or from the cron of a host.',
        unless: ['[]'],
      },
    },
    { name: 'PGBOUNCER_CONFIGURATION', summary: "PgBouncer's configuration.", refused: INSTEAD_OF_PGBOUNCER },
    {
      name: 'PGBOUNCER_AUTHENTICATION',
      summary: "PgBouncer's list of users.",
      secret: true,
      refused: INSTEAD_OF_PGBOUNCER,
    },
    { name: 'PGBOUNCER_AUTH', summary: 'The same.', secret: true, refused: INSTEAD_OF_PGBOUNCER },
    {
      name: 'ENABLE_PG_MON',
      summary: 'The extension pg_mon.',
      refused: { why: 'the extension pg_mon is not in the image', instead: 'Take it out.', unless: ['false'] },
    },
    {
      name: 'BGMON_LISTEN_IP',
      summary: 'Where the extension bg_mon listens. Spilo always overwrites it.',
      refused: { why: 'the extension bg_mon is not in the image', instead: 'Take it out.' },
    },
    {
      name: 'EIP_ALLOCATION',
      summary: 'An address that the leader takes over, in EC2.',
      refused: {
        why: 'instances of EC2 are not tagged and given addresses',
        instead: 'Take it out; HAProxy or a load balancer finds the leader by the REST API.',
      },
    },
    {
      name: 'AWS_LEADER_TAG_VALUE',
      summary: "The leader's tag in EC2.",
      refused: { why: 'instances of EC2 are not tagged', instead: 'Take it out.' },
    },
  ],
};
