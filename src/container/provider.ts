/**
 * Where the container runs, as far as it changes something: in a pod, or on a host of its own.
 *
 * Source: Spilo `configure_spilo.py` (`get_provider`, `get_instance_metadata`).
 *
 * @module
 */

import { usesKubernetes } from './namespace.ts';
import type { Reading } from './reading.ts';

const PROVIDERS = ['aws', 'google', 'openstack', 'local'];

/** Refuses what would be done differently there. */
export function checkProvider(reading: Reading): void {
  const provider = reading.choice('SPILO_PROVIDER', PROVIDERS);
  const isPod = reading.environment['KUBERNETES_SERVICE_HOST'] !== undefined;
  if (!isPod && provider !== undefined && provider !== 'local')
    reading.refuse({
      of: 'SPILO_PROVIDER',
      found: `it is ${provider}, and the metadata server of the machine is asked for neither name nor address`,
      remedy: 'Set it to local; RESTAPI_CONNECT_ADDRESS and PG_CONNECT_ADDRESS say how others reach this member.',
    });
  const isAsked = reading.isOn('DCS_ENABLE_KUBERNETES_API');
  if (isAsked && !isPod)
    reading.refuse({
      of: 'DCS_ENABLE_KUBERNETES_API',
      found: 'KUBERNETES_SERVICE_HOST is not set: this is no pod, and Spilo would pass over it',
      remedy: 'Run it in Kubernetes, or take it out and say where etcd, Consul or ZooKeeper is.',
    });
  if (isPod && !usesKubernetes(reading))
    reading.refuse({
      of: 'DCS_ENABLE_KUBERNETES_API',
      found:
        'it is not set, and this is a pod: nobody would keep the label of its role, by which Services find the leader',
      remedy:
        'Set DCS_ENABLE_KUBERNETES_API=true; with KUBERNETES_USE_CONFIGMAPS=true where Endpoints may not be changed.',
    });
}
