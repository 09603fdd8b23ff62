"""Reads and changes the keys of one Patroni cluster in its DCS, through Patroni's own library.

    python3 dcs.py PATRONI_YAML VERB [VERB ...]
    python3 dcs.py PATRONI_YAML serve

Run with the interpreter that Patroni itself runs with, so that every kind of DCS works that this Patroni works with.
Answers with one JSON object a line on standard output, one for each verb; the first that fails ends it. Touches keys of
this scope by their exact names and nothing else.

    show               every key of the scope
    lock-holder        the member that has the leader lock
    configuration      what the YAML file and the environment say of this member; holds passwords
    pause, resume      sets or removes "pause" in the dynamic configuration, and nothing else of it
    read-only-on, read-only-off, read-only-unset
                       sets or removes the parameter default_transaction_read_only there, and nothing else of it
    clear-status       forgets the position and the slots of the leader; not while another member leads
    clear-sync         forgets which standby is synchronous; not while another member leads
    cancel-initialize  removes the initialize key, if it is the empty string and nobody leads

serve reads lines of verbs from standard input until that ends, and ends each line's answers with {"code": N}.

Exit codes: 0 done; 64 wrong arguments; 69 the DCS does not answer; 77 refused; 78 Patroni or its configuration is not
usable. Other than for 0, the last line is {"error": "..."}.

Source: patroni/dcs/__init__.py and patroni/ctl.py of Patroni 3.0, 4.0 and 4.1.
"""

import copy
import json
import logging
import os
import signal
import sys
import urllib.parse

USAGE, UNAVAILABLE, REFUSED, UNUSABLE = 64, 69, 77, 78
# Patroni's client waits for an etcd that is away without an end.
ANSWER_SECONDS = 30


class Problem(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def no_answer(*_):
    raise Problem(UNAVAILABLE, 'the DCS has not answered within {0} s'.format(ANSWER_SECONDS))


def open_configuration(path):
    if not os.access(path, os.R_OK):
        raise Problem(UNUSABLE, 'cannot read {0}'.format(path))
    try:
        from patroni.config import Config
        configuration = Config(path, validator=None).copy()
    except Problem:
        raise
    except BaseException as error:  # Patroni answers a file that it cannot use with SystemExit
        raise Problem(UNUSABLE, 'cannot use {0} with this Python: {1}'.format(path, error)) from None
    if not configuration.get('scope'):
        raise Problem(UNUSABLE, '{0} names no scope'.format(path))
    return configuration


def open_dcs(configuration):
    # As patronictl: without a lease or a session of its own, and not as a member.
    configuration = dict(configuration, patronictl=True)
    configuration.setdefault('name', configuration['scope'])
    try:
        from patroni.dcs import get_dcs
        return get_dcs(configuration)
    except Problem:
        raise
    except BaseException as error:
        raise Problem(UNUSABLE, 'cannot use the DCS of this configuration: {0}'.format(error)) from None


def read_cluster(dcs):
    from patroni.exceptions import DCSError
    try:
        return dcs.get_cluster()
    except DCSError as error:
        raise Problem(UNAVAILABLE, 'cannot read from the DCS: {0}'.format(error)) from None


def checked(what, was_done):
    """Patroni's clients answer False when the DCS is away, and also when somebody else was faster."""
    if was_done is False or was_done is None:
        raise Problem(UNAVAILABLE, 'the DCS has not taken it: {0}'.format(what))


def version_of(key):
    """By which a key is compared and swapped; called an index before Patroni 3.0.3."""
    return key.version if hasattr(key, 'version') else key.index


def status_of(cluster):
    """Patroni 3.0 has these in the cluster itself, later ones in a status of its own."""
    status = getattr(cluster, 'status', None)
    if status is None:
        return {'optime': cluster.last_lsn or 0, 'slots': cluster.slots or {}, 'retain_slots': []}
    return {
        'optime': status.last_lsn or 0,
        'slots': status.slots or {},
        'retain_slots': getattr(status, 'retain_slots', None) or [],
    }


def without_password(url):
    """The address of a member's server, which may have been written with a user and a password."""
    if not url:
        return None
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition('@')[2]))


