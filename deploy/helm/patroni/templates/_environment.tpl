{{/*
The variables of the container, as a map from name to { value } or { valueFrom }. Names in .Values.env count before the chart's own, and
each name is there once: of two entries with one name in a list, patches lose one.
*/}}
{{- define "patroni.environment" -}}
{{- $all := dict -}}
{{- range $part := list "cluster" "passwords" "archive" "backups" -}}
{{- $all = mergeOverwrite $all (include (printf "patroni.environment.%s" $part) $ | fromYaml) -}}
{{- end -}}
{{- range $name, $value := .Values.env -}}
{{- $entry := dict -}}
{{- if kindIs "map" $value -}}
{{- $entry = $value -}}
{{- else -}}
{{- $entry = dict "value" (include "patroni.text" $value) -}}
{{- end -}}
{{- $_ := set $all (include "patroni.variableName" $name) $entry -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* Three names are not written in capitals: those of proxies. */}}
{{- define "patroni.variableName" -}}
{{- if regexMatch "^(CLONE_|STANDBY_)?(http_proxy|https_proxy|no_proxy)$" . -}}{{ . }}{{- else -}}{{ upper . }}{{- end -}}
{{- end -}}

{{/* Numbers come from YAML as floating point, and 1000000 would be written 1e+06. */}}
{{- define "patroni.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- define "patroni.environment.cluster" -}}
SCOPE: { value: {{ include "patroni.fullname" . | quote }} }
PGROOT: { value: {{ printf "%s/pgroot" .Values.persistentVolume.mountPath | quote }} }
POD_NAMESPACE: { valueFrom: { fieldRef: { apiVersion: v1, fieldPath: metadata.namespace } } }
POD_IP: { valueFrom: { fieldRef: { apiVersion: v1, fieldPath: status.podIP } } }
DCS_ENABLE_KUBERNETES_API: { value: "true" }
KUBERNETES_SCOPE_LABEL: { value: app }
KUBERNETES_LABELS: { value: {{ dict "app" (include "patroni.fullname" .) "release" .Release.Name | toJson | quote }} }
{{- if .Values.kubernetes.configmaps.enable }}
KUBERNETES_USE_CONFIGMAPS: { value: "true" }
{{- end }}
{{- if ne (int .Values.probes.port) 8009 }}
HEALTHPORT: { value: {{ .Values.probes.port | int | quote }} }
{{- end }}
{{- end -}}

{{- define "patroni.environment.passwords" -}}
{{- $secret := include "patroni.secretName" . -}}
{{- range $role := list "superuser" "admin" "standby" }}
PGPASSWORD_{{ upper $role }}: { valueFrom: { secretKeyRef: { name: {{ $secret }}, key: password-{{ $role }} } } }
{{- end }}
{{- end -}}

{{/*
Where the archive is. A release that is there goes on where it writes to, whatever the values have become: another location is asked for by
walE.prefix only. WAL_S3_BUCKET stays a bucket; the address that is made of it has the namespace and the scope in it already. A recovery
moves an archive by an address, or by the suffix of one that is made.
*/}}
{{- define "patroni.environment.archive" -}}
{{- if .Values.walE.enable -}}
{{- $prefix := .Values.walE.prefix -}}
{{- $live := include "patroni.liveArchive" . | fromYaml -}}
{{- $address := include "patroni.addressIn" $live -}}
{{- if $prefix }}
{{ include "patroni.prefixVariable" $prefix }}: { value: {{ $prefix | quote }} }
{{- else if .Values.walE.s3Bucket }}
WAL_S3_BUCKET: { value: {{ .Values.walE.s3Bucket | quote }} }
{{- if hasPrefix "s3://" $address }}
WALE_S3_PREFIX: { value: {{ $address | quote }} }
{{- end }}
{{- with get $live "WAL_BUCKET_SCOPE_SUFFIX" }}
WAL_BUCKET_SCOPE_SUFFIX: { value: {{ . | quote }} }
{{- end }}
{{- else if .Values.walE.gcsBucket }}
WAL_GS_BUCKET: { value: {{ .Values.walE.gcsBucket | quote }} }
{{- $scoped := printf "gs://%s/%s/%s-%s" .Values.walE.gcsBucket (trimAll "/" .Values.walE.gcsBucketBackupLocation) .Release.Namespace (include "patroni.fullname" .) }}
WALE_GS_PREFIX: { value: {{ ternary $address $scoped (hasPrefix "gs://" $address) | quote }} }
{{- end }}
{{- with .Values.walE.s3Endpoint }}
AWS_ENDPOINT: { value: {{ . | quote }} }
{{- end }}
{{- with .Values.walE.s3Region }}
AWS_REGION: { value: {{ . | quote }} }
{{- end }}
{{- with .Values.walE.kubernetesSecret }}
{{- $names := list }}
{{- if or (hasPrefix "s3://" $prefix) (and (not $prefix) $.Values.walE.s3Bucket) }}
{{- $names = list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
{{- else if hasPrefix "azure://" $prefix }}
{{- $names = list "AZURE_STORAGE_ACCOUNT" "AZURE_STORAGE_ACCESS_KEY" "AZURE_STORAGE_SAS_TOKEN" }}
{{- else }}
GOOGLE_APPLICATION_CREDENTIALS: { value: /etc/credentials/credentials.json }
{{- end }}
{{- range $name := $names }}
{{ $name }}: { valueFrom: { secretKeyRef: { name: {{ $.Values.walE.kubernetesSecret }}, key: {{ $name }}, optional: true } } }
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/*
Where the archive is, as a map: its address, or its bucket and the folder there which the container's address begins with, or nothing where a
Secret has a part of it. The folder is as the container makes it: src/container/namespace.ts, src/container/archive-store.ts.
*/}}
{{- define "patroni.archivePlace" -}}
{{- $texts := dict -}}
{{- $hidden := dict -}}
{{- range $name, $entry := include "patroni.environment" . | fromYaml -}}
{{- if not (hasKey $entry "valueFrom") -}}
{{- $_ := set $texts $name (get $entry "value" | toString) -}}
{{- else if eq (dig "valueFrom" "fieldRef" "fieldPath" "" $entry) "metadata.namespace" -}}
{{- $_ := set $texts $name $.Release.Namespace -}}
{{- else -}}
{{- $_ := set $hidden $name "" -}}
{{- end -}}
{{- end -}}
{{- $place := dict -}}
{{- if not (include "patroni.archiveVariables" $hidden | fromYaml) -}}
{{- $address := include "patroni.addressIn" $texts -}}
{{- $isFolderHidden := false -}}
{{- range $name := list "SCOPE" "NAMESPACE" "POD_NAMESPACE" "DCS_ENABLE_KUBERNETES_API" "WAL_BUCKET_SCOPE_PREFIX" -}}
{{- $isFolderHidden = or $isFolderHidden (hasKey $hidden $name) -}}
{{- end -}}
{{- if $address -}}
{{- $place = dict "address" $address -}}
{{- else if not $isFolderHidden -}}
{{- $scope := default "dummy" (get $texts "SCOPE") -}}
{{- $folder := printf "spilo/%s%s%s" (include "patroni.scopePrefix" $texts) $scope (get $texts "WAL_BUCKET_SCOPE_SUFFIX") -}}
{{- $place = dict "bucket" (include "patroni.bucketIn" $texts) "folder" $folder "suffix" (get $texts "WAL_BUCKET_SCOPE_SUFFIX") -}}
{{- end -}}
{{- end -}}
{{- toYaml $place -}}
{{- end -}}

{{/* What stands before the scope, of variables as a map from name to text: an empty one is another thing than none. */}}
{{- define "patroni.scopePrefix" -}}
{{- $namespace := "" -}}
{{- if hasKey . "NAMESPACE" -}}
{{- $namespace = .NAMESPACE -}}
{{- else if get . "DCS_ENABLE_KUBERNETES_API" -}}
{{- $namespace = ternary (get . "POD_NAMESPACE") "default" (hasKey . "POD_NAMESPACE") -}}
{{- end -}}
{{- if hasKey . "WAL_BUCKET_SCOPE_PREFIX" -}}
{{- .WAL_BUCKET_SCOPE_PREFIX -}}
{{- else if not (has $namespace (list "" "default")) -}}
{{- printf "%s-" $namespace -}}
{{- end -}}
{{- end -}}

{{/* The address of the archive, as "walkback bucket provision" takes it: that in a bucket is the folder of every major. */}}
{{- define "patroni.archiveAddress" -}}
{{- $place := include "patroni.archivePlace" . | fromYaml -}}
{{- if $place.address -}}
{{- $place.address -}}
{{- else if $place.bucket -}}
{{- printf "%s/%s" $place.bucket $place.folder -}}
{{- end -}}
{{- end -}}

{{/* The address that variables give whole, as a map from name to text; nothing if it is to be made of a bucket. WAL-G's own counts first. */}}
{{- define "patroni.addressIn" -}}
{{- $address := "" -}}
{{- range $store := list "S3" "GS" "AZ" "SSH" "FILE" -}}
{{- range $program := list "WALG" "WALE" -}}
{{- $address = default (get $ (printf "%s_%s_PREFIX" $program $store)) $address -}}
{{- end -}}
{{- end -}}
{{- $address -}}
{{- end -}}

{{/* The bucket that variables name, with its store: s3://bucket. */}}
{{- define "patroni.bucketIn" -}}
{{- $address := include "patroni.addressIn" . -}}
{{- if $address -}}
{{- regexFind "^[a-z0-9]+://[^/]*" $address -}}
{{- else if .WAL_S3_BUCKET -}}
{{- printf "s3://%s" .WAL_S3_BUCKET -}}
{{- else if or .WAL_GS_BUCKET .WAL_GCS_BUCKET -}}
{{- printf "gs://%s" (or .WAL_GS_BUCKET .WAL_GCS_BUCKET) -}}
{{- end -}}
{{- end -}}

{{/* Of variables, as a map from name to text, those that say where the archive is. */}}
{{- define "patroni.archiveVariables" -}}
{{- $found := dict -}}
{{- range $name, $value := . -}}
{{- if regexMatch "^(WAL[EG]_(S3|GS|AZ|SSH|FILE)_PREFIX|WAL_(S3|GS|GCS)_BUCKET|WAL_BUCKET_SCOPE_SUFFIX)$" $name -}}
{{- $_ := set $found $name $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{/*
Where the release that is there archives to, as a map of variables; where archiving is off, where it did before. What is left of one that was
removed are its claims, and in the Secret that stays with them where it archived to: without the claims there is nothing to go on with.
*/}}
{{- define "patroni.liveArchive" -}}
{{- $found := include "patroni.archiveVariables" (include "patroni.liveEnvironment" . | fromYaml) | fromYaml -}}
{{- if not (include "patroni.bucketIn" $found) -}}
{{- $found = include "patroni.recordedArchive" . | default "{}" | fromJson -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{/*
What is written down of the archive, as JSON: {} of data that never had one, nothing where nobody knows. The StatefulSet's note is there also
where the Secret is not the chart's.
*/}}
{{- define "patroni.recordedArchive" -}}
{{- $live := lookup "apps/v1" "StatefulSet" .Release.Namespace (include "patroni.fullname" .) | default dict -}}
{{- $note := dig "metadata" "annotations" "walkback/archive" "" $live -}}
{{- if and (has $note (list "" "{}")) (include "patroni.hasClaim" .) -}}
{{- $note = include "patroni.keptArchive" . | default $note -}}
{{- end -}}
{{- $note -}}
{{- end -}}

{{- define "patroni.hasClaim" -}}
{{- if lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "patroni.firstClaim" .) -}}true{{- end -}}
{{- end -}}

{{- define "patroni.firstClaim" -}}
{{- printf "%s-%s-0" .Values.persistentVolume.claimTemplate (include "patroni.fullname" .) -}}
{{- end -}}

{{/* What the chart's own Secret says of the archive, as JSON; nothing if there is none, or another is used, beside which it would be out of date. */}}
{{- define "patroni.keptArchive" -}}
{{- if not .Values.credentials.existingSecret -}}
{{- dig "metadata" "annotations" "walkback/archive" "" (lookup "v1" "Secret" .Release.Namespace (include "patroni.fullname" .) | default dict) -}}
{{- end -}}
{{- end -}}

{{/*
What is to be written down. A release without an archive leaves what is there: archiving may be off for a while only. That there never was one
is said of a new release alone, and nothing of an archive that env takes from another object.
*/}}
{{- define "patroni.archiveToKeep" -}}
{{- $variables := dict -}}
{{- range $name, $entry := include "patroni.environment" . | fromYaml -}}
{{- if hasKey $entry "value" -}}{{- $_ := set $variables $name $entry.value -}}{{- end -}}
{{- end -}}
{{- $own := include "patroni.archiveVariables" $variables | fromYaml -}}
{{- $live := include "patroni.liveArchive" . | fromYaml -}}
{{- if include "patroni.bucketIn" $own -}}
{{- toJson $own -}}
{{- else if include "patroni.hasOwnArchive" . -}}
{{- else if include "patroni.bucketIn" $live -}}
{{- toJson $live -}}
{{- else if or (include "patroni.recordedArchive" .) (not (include "patroni.hasClaim" .)) -}}
{{- "{}" -}}
{{- end -}}
{{- end -}}

{{/* The port of walE.s3Endpoint; nothing without one. */}}
{{- define "patroni.s3Port" -}}
{{- with .Values.walE.s3Endpoint -}}
{{- $host := regexFind "^[^/]*" (regexReplaceAll "^[a-z]+://" . "") -}}
{{- $named := regexFind ":[0-9]+$" $host | trimPrefix ":" -}}
{{- default (ternary "80" "443" (hasPrefix "http://" .)) $named -}}
{{- end -}}
{{- end -}}

{{/* The variable that an address belongs to, by its scheme. */}}
{{- define "patroni.prefixVariable" -}}
{{- $names := dict "s3" "WALE_S3_PREFIX" "gs" "WALE_GS_PREFIX" "azure" "WALG_AZ_PREFIX" "ssh" "WALG_SSH_PREFIX" "file" "WALG_FILE_PREFIX" -}}
{{- $scheme := first (splitList "://" .) -}}
{{- if not (hasKey $names $scheme) -}}
{{- fail (printf "walE.prefix: %q is no address of an archive. Write it as s3://bucket/folder, gs://…, azure://…, ssh://… or file://…" .) -}}
{{- end -}}
{{- get $names $scheme -}}
{{- end -}}

{{/*
The variables of the StatefulSet that is there, as a map; an empty one for a new release, and where nobody can look ("helm template"). While
the StatefulSet is made anew around its pods, the first of these has them.
*/}}
{{- define "patroni.liveEnvironment" -}}
{{- $found := dict -}}
{{- $fullname := include "patroni.fullname" . -}}
{{- $live := lookup "apps/v1" "StatefulSet" .Release.Namespace $fullname -}}
{{- $pod := dig "spec" "template" dict ($live | default dict) -}}
{{- if not $live -}}
{{- $pod = lookup "v1" "Pod" .Release.Namespace (printf "%s-0" $fullname) | default dict -}}
{{- end -}}
{{- range $container := dig "spec" "containers" list $pod -}}
{{- if eq $container.name "patroni" -}}
{{- range $container.env -}}
{{- if hasKey . "value" -}}{{- $_ := set $found .name .value -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{- define "patroni.environment.backups" -}}
{{- if .Values.walE.enable }}
USE_WALG: { value: "true" }
BACKUP_SCHEDULE: { value: {{ .Values.walE.scheduleCronJob | quote }} }
BACKUP_NUM_TO_RETAIN: { value: {{ .Values.walE.retainBackups | int | quote }} }
WALE_BACKUP_THRESHOLD_MEGABYTES: { value: {{ .Values.walE.backupThresholdMegabytes | int | quote }} }
WALE_BACKUP_THRESHOLD_PERCENTAGE: { value: {{ .Values.walE.backupThresholdPercentage | int | quote }} }
{{- else }}
USE_WALE: { value: "" }
{{- end }}
{{- end -}}
