{{/* The chart's name. */}}
{{- define "patroni.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Patroni's scope, and the name of the StatefulSet, the Service, the Secret and the label "app". */}}
{{- define "patroni.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "patroni.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "patroni.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "patroni.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The labels that select the members. They are in the StatefulSet's selector, which cannot be changed. */}}
{{- define "patroni.selectorLabels" -}}
app: {{ template "patroni.fullname" . }}
release: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels of a pod that is no member: the Job for the bucket, "helm test". */}}
{{- define "patroni.partLabels" -}}
release: {{ .context.Release.Name | quote }}
walkback/part: {{ .part }}
{{- end -}}

{{- define "patroni.labels" -}}
{{ include "patroni.selectorLabels" . }}
chart: {{ template "patroni.chart" . }}
heritage: {{ .Release.Service | quote }}
{{- end -}}

{{/* The earlier chart's affinity asks for pods by the chart's name, which no pod has as its label: copied into values it means the whole name. */}}
{{- define "patroni.affinityTemplate" -}}
{{- regexReplaceAll "(template|include) +\"patroni[.]name\"" .Values.affinityTemplate "${1} \"patroni.fullname\"" -}}
{{- end -}}

{{- define "patroni.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag | toString) -}}
{{- end -}}
{{- end -}}

{{- define "patroni.secretName" -}}
{{- default (include "patroni.fullname" .) .Values.credentials.existingSecret -}}
{{- end -}}

{{/* "true" on OpenShift, which gives pods their user and group, and refuses others. */}}
{{- define "patroni.isOpenShift" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" -}}true{{- end -}}
{{- end -}}

{{/* What the chart says of the pod's user, and what the values lay over it. 101 is the image's user. */}}
{{- define "patroni.podSecurityContext" -}}
{{- $own := dict -}}
{{- if not (include "patroni.isOpenShift" .) -}}
{{- $own = dict "runAsNonRoot" true "fsGroup" 101 "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- end -}}
{{- with mergeOverwrite $own (deepCopy .Values.podSecurityContext) -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* What would not work is refused with the reason, before anything is changed. */}}
{{- define "patroni.check" -}}
{{- range $store := list "etcd" "zookeeper" "consul" -}}
{{- if (index $.Values $store).enable -}}
{{- fail (printf "%s.enable: a pod's keys have to be in Kubernetes, for nobody else keeps the label of its role, by which the Services find the leader. Set kubernetes.dcs.enable=true and %s.enable=false." $store $store) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.kubernetes.dcs.enable -}}
{{- fail "kubernetes.dcs.enable: a pod's keys have to be in Kubernetes. Set it to true; on OpenShift kubernetes.configmaps.enable too." -}}
{{- end -}}
{{- if and .Values.walE.enable .Values.walE.s3Bucket .Values.walE.gcsBucket -}}
{{- fail "walE.s3Bucket and walE.gcsBucket are both set: a cluster has one archive. Take one of them out." -}}
{{- end -}}
{{- if and .Values.bucket.provision.enabled (not (and .Values.walE.enable .Values.walE.kubernetesSecret .Values.bucket.provision.adminSecret)) -}}
{{- fail "bucket.provision.enabled: the Job needs walE.enable, walE.kubernetesSecret (which it makes) and bucket.provision.adminSecret (which it uses)." -}}
{{- end -}}
{{- if and .Values.walE.enable (not (or .Values.walE.s3Bucket .Values.walE.gcsBucket .Values.walE.prefix)) (not (include "patroni.hasOwnArchive" .)) -}}
{{- fail "walE.enable is true, and nothing says where backups go. Set walE.s3Bucket, walE.gcsBucket or walE.prefix." -}}
{{- end -}}
{{- include "patroni.checkMove" . -}}
{{- end -}}

{{/*
Of a bucket that is changed in the values alone, the address would stay, and endpoint, region and credentials would be the new one's. Claims
whose archive nobody has written down, such as those of an earlier chart's release, may have an address without a scope in Google's bucket,
which a new one has not; in S3 both have, but a recovery may have put a suffix behind it.
*/}}
{{- define "patroni.checkMove" -}}
{{- if and .Values.walE.enable (not .Values.walE.prefix) (not (include "patroni.hasOwnArchive" .)) -}}
{{- $live := include "patroni.liveArchive" . | fromYaml -}}
{{- $is := include "patroni.bucketIn" $live -}}
{{- $wanted := ternary (printf "s3://%v" .Values.walE.s3Bucket) (printf "gs://%v" .Values.walE.gcsBucket) (not (empty .Values.walE.s3Bucket)) -}}
{{- if and $is (ne $is $wanted) -}}
{{- $address := default $is (include "patroni.addressIn" $live) -}}
{{- fail (printf "walE: this release archives to %s, and the values name the bucket %s. Set walE.prefix to move the archive, to the whole address of the new one; or name the bucket of the old one." $address $wanted) -}}
{{- end -}}
{{- if and (not $is) (include "patroni.hasClaim" .) (not (include "patroni.recordedArchive" .)) -}}
{{- $unknown := printf "walE: the claim %s is there, and nothing says where its data was archived to." (include "patroni.firstClaim" .) -}}
{{- if .Values.walE.gcsBucket -}}
{{- $location := printf "gs://%s/%s" .Values.walE.gcsBucket (trimAll "/" .Values.walE.gcsBucketBackupLocation) -}}
{{- fail (printf "%s Set walE.prefix to that address: an earlier chart's is %s. If it never was, take one of its own: %s/%s-%s." $unknown $location $location .Release.Namespace (include "patroni.fullname" .)) -}}
{{- else if not (include "patroni.hasOwnSuffix" .) -}}
{{- $folder := default "the scope" (include "patroni.archivePlace" . | fromYaml).folder -}}
{{- fail (printf "%s In the bucket look for the folder that begins with %s and was written to last, and set env.WAL_BUCKET_SCOPE_SUFFIX to what is behind that in its name: to an empty text if nothing is, or if there is no such folder. Or set walE.prefix to the whole address." $unknown $folder) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* "true" if env says what is behind the scope in a folder, be it nothing. */}}
{{- define "patroni.hasOwnSuffix" -}}
{{- range $name, $_ := .Values.env -}}
{{- if eq (upper $name) "WAL_BUCKET_SCOPE_SUFFIX" -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* "true" if env names an archive itself. */}}
{{- define "patroni.hasOwnArchive" -}}
{{- range $name, $_ := .Values.env -}}
{{- if regexMatch "^(WAL[EG]_(S3|GS|AZ|SSH|FILE)_PREFIX|WAL_(S3|GS|GCS)_BUCKET)$" (upper $name) -}}true{{- end -}}
{{- end -}}
{{- end -}}