def member_of(member):
    data = {name: value for name, value in member.data.items() if name not in ('conn_url', 'conn_kwargs', 'api_url')}
    return dict(data, name=member.name, api_url=member.api_url, conn_url=without_password(member.data.get('conn_url')))


def leader_of(cluster):
    name = cluster.leader.name if cluster.leader else None
    return name or None


def failover_of(failover):
    if not failover:
        return None
    scheduled = failover.scheduled_at
    return {
        'leader': failover.leader or None,
        'candidate': failover.candidate or None,
        'scheduled_at': scheduled.isoformat() if scheduled else None,
    }


def sync_of(sync):
    if not sync or not sync.leader:
        return None
    members = sync.members if isinstance(sync.members, (list, tuple, set, frozenset)) else []
    return {'leader': sync.leader, 'sync_standby': sorted(members)}


def show(dcs):
    cluster = read_cluster(dcs)
    return {
        'initialize': cluster.initialize,
        'config': cluster.config.data if cluster.config else None,
        'leader': leader_of(cluster),
        'status': status_of(cluster),
        'members': sorted((member_of(member) for member in cluster.members), key=lambda member: member['name']),
        'failover': failover_of(cluster.failover),
        'sync': sync_of(cluster.sync),
        'history': [list(line) for line in cluster.history.lines] if cluster.history else [],
        'failsafe': getattr(cluster, 'failsafe', None),
    }


def lock_holder(dcs):
    return {'leader': leader_of(read_cluster(dcs))}


def refuse_other_leader(cluster, own_name):
    leader = leader_of(cluster)
    if leader is not None and leader != own_name:
        raise Problem(REFUSED, '{0} is the leader, and would write it again at once'.format(leader))


def is_kubernetes(dcs):
    return type(dcs).__module__.rpartition('.')[2] == 'kubernetes'


def clear_status(dcs, own_name):
    cluster = read_cluster(dcs)
    refuse_other_leader(cluster, own_name)
    before = status_of(cluster)
    if not any(before.values()):
        return {'cleared': False}
    if is_kubernetes(dcs):
        names = {'optime': None, 'slots': None, 'retain_slots': None}
        checked('status', dcs.patch_or_create(dcs.leader_path, names, patch=True))
    else:
        # A status that is there wins over an optime of its own, which Patroni before 2.1 wrote.
        checked('status', dcs._write_status('{}'))
    return {'cleared': True, 'before': before}


def clear_sync(dcs, own_name):
    cluster = read_cluster(dcs)
    refuse_other_leader(cluster, own_name)
    before = sync_of(cluster.sync)
    if before is None:
        return {'cleared': False}
    checked('sync', dcs.delete_sync_state(version_of(cluster.sync)))
    return {'cleared': True, 'before': before}


def change_config(dcs, change):
    """Compared and swapped. change is given a copy of the dynamic configuration; False if there is nothing to change."""
    cluster = read_cluster(dcs)
    if not cluster.config or not cluster.config.data:
        raise Problem(REFUSED, 'this cluster has no dynamic configuration yet')
    data = copy.deepcopy(cluster.config.data)
    if not change(data):
        return {'changed': False}
    value = json.dumps(data, separators=(',', ':'))
    checked('config', dcs.set_config_value(value, version_of(cluster.config)))
    return {'changed': True}


def set_pause(dcs, is_paused):
    def change(data):
        if bool(data.get('pause')) == is_paused:
            return False
        if is_paused:
            data['pause'] = True
        else:
            del data['pause']
        return True
    return change_config(dcs, change)


READ_ONLY = 'default_transaction_read_only'


