/**
 * Objects of the Kubernetes API as they travel: JSON, in which times are text.
 *
 * The shapes are those of the package; it makes dates of times, which we do not: they are compared and written back as they came.
 *
 * @module
 */

import type {
  CoreV1Event,
  V1ConfigMap,
  V1Endpoints,
  V1Job,
  V1Lease,
  V1NetworkPolicy,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Secret,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';

/** A type of the package, with times as the text that they are in JSON. */
export type Json<T> = T extends Date
  ? string
  : T extends (infer Element)[]
    ? Json<Element>[]
    : T extends object
      ? { [Key in keyof T]: Json<T[Key]> }
      : T;

/** What every object says of itself. */
export interface ObjectMetadata {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** RFC 3339. */
  creationTimestamp?: string;
  /** RFC 3339; there while the object is being removed. */
  deletionTimestamp?: string;
  finalizers?: string[];
}

/** Any object. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMetadata;
}

export type ConfigMap = Json<V1ConfigMap>;
/** @public */
export type Endpoints = Json<V1Endpoints>;
/** @public */
export type Event = Json<CoreV1Event>;
/** @public */
export type Job = Json<V1Job>;
/** @public */
export type Lease = Json<V1Lease>;
/** @public */
export type NetworkPolicy = Json<V1NetworkPolicy>;
/** @public */
export type PersistentVolume = Json<V1PersistentVolume>;
/** @public */
export type PersistentVolumeClaim = Json<V1PersistentVolumeClaim>;
export type Pod = Json<V1Pod>;
/** @public */
export type Secret = Json<V1Secret>;
/** @public */
export type Service = Json<V1Service>;
/** @public */
export type StatefulSet = Json<V1StatefulSet>;
