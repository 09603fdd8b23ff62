{{/* Whom members, and the pods beside them, may reach. */}}
{{- define "patroni.egress" -}}
{{- $to := .Values.networkPolicy.egress.to -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "patroni.selectorLabels" . | nindent 10 }}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
    # Of OpenShift's own pods: a policy looks at a packet when the Service's port has become theirs.
    - { port: 5353, protocol: UDP }
    - { port: 5353, protocol: TCP }
# The API server, by which members find each other, and the archive.
{{- if $to }}
- to:
    {{- toYaml $to | nindent 4 }}
{{- else }}
- ports:
    - { port: 443, protocol: TCP }
    - { port: 6443, protocol: TCP }
    {{- with include "patroni.s3Port" . }}
    {{- if not (has . (list "443" "6443")) }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* Lets a pod that is no member out, where the namespace would not, and nobody in to it. A policy adds to those that are there. */}}
{{- define "patroni.partPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  labels:
    {{- include "patroni.labels" .context | nindent 4 }}
  {{- with .annotations }}
  annotations: {{ toJson . }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      {{- include "patroni.partLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- if .context.Values.networkPolicy.egress.enabled }}
    {{- include "patroni.egress" .context | nindent 4 }}
    {{- else }}
    - {}
    {{- end }}
{{- end -}}