def set_read_only(dcs, value):
    def change(data):
        parameters = (data.get('postgresql') or {}).get('parameters') or {}
        if parameters.get(READ_ONLY) == value:
            return False
        if value is None:
            del data['postgresql']['parameters'][READ_ONLY]
            return True
        data['postgresql'] = data.get('postgresql') or {}
        data['postgresql']['parameters'] = dict(parameters, **{READ_ONLY: value})
        return True
    return change_config(dcs, change)


def cancel_initialize(dcs):
    cluster = read_cluster(dcs)
    if cluster.initialize is None:
        return {'removed': False}
    if cluster.initialize != '':
        raise Problem(REFUSED, 'the cluster is initialized, as system {0}'.format(cluster.initialize))
    if leader_of(cluster) is not None:
        raise Problem(REFUSED, '{0} is the leader'.format(leader_of(cluster)))
    checked('initialize', dcs.cancel_initialization())
    return {'removed': True}


CONFIGURATION_KEYS = ('scope', 'namespace', 'name', 'restapi', 'ctl', 'postgresql', 'tags', 'ttl', 'loop_wait')


def configuration_of(configuration):
    known = {key: configuration[key] for key in CONFIGURATION_KEYS if key in configuration}
    # Patroni has the users in a place of their own; what the environment says is in there too.
    return json.loads(json.dumps(known, default=str))


VERBS = {
    'show': lambda dcs, _: show(dcs),
    'lock-holder': lambda dcs, _: lock_holder(dcs),
    'pause': lambda dcs, _: set_pause(dcs, True),
    'resume': lambda dcs, _: set_pause(dcs, False),
    'read-only-on': lambda dcs, _: set_read_only(dcs, 'on'),
    'read-only-off': lambda dcs, _: set_read_only(dcs, 'off'),
    'read-only-unset': lambda dcs, _: set_read_only(dcs, None),
    'clear-status': clear_status,
    'clear-sync': clear_sync,
    'cancel-initialize': lambda dcs, _: cancel_initialize(dcs),
}


class Session:
    """One configuration, and the DCS once it is needed."""

    def __init__(self, path):
        self.path = path
        self.configuration = None
        self.dcs = None

    def answer(self, verb):
        if verb != 'configuration' and verb not in VERBS:
            raise Problem(USAGE, 'there is no verb {0}'.format(verb))
        self.configuration = self.configuration or open_configuration(self.path)
        if verb == 'configuration':
            return configuration_of(self.configuration)
        self.dcs = self.dcs or open_dcs(self.configuration)
        return VERBS[verb](self.dcs, self.configuration.get('name'))

    def answer_all(self, verbs):
        """Says the answer to each verb; the exit code."""
        signal.alarm(ANSWER_SECONDS)
        try:
            for verb in verbs:
                say(self.answer(verb))
            return 0
        except Problem as problem:
            say({'error': str(problem)})
            return problem.code
        except Exception as error:
            say({'error': 'Patroni\'s library failed: {0}: {1}'.format(type(error).__name__, error)})
            return UNAVAILABLE
        finally:
            signal.alarm(0)


def say(answer):
    sys.stdout.write(json.dumps(answer) + '\n')
    sys.stdout.flush()


def serve(session):
    """Until nobody asks any more; a client that has failed is not asked again."""
    for line in iter(sys.stdin.readline, ''):
        code = session.answer_all(line.split())
        say({'code': code})
        if code == UNAVAILABLE:
            break


def main(arguments):
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    signal.signal(signal.SIGALRM, no_answer)
    code = 0
    if len(arguments) < 2:
        say({'error': 'give the path of a Patroni configuration and a verb'})
        code = USAGE
    elif arguments[1:] == ['serve']:
        serve(Session(arguments[0]))
    else:
        code = Session(arguments[0]).answer_all(arguments[1:])
    # Patroni's clients have threads of their own, which would keep the process.
    os._exit(code)


if __name__ == '__main__':
    main(sys.argv[1:])
